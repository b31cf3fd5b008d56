"""A worker that lies, or whose machine computes other bits, is set aside; the run finds what it would have found."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.processes import until
from tests.chaos.audit import audit
from tests.chaos.cluster import Cluster
from tests.chaos.runs import PROGRESS_SECONDS, finish

GENERATIONS = 3
# Its actions are numbers, in which one bit of a weight shows.
RUN: dict[str, Any] = {
    "environment": {"id": "Pendulum-v1"},
    "architecture": "mlp",
    "hidden": [8],
    "population": 120,
    "parents": 4,
    "mutation_power": 0.05,
    "candidates": 3,
    "validation_episodes": 6,
    "test_episodes": 3,
    "budget": {"generations": GENERATIONS},
    "seed": 20170618,
}


def present(cluster: Cluster, workers: int) -> bool:
    """so many workers are connected"""
    return sum(worker["state"] in {"idle", "working"} for worker in cluster.ask("GET", "workers")["items"]) == workers


def chosen(cluster: Cluster, run: str) -> list[Any]:
    """Whom each generation chose, by which scores. A bit that changes no decision, or too little to be selected, may
    pass: a generation that closed before its worker was found out keeps such results."""
    return cluster.query(
        "SELECT number, frames, best, parents, elite_index, elite_seeds, validation FROM generations "
        "WHERE run_id = %s ORDER BY number",
        run,
    )


def words_of(cluster: Cluster, run: str, worker: str) -> set[bool]:
    """Whether what the worker told of the run is retracted, as an episode's first player or as its second one."""
    told = (f"SELECT retracted FROM {table} WHERE run_id = %s AND worker = %s" for table in ("results", "rechecks"))
    return {retracted for query in told for (retracted,) in cluster.query(query, run, worker)}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fault", ["inflated_scores", "flipped_bit"])
def test_the_run_finds_what_it_would_have_found_without_the_wrong_worker(tmp_path: Path, fault: str) -> None:
    with Cluster(tmp_path, random.Random(1)) as cluster:
        for _ in range(2):
            cluster.start_worker()
        until(lambda: present(cluster, 2), PROGRESS_SECONDS)
        undisturbed = cluster.ask("POST", "runs", {"configuration": RUN})["id"]
        finish(cluster, undisturbed)
        cluster.start_worker("--name", "wrong", "--env-module", f"tests.chaos.{fault}")
        until(lambda: present(cluster, 3), PROGRESS_SECONDS)
        run = cluster.ask("POST", "runs", {"configuration": RUN})["id"]
        finish(cluster, run)
        assert chosen(cluster, run) == chosen(cluster, undisturbed)
        assert audit(cluster, run) == []
        [wrong] = [worker for worker in cluster.ask("GET", "workers")["items"] if worker["state"] == "set aside"]
        assert (wrong["name"], "found something else than two others" in wrong["reason"]) == ("wrong", True)
        assert True in words_of(cluster, run, wrong["id"])
        generations = cluster.ask("GET", f"runs/{run}/generations")["items"]
        assert all(generation["confirmed"] and not generation["unconfirmed"] for generation in generations)
