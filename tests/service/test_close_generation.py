"""A generation closes once, whatever is lost on the way."""

import asyncio
from typing import Any

import pytest

from evolution.messages import Batch
from server.service import close_generation
from server.service.check_generation import UNASKED
from server.service.errors import DatabaseUnavailable
from server.service.master import Master
from server.storage import results
from server.storage.database import Storage
from tests.clock import FakeClock
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, FakeWorker, at_work, described, reached, settled, turn
from tests.service.test_simulation import outcome, undisturbed

pytestmark = pytest.mark.anyio


PLAIN = SMALL | {"population": 2, "parents": 1, "candidates": 0, "test_episodes": 0}


async def test_of_two_that_close_at_once_one_does(master: Master, storage: Storage) -> None:
    worker = await described(master)
    created = await master.create_run(None, None, PLAIN)
    run = master._memory.runs[created.id]
    async with run.lock:
        for batch in (await worker.ask(wants=2)).batches:
            await worker.submit(worker.play(batch))
        async with storage.reading() as connection:
            stored = await results.of_generation(connection, run.id, 0)
        evidence = close_generation.Evidence(stored, 0, UNASKED)
        await asyncio.gather(*(close_generation.close_generation(master._memory, run, evidence) for _ in range(2)))
    assert [item.number for item in (await master.list_generations(run.id, None, 10)).items] == [0]
    assert (run.open.number, run.lineage.closed) == (1, 1)


async def test_what_a_block_free_generation_has_too_many_is_late(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, PLAIN | {"algorithm": "block-free", "budget": {"generations": 1}})
    submissions = [worker.play(batch) for batch in (await worker.ask(wants=5)).batches]
    outcomes = (await worker.ask(submissions, wants=0)).outcomes.values()
    assert [outcome.accepted for outcome in outcomes] == [1] * 5
    await reached(master, run.id, "finished")
    [generation] = (await master.list_generations(run.id, None, 10)).items
    assert (generation.episodes, generation.late) == (2, 3)
    assert generation.frames == sum(submission.results[0].frames for submission in submissions)


async def test_a_close_whose_answer_was_lost_is_found_out(
    masters: Masters, database_url: str, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    master = await masters.start()
    calm = await undisturbed(master, SMALL)
    losses = iter([True, False, True, True])
    open_next = close_generation._open_next

    def lose(*arguments: Any) -> None:
        if next(losses, False):
            raise DatabaseUnavailable("the answer to COMMIT was lost")
        open_next(*arguments)

    monkeypatch.setattr(close_generation, "_open_next", lose)
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL)
        finished = asyncio.create_task(reached(master, run.id, "finished"))
        while not finished.done():
            clock.advance(1)
            await turn()
    assert (await finished).generation == 4
    assert await outcome(database_url, calm) == await outcome(database_url, run.id)
    assert next(losses, None) is None


async def test_a_run_whose_close_fails_goes_on_when_the_database_is_back(
    master: Master, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnavailable("the database does not answer")

    worker = FakeWorker(master)
    async with at_work(worker):
        run = await master.create_run(None, None, SMALL)
        with monkeypatch.context() as broken:
            broken.setattr(close_generation, "close_generation", away)
            while (progress := (await master.show_run(run.id)).progress) is None or progress.phase != "test":
                await turn()
            while (await master.show_run(run.id)).progress != progress.model_copy(update={"done": 2}):
                progress = (await master.show_run(run.id)).progress or progress
                await turn()
            assert (await master.show_run(run.id)).generation == 0
        clock.advance(1)
        await reached(master, run.id, "finished")


async def test_a_pause_after_a_lost_answer_does_not_open_the_closed_generation_again(
    master: Master, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object) -> None:
        raise DatabaseUnavailable("the answer to COMMIT was lost")

    calm = await undisturbed(master, PLAIN)
    worker = await described(master)
    run = await master.create_run(None, None, PLAIN)
    with monkeypatch.context() as broken:
        broken.setattr(close_generation, "_open_next", lose)
        batches: list[Batch] = []
        while len(batches) < PLAIN["population"]:  # it may be given a recording of the other run's elite
            batches += (await worker.ask(wants=1)).batches
        for batch in batches:
            await worker.submit(worker.play(batch))
        await settled(master)
    paused = await master.pause_run(run.id)
    assert (paused.state, paused.generation) == ("paused", 1)
    assert paused.frames == (await master.all_generations(run.id))[0].frames
    await master.resume_run(run.id)
    async with at_work(FakeWorker(master)):
        await reached(master, run.id, "finished")
    assert await outcome(database_url, calm) == await outcome(database_url, run.id)
