"""Jobs whose workers freeze, are slow or answer late: played by others, never lost, never counted twice."""

import pytest

from evolution.messages import PROTOCOL, ExtendRequest, JobBatch
from server.service.master import Master
from tests.clock import FakeClock
from tests.service.fleet import FakeWorker, described
from tests.service.test_jobs import bring, claim, play, send, turns

pytestmark = pytest.mark.anyio


async def pass_time(master: Master, clock: FakeClock, seconds: float, *alive: tuple[FakeWorker, JobBatch]) -> None:
    """So much time, in which these workers keep their leases."""
    for _ in range(int(seconds)):
        clock.advance(1)
        for worker, batch in alive:
            await master.extend(ExtendRequest(protocol=PROTOCOL, worker=worker.identity, leases=[batch.lease]))
        await turns(master)


async def test_what_a_frozen_worker_holds_is_played_by_another_when_its_lease_is_over(
    master: Master, clock: FakeClock
) -> None:
    policy, frozen = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 1, None)
    held = await claim(frozen)
    await pass_time(master, clock, 31)
    other = await described(master, "other")
    again = await claim(other)
    assert again.episodes == held.episodes
    late, second = play(held), play(again)
    assert (await send(frozen, late)).outcomes[late.id].accepted == 1, "a late result is as good as any"
    outcome = (await send(other, second)).outcomes[second.id]
    assert (outcome.accepted, outcome.repeated) == (0, 1)
    shown = await master.recordings.show_job(job.id)
    assert (shown.state, shown.score and shown.score.n) == ("done", 1)


async def test_a_slow_workers_job_is_not_lost_however_long_it_takes(master: Master, clock: FakeClock) -> None:
    policy, slow = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 1, None)
    batch = await claim(slow)
    await pass_time(master, clock, 200, (slow, batch))
    assert (await master.recordings.show_job(job.id)).state == "running"
    submission = play(batch)
    assert (await send(slow, submission)).outcomes[submission.id].accepted == 1
    assert (await master.recordings.show_job(job.id)).state == "done"


async def test_an_overdue_job_is_played_by_another_too_though_its_lease_is_kept_alive(
    master: Master, clock: FakeClock
) -> None:
    policy, stuck = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 1, None)
    batch = await claim(stuck)
    await pass_time(master, clock, 31, (stuck, batch))
    other = await described(master, "other")
    copy = await claim(other)
    assert (copy.episodes, copy.lease != batch.lease) == (batch.episodes, True)
    await send(other, play(copy))
    assert (await master.recordings.show_job(job.id)).state == "done"
    reply = await master.extend(ExtendRequest(protocol=PROTOCOL, worker=stuck.identity, leases=[batch.lease]))
    assert reply.lost == [batch.lease], "it may stop"
