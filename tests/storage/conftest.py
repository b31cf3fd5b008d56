"""A storage on a fresh database, led by epoch 1, and what goes into its tables."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from evolution.messages import EpisodeResult, Phase
from server.storage import engines, leadership, runs
from server.storage.database import Storage
from server.storage.results import Delivery, Key

EPOCH = 1
BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
CONFIGURATION = {"algorithm": "generational", "environment": {"id": "CartPole-v1", "options": {}}}
RUN = "k3f9x2"
SUBMISSION, WORKER = UUID(int=1), UUID(int=2)

AddRun = Callable[..., Awaitable[str]]


@pytest.fixture
async def storage(database_url: str) -> AsyncIterator[Storage]:
    storage = Storage(database_url)
    async with storage.unfenced() as connection:
        await leadership.take(connection, "tests 1 1")
        await engines.number(connection, "engine")
    yield storage
    await storage.close()


@pytest.fixture
def add_run(storage: Storage) -> AddRun:
    """Adds a run; further columns may be given."""

    async def add(id: str = RUN, **values: Any) -> str:
        row = {"name": "brave-otter", "state": "running", "configuration": CONFIGURATION, "created_at": BEGINNING}
        async with storage.transaction(EPOCH) as connection:
            await runs.add(connection, {"id": id, "engine_id": 1, **row, **values})
        return id

    return add


def delivery(*keys: Key, run: str = RUN, score: float = 1.0, submission: UUID = SUBMISSION) -> Delivery:
    """Results as they go into the ledger."""
    played: dict[str, Any] = {"score": score, "steps": 10, "frames": 40, "digest": "0" * 64, "seconds": 0.5}
    results = [
        EpisodeResult(generation=generation, index=index, phase=Phase(phase), episode=episode, **played)
        for generation, index, phase, episode in keys
    ]
    return Delivery(run, 1, submission, WORKER, results)


async def blocked(task: "asyncio.Future[Any]", storage: Storage) -> bool:
    """Whether the task's statement waits for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while not task.done():
        async with storage.reading() as connection:
            if (await connection.execute(query)).scalar_one():
                return True
    return False
