"""Whole runs, played by workers for whom a hash stands for the game."""

import pytest

from server.service.master import Master
from tests.service.fleet import CARTPOLE, FakeWorker, at_work, reached

pytestmark = pytest.mark.anyio

SMALL = {
    "environment": {"id": CARTPOLE},
    "architecture": "mlp",
    "population": 12,
    "parents": 3,
    "mutation_power": 0.1,
    "candidates": 3,
    "validation_episodes": 4,
    "test_episodes": 2,
    "budget": {"generations": 4},
    "seed": 7,
}


async def test_a_run_finishes(master: Master) -> None:
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL)
        finished = await reached(master, run.id, "finished")
    assert finished.generation == 4
