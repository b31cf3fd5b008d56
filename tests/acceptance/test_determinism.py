"""A run's outcome follows from its configuration and seed alone, whatever happens to the processes."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import psycopg
import pytest

from cli.client import Server
from cli.connection import read_connection
from cli.postgres import EmbeddedPostgres
from tests.acceptance.conftest import Up
from tests.acceptance.processes import command_line, descendants_of, pause, until

StartUp = Callable[..., Up]

CARTPOLE: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "architecture": "mlp",
    "population": 40,
    "parents": 5,
    "mutation_power": 0.1,
    "candidates": 4,
    "validation_episodes": 30,
    "test_episodes": 5,
    "budget": {"generations": 4},
    "seed": 20170618,
}
FROSTBITE: dict[str, Any] = {
    "environment": {"id": "ALE/Frostbite-v5", "options": {"sticky_actions": 0.25, "max_steps": 150}},
    "architecture": "nature-dqn",
    "population": 6,
    "parents": 3,
    "mutation_power": 0.01,
    "candidates": 2,
    "validation_episodes": 4,
    "budget": {"generations": 3},
    "seed": 4294967295,
}
FINISHING_SECONDS = 100.0
LATER = 2**31
PHASES = ("evaluation", "validation", "test")
SHORT_LEASES = {"NEUROEVO_LEASE_SECONDS": "3", "NEUROEVO_BATCH_SECONDS": "0.5"}
"""So that a killed worker's share is soon another's."""


class Moment(NamedTuple):
    """Where an open run stands."""

    generation: int
    phase: str
    done: int


@pytest.fixture
def served(start_up: StartUp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], tuple[Up, Server]]]:
    """Starts the platform with so many workers, once more on the same folder each time."""
    opened: list[tuple[Up, Server]] = []

    def start(workers: int) -> tuple[Up, Server]:
        up = start_up("--workers", str(workers), "--preset", "paper", variables=SHORT_LEASES)
        up.await_line("is paused" if opened else "has been created")
        connection = read_connection(up.data)
        assert connection
        opened.append((up, Server(connection).__enter__()))
        if len(opened) == 1:
            (idle,) = opened[0][1].get("runs")["items"]
            opened[0][1].post(f"runs/{idle['id']}/pause")
        return opened[-1]

    yield start
    for _, server in opened:
        server.__exit__(None, None, None)


def _moment(server: Server, run: str) -> Moment | None:
    """None once the run has finished."""
    detail = server.get(f"runs/{run}")
    if detail["state"] == "finished":
        return None
    progress = detail["progress"] or {"generation": detail["generation"], "phase": "evaluation", "done": 0}
    return Moment(progress["generation"], progress["phase"], progress["done"])


def _moments(server: Server, run: str) -> Iterator[Moment]:
    """Where the run stands, again and again until it has finished."""
    while moment := _moment(server, run):
        yield moment
        pause()


def _await_finish(server: Server, run: str) -> None:
    until(lambda: _moment(server, run) is None, FINISHING_SECONDS)


def _outcome(server: Server, run: str) -> list[Any]:
    """All that the run found: each generation with its elite, each individual with its origin and scores.

    What depends on the machines and not on the run stays out: when and how fast, and whether another worker was there
    to confirm a result.
    """
    generations = list(server.every(f"runs/{run}/generations", order="asc"))
    for generation in generations:
        assert generation.pop("closed_at")
        assert generation.pop("seconds") > 0
        assert generation.pop("confirmed") + generation.pop("unconfirmed") > 0
        number = generation["number"]
        generation["individuals"] = list(server.every(f"runs/{run}/generations/{number}/individuals"))
    return generations


def _ledger(up: Up, run: str) -> list[Any]:
    """How many results each generation has of each phase, and of how many different episodes."""
    with psycopg.connect(EmbeddedPostgres(up.data).url) as connection:
        return connection.execute(
            """SELECT generation, phase, count(*), count(DISTINCT (index, episode)), bool_or(late)
            FROM results WHERE run_id = %s GROUP BY generation, phase ORDER BY generation, phase""",
            [run],
        ).fetchall()


def _expected(configuration: dict[str, Any]) -> list[Any]:
    """The ledger of a run that went to its end."""
    phases = [
        (0, configuration["population"]),
        (1, configuration["candidates"] * configuration["validation_episodes"]),
        (2, configuration.get("test_episodes", 0)),
    ]
    generations = range(configuration["budget"]["generations"])
    return [(number, phase, n, n, False) for number in generations for phase, n in phases if n]


def _workers(up: Up) -> list[int]:
    return [pid for pid in descendants_of(up.process.pid) if "worker start" in command_line(pid)]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("configuration", [CARTPOLE, FROSTBITE], ids=["CartPole", "Frostbite"])
def test_one_worker_and_three_that_are_killed_find_the_same(
    served: Callable[[int], tuple[Up, Server]], configuration: dict[str, Any]
) -> None:
    up, server = served(1)
    undisturbed = server.post("runs", {"configuration": configuration})["id"]
    _await_finish(server, undisturbed)
    expected = _outcome(server, undisturbed)
    assert _ledger(up, undisturbed) == _expected(configuration)
    assert up.stop() == 0

    chance = random.Random(configuration["seed"])
    up, server = served(3)
    disturbed = server.post("runs", {"configuration": configuration})["id"]
    planned = {phase: chance.randrange(2) for phase in ("evaluation", "validation")}
    for moment in _moments(server, disturbed):
        if moment.done > 0 and moment.generation >= planned.get(moment.phase, LATER) and (workers := _workers(up)):
            del planned[moment.phase]
            for victim in chance.sample(workers, chance.randint(1, len(workers))):
                os.kill(victim, signal.SIGKILL)
    assert planned == {}, "no worker was killed in this phase"
    assert _outcome(server, disturbed) == expected
    assert _ledger(up, disturbed) == _expected(configuration)
    assert up.stop() == 0


@pytest.mark.timeout(240)
def test_a_server_killed_in_mid_generation_loses_and_doubles_nothing(
    served: Callable[[int], tuple[Up, Server]],
) -> None:
    up, server = served(1)
    undisturbed = server.post("runs", {"configuration": CARTPOLE})["id"]
    _await_finish(server, undisturbed)
    disturbed = server.post("runs", {"configuration": CARTPOLE})["id"]
    for generation, phase in ((0, "evaluation"), (1, "validation")):

        def in_the_middle(generation: int = generation, phase: str = phase) -> bool:
            moment = _moment(server, disturbed)
            reached = moment and (moment.generation, PHASES.index(moment.phase)) >= (generation, PHASES.index(phase))
            return moment is None or (bool(reached) and moment.done > 0)

        until(in_the_middle, FINISHING_SECONDS)
        assert _moment(server, disturbed)
        os.kill(up.child("server start"), signal.SIGKILL)
        until(lambda: not server.is_ready(), 10)
        until(server.is_ready, 60)
    _await_finish(server, disturbed)
    assert _outcome(server, disturbed) == _outcome(server, undisturbed)
    assert _ledger(up, disturbed) == _expected(CARTPOLE)
    assert up.stop() == 0
