"""Run files that are nearly right: each is imported whole, or refused and leaves nothing behind."""

import asyncio
import gzip
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.service.errors import MalformedRun
from server.service.master import Master
from tests.clock import FakeClock
from tests.mutants import mutants
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, FakeWorker, at_work, reached, settled
from tests.service.test_transfers import exported, parts


async def played(master: Master) -> list[bytes]:
    """The lines of a finished run's file."""
    configuration = SMALL | {"population": 4, "parents": 2, "candidates": 2, "budget": {"generations": 2}}
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, "mover", configuration)
        await reached(master, run.id, "finished")
    content = await exported(master, run.id)
    await master.delete_run(run.id)
    await settled(master)
    return gzip.decompress(content).splitlines()


async def bring(master: Master, content: bytes) -> None:
    """Imports a file, looks at all of what came of it, and removes it."""
    try:
        run = await master.import_run(parts(content))
    except MalformedRun:
        assert not (await master.list_runs(None, None, 10)).items
        return
    await master.list_generations(run.id, None, 100)
    await master.list_individuals(run.id, 0, None, 100)
    await master.best_policies(run.id, 10)
    await exported(master, run.id)
    await master.delete_run(run.id)
    await settled(master)


def test_a_run_is_imported_whole_or_not_at_all(database_url: str) -> None:
    masters = Masters(database_url, FakeClock())
    with asyncio.Runner() as runner:
        master = runner.run(masters.start())
        lines = runner.run(played(master))
        documents: list[Any] = [json.loads(line) for line in lines]

        @settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=[*HealthCheck])
        @given(st.data())
        def try_one(data: st.DataObject) -> None:
            number = data.draw(st.integers(0, len(lines) - 1))
            changed = data.draw(mutants(documents[number]))
            order = data.draw(st.sampled_from([0, 0, 0, 1, -1]))
            told = [*lines[:number], changed, *lines[number + max(1 - order, 0) :]]
            content = gzip.compress(b"\n".join(told) + b"\n", 1)
            cut = data.draw(st.sampled_from([len(content)] * 5 + [0, 5, len(content) // 2, len(content) - 1]))
            runner.run(bring(master, content[:cut]))

        try:
            runner.run(bring(master, gzip.compress(b"\n".join(lines) + b"\n")))
            try_one()
        finally:
            runner.run(masters.stop())
