"""What the library has recorded by itself: what was brought, and pictures that never came."""

import json

import pytest

from server.service.errors import Conflict
from server.service.job_ranks import IMPORTED
from server.service.master import Master
from tests.clock import FakeClock
from tests.service.conftest import Masters
from tests.service.fleet import CARTPOLE, described, settled
from tests.service.test_jobs import CHAIN, bring, claim, play, send, turns

pytestmark = pytest.mark.anyio

PICTURE = b"\xff\xd8\xff\xe0picture\xff\xd9"


async def pass_time(master: Master, clock: FakeClock, seconds: float = 10.0, *, is_playable: bool = True) -> None:
    """Lets so much time pass, and what is to be done be done. `is_playable`: with a worker that comes just then."""
    clock.advance(seconds)
    if is_playable:
        await described(master, "newcomer")
    await turns(master)


def askers(master: Master) -> list[str]:
    """For whom open jobs of CartPole are done."""
    queues = master._memory.jobs.schedule._queues.values()
    return [queue.asker for queue in queues if queue.environment == CARTPOLE]


async def test_what_somebody_brought_is_recorded_once_a_worker_can_play_it(master: Master, clock: FakeClock) -> None:
    policy = await bring(master)
    await pass_time(master, clock, is_playable=False)
    assert (await master.library.show_policy(policy)).rollouts == [], "nobody can play it"
    worker = await described(master)
    await pass_time(master, clock)
    batch = await claim(worker)
    assert (batch.kind, batch.episodes[0].seed) == ("recording", 1000)
    await send(worker, play(batch))
    (rollout,) = (await master.library.show_policy(policy)).rollouts
    assert (rollout.label, rollout.state) == ("library", "recorded")
    await master.recordings.store_poster(rollout.id, PICTURE)
    await pass_time(master, clock, 60)
    assert master._memory.jobs.recording(rollout.id) is None, "it is there"
    assert (await master.recordings.list_jobs(policy, None, None, 10)).items == []


async def test_of_many_that_were_brought_the_newest_few_wait(master: Master, clock: FakeClock) -> None:
    await described(master)
    await settled(master)
    shipped = master._memory.jobs.count
    for seed in range(40):
        await master.library.import_policy(json.dumps(json.loads(CHAIN) | {"seeds": [seed]}).encode())
        clock.advance(0.01)
    await pass_time(master, clock)
    await pass_time(master, clock)
    recorded = [job.document["seeds"] for job in master._memory.jobs._jobs.values() if job.rank[0] == IMPORTED]
    assert sorted(recorded, reverse=True) == [[seed] for seed in range(39, 19, -1)]
    assert master._memory.jobs.count == shipped + 20


async def test_pictures_whose_worker_died_are_made_again_by_another_once(master: Master, clock: FakeClock) -> None:
    worker = await described(master)
    rollout = await master.recordings.record_policy(await bring(master), 7)
    await send(worker, play(await claim(worker)))
    await worker.leave()
    await pass_time(master, clock)
    assert master._memory.jobs.recording(rollout.id) is None, "they may be on their way"
    other = await described(master, "other")
    await pass_time(master, clock, 31)
    batch = await claim(other)
    assert (batch.episodes[0].rollout, batch.episodes[0].actions) == (rollout.id, b"chosen")
    await send(other, play(batch))
    await pass_time(master, clock, 60)
    assert master._memory.jobs.recording(rollout.id) is None, "what cannot be sent is not made for ever"
    assert (await master.recordings.remake_video(rollout.id)).state == "recorded"
    assert master._memory.jobs.recording(rollout.id) is not None, "but when somebody wants to see it"


async def test_a_picture_that_cannot_be_made_is_not_tried_again(master: Master, clock: FakeClock) -> None:
    worker = await described(master)
    rollout = await master.recordings.record_policy(await bring(master), 7)
    submission = play(await claim(worker))
    await send(worker, submission.model_copy(update={"problem": "CartPole gives no pictures here"}))
    await pass_time(master, clock, 60)
    assert master._memory.jobs.recording(rollout.id) is None
    with pytest.raises(Conflict, match="no pictures"):
        await master.recordings.remake_video(rollout.id)


async def test_a_person_who_wants_to_see_does_not_wait_for_the_librarys_turn(master: Master, clock: FakeClock) -> None:
    worker = await described(master)
    policy = await bring(master)
    await pass_time(master, clock)
    (rollout,) = (await master.library.show_policy(policy)).rollouts
    assert askers(master) == ["library"]
    await master.recordings.remake_video(rollout.id)
    assert askers(master) == ["person"]
    assert (await claim(worker)).episodes[0].rollout == rollout.id


async def test_what_was_tended_once_is_not_looked_at_again_even_by_another_master(
    masters: Masters, clock: FakeClock
) -> None:
    master = await masters.start()
    worker = await described(master)
    policy = await bring(master)
    rollout = await master.recordings.record_policy(policy, 7)
    await send(worker, play(await claim(worker)))
    await pass_time(master, clock, 31)
    await send(worker, play(await claim(worker)))
    await masters.crash(master)
    master = await masters.restart()
    await pass_time(master, clock, 60)
    assert master._memory.jobs.recording(rollout.id) is None, "its pictures cannot be sent"
    assert len((await master.library.show_policy(policy)).rollouts) == 1, "somebody has it recorded already"
