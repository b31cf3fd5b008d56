"""Verifications on a real database: the stored actions, replayed without the network, against the stored episode."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from evolution.messages import JobBatch, JobSubmission
from server.policy_views import RolloutView
from server.service.errors import Conflict
from server.service.master import Master
from server.storage.database import Storage
from tests.service.conftest import Masters
from tests.service.fleet import ENGINE, FakeWorker, described, settled
from tests.service.test_jobs import bring, claim, play, send

pytestmark = pytest.mark.anyio


async def recorded(master: Master, worker: FakeWorker, seed: int = 7) -> RolloutView:
    """An episode that was recorded, of a policy that was brought."""
    rollout = await master.recordings.record_policy(await bring(master), seed)
    await send(worker, play(await claim(worker)))
    return await master.recordings.show_rollout(rollout.id)


async def verify(worker: FakeWorker, rollout: str, **other: Any) -> RolloutView:
    """The rollout after a verification that found what was played, but for `other`."""
    await worker.master.recordings.verify_rollout(rollout)
    await send(worker, play(await claim(worker), **other))
    return await worker.master.recordings.show_rollout(rollout)


def refusal(batch: JobBatch, problem: str, *, refuted: bool) -> JobSubmission:
    """What a worker says that could not play to the end."""
    return JobSubmission(id=uuid4(), lease=batch.lease, job=batch.job, engine=ENGINE, problem=problem, refuted=refuted)


async def test_the_stored_actions_are_handed_out_and_what_is_the_same_is_verified(master: Master) -> None:
    worker = await described(master)
    rollout = await recorded(master, worker)
    master._memory.jobs.uploads.clear()
    job = await master.recordings.verify_rollout(rollout.id)
    batch = await claim(worker)
    assert (batch.kind, batch.job, batch.episodes[0].seed) == ("verification", job.id, 7)
    assert batch.episodes[0].actions == b"chosen"
    assert (await master.recordings.show_job(job.id)).state == "running"
    await send(worker, play(batch))
    shown = await master.recordings.show_rollout(rollout.id)
    assert shown.verified is not None
    assert (shown.verified.engine, shown.verified.problem) == (ENGINE, None)
    assert shown.model_copy(update={"verified": None}) == rollout, "it changes nothing else"
    assert not master._memory.jobs.expects_video(rollout.id, 0.0), "it brings no video"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"score": -1.5}, "the score is -1.5, not "),
        ({"steps": 100_000}, "the steps are 100,000, not "),
        ({"frames": 100_000}, "the frames are 100,000, not "),
        ({"digest": "0" * 64}, "the final memory is another"),
        ({"actions": b"chos"}, "there are more actions"),
        ({"actions": b"chosen and more"}, "there are fewer actions"),
        ({"actions": b"nesohc"}, "other actions were replayed"),
    ],
)
async def test_what_comes_out_otherwise_is_told(master: Master, other: dict[str, Any], said: str) -> None:
    worker = await described(master)
    rollout = await recorded(master, worker)
    shown = await verify(worker, rollout.id, **other)
    assert shown.verified is not None
    assert said in (shown.verified.problem or "")
    assert (shown.state, shown.score, shown.digest) == ("recorded", rollout.score, rollout.digest)
    again = await verify(worker, rollout.id)
    assert again.verified is not None
    assert again.verified.problem is None


async def test_actions_that_no_episode_has_are_a_finding_and_the_job_is_done(master: Master) -> None:
    worker = await described(master)
    rollout = await recorded(master, worker)
    job = await master.recordings.verify_rollout(rollout.id)
    await send(worker, refusal(await claim(worker), "the actions do not replay the episode", refuted=True))
    shown = await master.recordings.show_rollout(rollout.id)
    assert shown.verified is not None
    assert shown.verified.problem == "the actions do not replay the episode"
    done = await master.recordings.show_job(job.id)
    assert (done.state, done.done, done.problem) == ("done", 1, None)


async def test_damaged_actions_are_replaced_by_recording_again_and_must_be_verified_anew(
    master: Master, storage: Storage
) -> None:
    worker = await described(master)
    rollout = await recorded(master, worker)
    async with storage.unfenced() as connection:
        await connection.execute(text("UPDATE rollouts SET actions = 'damaged'"))
    await master.recordings.verify_rollout(rollout.id)
    await send(worker, refusal(await claim(worker), "the actions do not replay the episode", refuted=True))
    master._memory.jobs.uploads.clear()
    await master.recordings.record_policy(rollout.policy, 7)
    batch = await claim(worker)
    assert batch.episodes[0].actions is None, "the policy plays again"
    await send(worker, play(batch))
    assert (await master.recordings.show_rollout(rollout.id)).verified is None
    assert (await master.recordings.read_actions(rollout.id))[1] == b"chosen"


async def test_a_worker_that_cannot_play_says_nothing_of_the_episode(master: Master) -> None:
    worker = await described(master)
    rollout = await recorded(master, worker)
    job = await master.recordings.verify_rollout(rollout.id)
    await send(worker, refusal(await claim(worker), "CartPole cannot be made here", refuted=False))
    failed = await master.recordings.show_job(job.id)
    assert (failed.state, failed.problem) == ("failed", "CartPole cannot be made here")
    assert await master.recordings.show_rollout(rollout.id) == rollout
    job = await master.recordings.verify_rollout(rollout.id)
    await master.recordings.cancel_job(job.id)
    assert await master.recordings.show_rollout(rollout.id) == rollout


async def test_a_verification_changes_no_score_of_the_policy(master: Master) -> None:
    worker = await described(master)
    rollout = await recorded(master, worker)
    await verify(worker, rollout.id, score=1e6)
    after = await master.library.show_policy(rollout.policy)
    assert (after.score, after.scores, after.episodes) == (None, [], [])
    assert [job.score for job in after.jobs if job.kind == "verification"] == [None]


async def test_a_verification_goes_on_after_a_crash_of_the_master(masters: Masters) -> None:
    master = await masters.start()
    worker = await described(master)
    rollout = await recorded(master, worker)
    await master.recordings.verify_rollout(rollout.id)
    await masters.crash(master)
    worker.master = await masters.restart()
    worker.announced = False
    batch = await claim(worker)
    assert (batch.kind, batch.episodes[0].actions) == ("verification", b"chosen")


async def test_what_was_never_recorded_is_refused_with_what_to_do(master: Master) -> None:
    await described(master)
    rollout = await master.recordings.record_policy(await bring(master), 7)
    with pytest.raises(Conflict, match="wait until it is"):
        await master.recordings.verify_rollout(rollout.id)


async def test_a_video_can_be_made_and_an_episode_verified_at_once(master: Master) -> None:
    worker, other = await described(master), await described(master, "other")
    rollout = await recorded(master, worker)
    master._memory.jobs.uploads.clear()
    await master.recordings.verify_rollout(rollout.id)
    await master.recordings.remake_video(rollout.id)
    batches = [await claim(worker), await claim(other)]
    assert [batch.kind for batch in batches] == ["verification", "recording"]
    await send(worker, play(batches[0]))
    assert master._memory.jobs.is_seen_to(rollout.id, 0.0)
    await send(other, play(batches[1]))
    shown = await master.recordings.show_rollout(rollout.id)
    assert (shown.state, shown.verified is None) == ("recorded", False)


async def test_watchers_are_told_of_the_job_and_of_what_it_found(master: Master) -> None:
    worker = await described(master)
    rollout = await recorded(master, worker)
    events = master._memory.events
    before = events.n
    await verify(worker, rollout.id)
    await settled(master)
    told = [event.message() for event in events.since(events.epoch, before) or []]
    jobs = [event["job"]["state"] for event in told if event["type"] == "job.changed"]
    assert jobs[0] == "waiting"
    assert jobs[-1] == "done"
    changes = [event["rollout"] for event in told if event["type"] == "rollout.changed"]
    found = [change["verified"] for change in changes if change["id"] == rollout.id]
    assert found[0] is None
    assert found[-1]["problem"] is None
