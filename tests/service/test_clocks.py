"""Clocks that are set forward or back: what waits, waits no longer and no shorter; what was taken stays taken."""

from datetime import datetime
from uuid import uuid4

import pytest

from evolution.messages import PROTOCOL, ExtendRequest
from server.service.leadership import SILENCE_SECONDS
from server.service.master import Master
from server.storage import leadership
from server.storage.database import Storage
from tests.clock import FakeClock
from tests.database import age_heartbeat
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, FakeWorker, at_work, described, reached, turn
from tests.service.test_jobs import bring, claim
from tests.service.test_tend_library import pass_time

pytestmark = pytest.mark.anyio

HOUR = 3600.0
each_way = pytest.mark.parametrize("step", [-24 * HOUR, 24 * HOUR])


@each_way
async def test_leases_and_workers_outlive_a_clock_that_is_set(master: Master, clock: FakeClock, step: float) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL)
    batch = await worker.claim()
    clock.set(step)
    clock.advance(5)
    await turn()
    extended = await master.extend(ExtendRequest(protocol=PROTOCOL, worker=worker.identity, leases=[batch.lease]))
    assert (extended.expires_in, extended.lost) == ({batch.lease: 30.0}, [])
    assert [shown.state for shown in master.list_workers()] == ["working"]
    await worker.submit(worker.play(batch))
    async with at_work(worker):
        finished = await reached(master, run.id, "finished")
    assert finished.active_seconds < HOUR


@each_way
async def test_a_job_that_only_the_database_knows_is_taken_up_whatever_the_clock_says(
    master: Master, clock: FakeClock, step: float
) -> None:
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 1, None)
    master._memory.jobs.close(job.id)
    clock.set(step)
    await pass_time(master, clock, 6)
    assert master._memory.jobs.find(job.id) is None, "its request may be under way"
    await pass_time(master, clock, 31)
    assert (await claim(worker)).job == job.id


async def test_a_dead_leaders_heartbeat_from_the_future_is_not_waited_for(
    masters: Masters, storage: Storage, clock: FakeClock
) -> None:
    async with storage.unfenced() as connection:
        await leadership.take(connection, f"elsewhere {uuid4()} 1 1")
        await age_heartbeat(connection, -HOUR)
    master = await masters.start()
    while not master.ready:
        while not clock.sleepers and not master.ready:
            await turn()
        clock.advance(1)
    assert clock.monotonic() >= SILENCE_SECONDS, "it may live: its clock may just have been set back"
    assert clock.monotonic() <= SILENCE_SECONDS + 10


async def heartbeat(storage: Storage) -> datetime:
    """The leader's last one, as it is stored."""
    async with storage.unfenced() as connection:
        present = await leadership.lock(connection)
    assert present is not None
    return present.heartbeat_at


async def test_a_living_leader_is_not_replaced_while_its_heartbeat_lies_in_the_future(
    masters: Masters, storage: Storage, clock: FakeClock
) -> None:
    first = await masters.start()
    second = await masters.start()
    async with storage.unfenced() as connection:
        await age_heartbeat(connection, -HOUR)
    for _ in range(3):
        before = await heartbeat(storage)
        clock.advance(6)
        while await heartbeat(storage) == before:
            await turn()
    assert (first.ready, second.ready) == (True, False)


async def test_a_run_goes_on_to_its_end_while_the_clock_is_set_again_and_again(
    master: Master, clock: FakeClock
) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL)
    for step in (HOUR, -2 * HOUR, 30 * HOUR):
        await worker.submit(worker.play(await worker.claim()))
        clock.set(step)
    async with at_work(FakeWorker(master, "other")):
        assert (await reached(master, run.id, "finished")).state == "finished"
