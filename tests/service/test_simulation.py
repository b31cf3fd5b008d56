"""Whole runs, played by workers for whom a hash stands for the game: their outcome rests on nothing but the run."""

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import select

from server.service.master import Master
from server.storage.database import Storage
from server.storage.tables import generations, results
from tests.clock import FakeClock
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, FakeWorker, at_work, reached

pytestmark = pytest.mark.anyio

VARIANTS: dict[str, dict[str, Any]] = {
    "validated and tested": {},
    "unvalidated": {"candidates": 0, "test_episodes": 0},
    "several episodes an evaluation": {"episodes": 3, "test_episodes": 0, "population": 7, "parents": 2},
}


async def outcome(database_url: str, run: str) -> list[tuple[object, ...]]:
    """All that a run's outcome is: whom each generation chose, and every score."""
    storage = Storage(database_url)
    found = await outcome_in(storage, run)
    await storage.close()
    return found


async def outcome_in(storage: Storage, run: str) -> list[tuple[object, ...]]:
    """The same of a database that is open."""
    kept = ("number", "frames", "steps", "best", "mean", "elite_index", "elite_seeds", "validation", "test", "parents")
    key = ("generation", "index", "phase", "episode", "score", "steps", "digest")
    async with storage.reading() as connection:
        columns = [generations.c[name] for name in kept]
        closed = await connection.execute(select(*columns).where(generations.c.run_id == run).order_by("number"))
        columns = [results.c[name] for name in key]
        played = await connection.execute(select(*columns).where(results.c.run_id == run).order_by(*columns[:4]))
        return [tuple(row) for row in closed] + [tuple(row) for row in played]


@pytest.fixture(params=VARIANTS)
def configuration(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SMALL | VARIANTS[request.param]


async def undisturbed(master: Master, configuration: dict[str, Any]) -> str:
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, configuration)
        await reached(master, run.id, "finished")
    return run.id


async def test_the_outcome_does_not_depend_on_how_many_work_or_in_what_order(
    masters: Masters, database_url: str, configuration: dict[str, Any]
) -> None:
    master = await masters.start()
    alone = await undisturbed(master, configuration)
    workers = [FakeWorker(master, f"worker {number}", shuffle=random.Random(number)) for number in range(3)]
    async with at_work(*workers):
        together = await master.create_run(None, None, configuration)
        await reached(master, together.id, "finished")
    assert all(worker.played for worker in workers)
    assert await outcome(database_url, alone) == await outcome(database_url, together.id)


async def play_a_little(master: Master, chance: random.Random, clock: FakeClock, batches: int) -> None:
    """Some batches are submitted, some in part, some twice, some too late, some never."""
    worker = FakeWorker(master, "unreliable", shuffle=chance)
    for _ in range(batches):
        batch = await asyncio.wait_for(worker.claim(), timeout=10)
        submission = worker.play(batch)
        match chance.randrange(5):
            case 0:
                worker = FakeWorker(master, "its successor", shuffle=chance)
                clock.advance(31)
            case 1:
                clock.advance(31)
                await worker.submit(submission)
            case 2:
                await worker.submit(submission.model_copy(update={"results": submission.results[:1]}))
                await worker.leave()
            case 3:
                await asyncio.gather(worker.submit(submission), worker.submit(submission))
            case _:
                await worker.submit(submission)


@pytest.mark.parametrize("seed", range(3))
async def test_lost_leases_repeats_and_killed_masters_change_nothing(
    masters: Masters, database_url: str, configuration: dict[str, Any], seed: int
) -> None:
    master = await masters.start()
    calm = await undisturbed(master, configuration)
    run = await master.create_run(None, None, configuration)
    chance = random.Random(seed)
    for _ in range(6):
        if (await master.show_run(run.id)).state == "finished":
            break
        await play_a_little(master, chance, masters.clock, chance.randrange(1, 6))
        await masters.crash(master)
        master = await masters.restart()
    async with at_work(FakeWorker(master), FakeWorker(master)):
        await reached(master, run.id, "finished")
    assert await outcome(database_url, calm) == await outcome(database_url, run.id)


async def test_two_runs_of_different_seeds_differ(master: Master, database_url: str) -> None:
    one = await undisturbed(master, SMALL)
    other = await undisturbed(master, SMALL | {"seed": 8})
    assert await outcome(database_url, one) != await outcome(database_url, other)


BLOCK_FREE = SMALL | {"algorithm": "block-free", "candidates": 0, "test_episodes": 0}


async def test_a_block_free_generation_is_its_first_results_and_the_others_are_late(
    master: Master, database_url: str
) -> None:
    slow, quick = FakeWorker(master, "slow"), FakeWorker(master, "quick", seconds=5.0)
    run = await master.create_run(None, None, BLOCK_FREE | {"budget": {"generations": 2}})
    held = await slow.claim()
    assert [(episode.generation, episode.index) for episode in held.episodes] == [(0, 0)]
    async with at_work(quick):
        await reached_generation(master, run.id, 1)
    reply = await slow.submit(slow.play(held))
    assert [outcome.accepted for outcome in reply.outcomes.values()] == [1]
    first = (await master.list_generations(run.id, None, 10)).items[0]
    assert (first.late, first.episodes) == (1, BLOCK_FREE["population"])
    async with at_work(quick):
        finished = await reached(master, run.id, "finished")
    played = await outcome(database_url, run.id)
    assert finished.frames == sum(int(str(row[5])) for row in played if len(row) == 7 and row[0] in {0, 1})
    members = await flags(database_url, run.id)
    assert members[0, 0] is True
    assert sum(not late for (generation, _), late in members.items() if generation == 0) == BLOCK_FREE["population"]


async def reached_generation(master: Master, run: str, generation: int) -> None:
    subscription = master.events.subscribe()
    try:
        while (await master.show_run(run)).generation < generation:
            await subscription.next()
    finally:
        master.events.unsubscribe(subscription)


async def flags(database_url: str, run: str) -> dict[tuple[int, int], bool]:
    storage = Storage(database_url)
    async with storage.reading() as connection:
        query = select(results.c.generation, results.c.index, results.c.late).where(results.c.run_id == run)
        found = {(row[0], row[1]): row[2] for row in await connection.execute(query)}
    await storage.close()
    return found


async def test_a_block_free_run_survives_a_killed_master(masters: Masters) -> None:
    master = await masters.start()
    run = await master.create_run(None, None, BLOCK_FREE)
    worker = FakeWorker(master, seconds=5.0)
    for _ in range(5):
        await worker.submit(worker.play(await worker.claim()))
    await masters.crash(master)
    master = await masters.restart()
    progress = (await master.show_run(run.id)).progress
    assert progress is not None
    assert progress.done == 5
    async with at_work(FakeWorker(master), FakeWorker(master)):
        await reached(master, run.id, "finished")
    closed = (await master.list_generations(run.id, None, 10)).items
    assert [generation.episodes for generation in closed] == [BLOCK_FREE["population"]] * 4


async def test_an_elite_that_is_not_beaten_is_carried_and_keeps_its_birth(master: Master) -> None:
    run = await undisturbed(master, SMALL | {"mutation_power": 0.1, "budget": {"generations": 8}})
    closed = (await master.list_generations(run, None, 20)).items
    carried = [generation for generation in closed if generation.elite_carried]
    assert carried
    for generation in carried:
        before = closed[generation.number - 1]
        assert generation.elite_index == SMALL["population"]
        assert (generation.elite_born, generation.elite_seeds) == (before.elite_born, before.elite_seeds)


async def test_two_runs_share_the_workers_time_by_weight(master: Master) -> None:
    long = SMALL | {"population": 200, "candidates": 0, "test_episodes": 0, "budget": {}}
    async with at_work(FakeWorker(master, "first", seconds=0.5)):
        light = await master.create_run(None, None, long | {"environment": {"id": "Acrobot-v1"}})
        heavy = await master.create_run(None, None, long | {"weight": 3.0})
        await reached_generation(master, heavy.id, 5)
    frames = {run.id: (await master.show_run(run.id)).progress for run in (light, heavy)}
    played = {
        run: progress.generation * 200 + progress.done for run, progress in frames.items() if progress is not None
    }
    assert 2.5 < played[heavy.id] / played[light.id] < 3.5
