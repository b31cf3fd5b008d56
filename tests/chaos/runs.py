"""Runs on a cluster that is disturbed."""

from typing import Any

from tests.acceptance.processes import until
from tests.chaos.audit import acknowledged
from tests.chaos.cluster import Cluster
from worker.compilation import compile_kernels

WORKERS = 3
PROGRESS_SECONDS = 60.0
ENDLESS = 100_000
"""Generations."""
RUN: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "architecture": "mlp",
    "population": 60,
    "parents": 8,
    "mutation_power": 0.05,
    "candidates": 4,
    "validation_episodes": 20,
    "test_episodes": 5,
    "seed": 20170618,
}


def begin(cluster: Cluster, generations: int = ENDLESS) -> str:
    """A run, once it has results."""
    compile_kernels(print)  # once, and not while somebody waits for a result
    run: str = cluster.ask("POST", "runs", {"configuration": RUN | {"budget": {"generations": generations}}})["id"]
    while len(cluster.workers) < WORKERS:
        cluster.start_worker()
    await_progress(cluster, run)
    return run


def await_progress(cluster: Cluster, run: str) -> None:
    """Waits until workers have seen more results acknowledged."""
    before = len(acknowledged(cluster, run))
    until(lambda: len(acknowledged(cluster, run)) > before, PROGRESS_SECONDS)


def finish(cluster: Cluster, run: str) -> None:
    """Waits for the run's end."""
    until(lambda: cluster.ask("GET", f"runs/{run}")["state"] == "finished", PROGRESS_SECONDS * 5)
