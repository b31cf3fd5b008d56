"""Recordings that people ask for: one job for a rollout however many ask, kept in its rank over crashes, never lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from server.service.master import Master
from server.storage.database import Connection, Storage
from tests.clock import FakeClock
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, FakeWorker, at_work, described, reached, settled
from tests.service.test_jobs import bring, claim, play, send
from tests.service.test_tend_library import askers, pass_time

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def held(storage: Storage, rollout: str) -> AsyncIterator[Connection]:
    """Whoever wants to open a job for the rollout waits until the block ends."""
    async with storage.unfenced() as connection:
        await connection.execute(text("SELECT FROM rollouts WHERE id = :id FOR UPDATE"), {"id": rollout})
        yield connection


async def until_it_waits(storage: Storage) -> None:
    """Returns when somebody waits for a lock."""
    async with storage.reading() as connection:
        while not await connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            pass


async def jobs_of(storage: Storage, rollout: str) -> list[tuple[str, str, str]]:
    """(kind, asked_by, state) of all its jobs, sorted."""
    async with storage.reading() as connection:
        query = text("SELECT kind, asked_by, state FROM jobs WHERE rollout_id = :id ORDER BY 1, 2, 3")
        return [(row[0], row[1], row[2]) for row in await connection.execute(query, {"id": rollout})]


async def test_of_many_who_ask_for_one_recording_one_opens_a_job(master: Master, storage: Storage) -> None:
    policy, worker = await bring(master), await described(master)
    shown = await asyncio.gather(*(master.recordings.record_policy(policy, 7) for _ in range(5)))
    (id,) = {rollout.id for rollout in shown}
    assert await jobs_of(storage, id) == [("recording", "person", "open")]
    await send(worker, play(await claim(worker)))
    master._memory.jobs.uploads.clear()
    await asyncio.gather(*(master.recordings.remake_video(id) for _ in range(5)))
    assert [state for _, _, state in await jobs_of(storage, id)] == ["done", "open"]
    await asyncio.gather(*(master.recordings.verify_rollout(id) for _ in range(5)))
    assert [kind for kind, _, _ in await jobs_of(storage, id)] == ["recording", "recording", "verification"]


async def test_what_was_recorded_while_one_asked_is_not_waiting_again(master: Master, storage: Storage) -> None:
    policy = await bring(master)
    rollout = await master.recordings.record_policy(policy, 7)
    job = master._memory.jobs.recording(rollout.id)
    assert job is not None
    master._memory.jobs.close(job.row.id)
    async with held(storage, rollout.id) as connection:
        asking = asyncio.create_task(master.recordings.remake_video(rollout.id))
        await until_it_waits(storage)
        await connection.execute(text("UPDATE rollouts SET state = 'recorded', actions = 'chosen'"))
        await connection.execute(text("UPDATE jobs SET state = 'done'"))
    assert (await asking).state == "recorded"
    again = master._memory.jobs.recording(rollout.id)
    assert again is not None
    assert again.actions == b"chosen"


async def test_what_was_recorded_while_one_asked_is_verified(master: Master, storage: Storage) -> None:
    rollout = await master.recordings.record_policy(await bring(master), 7)
    async with held(storage, rollout.id) as connection:
        asking = asyncio.create_task(master.recordings.verify_rollout(rollout.id))
        await until_it_waits(storage)
        await connection.execute(text("UPDATE rollouts SET state = 'recorded', actions = 'chosen'"))
    assert (await asking).kind == "verification"


async def test_a_job_that_only_the_database_knows_is_handed_out_when_one_asks_again(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    rollout = await master.recordings.record_policy(policy, 7)
    job = master._memory.jobs.recording(rollout.id)
    assert job is not None
    master._memory.jobs.close(job.row.id)  # As if the answer to the commit had been lost.
    await master.recordings.record_policy(policy, 7)
    batch = await claim(worker)
    assert (batch.job, batch.episodes[0].rollout) == (job.row.id, rollout.id)


async def test_a_job_that_only_the_database_knows_is_taken_up_after_a_while(master: Master, clock: FakeClock) -> None:
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 1, None)
    master._memory.jobs.close(job.id)
    await pass_time(master, clock, 6)  # it is missed
    await pass_time(master, clock, 31)
    assert (await claim(worker)).job == job.id


async def test_jobs_of_a_policy_that_is_deleted_are_played_no_more(master: Master) -> None:
    policy = await bring(master)
    rollout = await master.recordings.record_policy(policy, 7)
    test = await master.recordings.test_policy(policy, 1, None)
    await master.library.delete_policy(policy)
    await settled(master)
    assert master._memory.jobs.recording(rollout.id) is None
    assert master._memory.jobs.find(test.id) is not None, "a test holds all that playing it takes"


async def test_a_recording_that_a_person_waits_for_stays_theirs_over_a_crash(
    masters: Masters, clock: FakeClock, storage: Storage
) -> None:
    master = await masters.start()
    policy = await bring(master)
    await pass_time(master, clock)
    (rollout,) = (await master.library.show_policy(policy)).rollouts
    assert askers(master) == ["library"]
    await master.recordings.remake_video(rollout.id)
    await masters.crash(master)
    assert askers(await masters.restart()) == ["person"]
    assert await jobs_of(storage, rollout.id) == [("recording", "person", "open")]


async def test_a_recording_in_play_that_a_person_waits_for_goes_first_when_its_worker_dies(
    master: Master, clock: FakeClock
) -> None:
    policy, worker = await bring(master), await described(master)
    await pass_time(master, clock)
    lost = await claim(worker)
    (rollout,) = (await master.library.show_policy(policy)).rollouts
    await master.recordings.remake_video(rollout.id)
    await worker.leave()
    assert askers(master) == ["person"]
    assert (await claim(await described(master, "other"))).job == lost.job


async def test_after_a_crash_each_job_has_the_rank_that_it_had(masters: Masters, clock: FakeClock) -> None:
    master = await masters.start()
    await settled(master)
    worker = await described(master)
    policy = await bring(master)
    lost = await master.recordings.record_policy(policy, 7)
    await send(worker, play(await claim(worker)))
    clock.advance(31)
    run = await master.create_run(None, "pole", {**SMALL, "budget": {"generations": 2}})
    await without_jobs(master, worker, run.id)
    await pass_time(master, clock)
    await master.recordings.record_policy(policy, 8)
    await master.recordings.test_policy(policy, 1, None)
    brought = await master.library.import_policy(OTHER)
    await pass_time(master, clock)
    before = ranks(master)
    assert lost.id in {id for id, _, _ in before}, brought
    assert {rank[0] for _, rank, _ in before} == {0, 1, 2, 3}
    await masters.crash(master)
    assert ranks(await masters.restart()) == before


OTHER = b"""{"format": "philox-1", "architecture": {"name": "mlp", "inputs": 4, "hidden": [8], "actions": 2},
 "environment": {"id": "CartPole-v1", "options": {}}, "seeds": [3], "power": 0.5}"""


def ranks(master: Master) -> list[tuple[str | None, tuple[float, ...], str | None]]:
    """Rollout, rank and run of the open jobs."""
    found = master._memory.jobs._jobs.values()
    return sorted(((job.row.rollout_id or "", job.rank, job.run) for job in found), key=repr)


async def without_jobs(master: Master, worker: FakeWorker, run: str) -> None:
    """Plays the run to its end, and no job."""
    claim_job = master._memory.jobs.schedule.claim
    master._memory.jobs.schedule.claim = lambda *_, **__: None  # type: ignore[method-assign]
    async with at_work(worker):
        await reached(master, run, "finished")
    await settled(master)
    master._memory.jobs.schedule.claim = claim_job  # type: ignore[method-assign]


async def test_a_newer_elite_does_not_take_away_what_a_person_waits_for(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, "pole", {**SMALL, "budget": {"generations": 1}})
    await without_jobs(master, worker, run.id)
    (elite,) = await master.recordings.list_elites(run.id)
    first, *_ = await master.recordings.list_rollouts(elite.policy)
    await master.recordings.remake_video(first.id)
    waiting = {job.row.rollout_id for job in master._memory.jobs.of_run(run.id)}
    assert len(waiting) == 2
    assert first.id not in waiting


async def test_recordings_of_a_run_that_is_deleted_are_played_no_more(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, "pole", {**SMALL, "budget": {"generations": 1}})
    await without_jobs(master, worker, run.id)
    (elite,) = await master.recordings.list_elites(run.id)
    rollouts = await master.recordings.list_rollouts(elite.policy)
    await master.recordings.remake_video(rollouts[0].id)
    await master.delete_run(run.id)
    await settled(master)
    assert [master._memory.jobs.recording(rollout.id) for rollout in rollouts] == [None] * len(rollouts)
