"""Jobs on a real database: handed out beside runs, stored once, compared with the ledger, never mixed."""

import hashlib
from typing import Any
from uuid import uuid4

import pytest

from evolution.environments import Environment
from evolution.messages import BatchReply, JobBatch, JobResult, JobSubmission
from server.service.errors import Conflict, InvalidConfiguration, NotFound, UnknownEnvironment
from server.service.library_recordings import choose_episodes
from server.service.master import Master
from server.storage.results import Scored
from tests.clock import FakeClock
from tests.service.conftest import Masters
from tests.service.fleet import ENGINE, SMALL, FakeWorker, at_work, describe, described, hashed_game, reached, settled

pytestmark = pytest.mark.anyio

CHAIN = b"""{"format": "philox-1", "architecture": {"name": "mlp", "inputs": 4, "hidden": [8], "actions": 2},
 "environment": {"id": "CartPole-v1", "options": {}}, "seeds": [1, 2], "power": 0.5}"""


async def bring(master: Master) -> str:
    """A policy of the library."""
    policy, _ = await master.library.import_policy(CHAIN)
    return policy.id


def play(batch: JobBatch, engine: str = ENGINE, **other: Any) -> JobSubmission:
    """Results of the whole batch, as the fleet's game has them."""
    results = []
    for episode in batch.episodes:
        seeds: list[int] = batch.chain["seeds"]  # type: ignore[assignment]
        score, steps = hashed_game(seeds, episode.seed)
        digest = hashlib.sha256(repr((seeds, episode.seed)).encode()).hexdigest()
        result = JobResult(episode=episode.episode, score=score, steps=steps, frames=steps, digest=digest, seconds=0.1)
        recorded = {} if batch.kind == "test" else {"actions": b"chosen"}
        results.append(result.model_copy(update=recorded | other))
    return JobSubmission(id=uuid4(), lease=batch.lease, job=batch.job, engine=engine, results=results)


async def send(worker: FakeWorker, *submissions: JobSubmission, wants: int = 0) -> BatchReply:
    """Sends results of jobs; asks for work too."""
    request = worker.request(wants=wants).model_copy(update={"job_submissions": list(submissions)})
    return await worker.master.exchange(request)


async def claim(worker: FakeWorker) -> JobBatch:
    """The one job that the worker is given."""
    reply = await worker.ask()
    (job,) = reply.jobs
    return job


async def play_all(worker: FakeWorker, job: str) -> None:
    """Plays until the job is over."""
    while (await worker.master.recordings.show_job(job)).state in {"waiting", "running"}:
        await send(worker, play(await claim(worker)))


async def test_a_test_is_played_by_the_workers_and_summed_up_with_its_protocol(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy[:10], 5, {"options": {"max_steps": 100}})
    assert (job.state, job.done, job.total, job.protocol) == ("waiting", 0, 5, "100 steps")

    batch = await claim(worker)
    assert (await master.recordings.show_job(job.id)).state == "running"
    assert batch.environment.options == {"max_steps": 100}
    await send(worker, play(batch))
    await play_all(worker, job.id)

    done = await master.recordings.show_job(job.id)
    assert (done.state, done.done) == ("done", 5)
    assert done.score is not None
    assert (done.score.n, done.score.distinct) == (5, 5)
    detail = await master.library.show_policy(policy)
    assert [shown.id for shown in detail.jobs] == [job.id]


async def test_a_repeated_submission_is_acknowledged_and_changes_nothing(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 2, None)
    submission = play(await claim(worker))
    first = (await send(worker, submission)).outcomes[submission.id]
    other = play(await claim(worker), score=1e6)
    repeated = submission.model_copy(
        update={"results": [r.model_copy(update={"score": 9.0}) for r in submission.results]}
    )
    again = (await send(worker, repeated)).outcomes[submission.id]
    assert (first.accepted, again.accepted, again.repeated) == (1, 0, 1)
    await send(worker, other)
    late = (await send(worker, submission)).outcomes[submission.id]
    assert (late.accepted, late.repeated) == (0, 1)
    shown = await master.recordings.show_job(job.id)
    assert shown.score is not None
    assert shown.score.mean == (submission.results[0].score + 1e6) / 2


async def test_results_of_another_engine_are_not_added_to_a_test(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 2, None)
    await send(worker, play(await claim(worker)))
    foreign = play(await claim(worker), engine="another")
    outcome = (await send(worker, foreign)).outcomes[foreign.id]
    assert (outcome.accepted, outcome.unwanted) == (0, 1)
    await play_all(worker, job.id)
    assert (await master.recordings.show_job(job.id)).done == 2


async def test_a_test_goes_on_after_a_crash_of_the_master(masters: Masters) -> None:
    master = await masters.start()
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 3, None)
    await send(worker, play(await claim(worker)))
    await masters.crash(master)
    worker.master = await masters.restart()
    worker.announced = False
    await play_all(worker, job.id)
    assert (await worker.master.recordings.show_job(job.id)).done == 3


async def test_work_of_a_worker_that_left_goes_to_another(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    await master.recordings.test_policy(policy, 1, None)
    lost = await claim(worker)
    await worker.leave()
    taken = await claim(await described(master, "other"))
    assert taken.episodes == lost.episodes


async def test_what_cannot_be_played_fails_with_the_workers_reason(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 3, None)
    batch = await claim(worker)
    problem = "The network has 4 actions, the game 2."
    refusal = JobSubmission(id=uuid4(), lease=batch.lease, job=batch.job, engine=ENGINE, problem=problem)
    await send(worker, refusal)
    shown = await master.recordings.show_job(job.id)
    assert (shown.state, shown.problem) == ("failed", problem)


async def test_a_cancelled_job_is_handed_out_no_more(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 3, None)
    batch = await claim(worker)
    await master.recordings.cancel_job(job.id)
    submission = play(batch)
    assert (await send(worker, submission)).outcomes[submission.id].unwanted == 1
    assert (await master.recordings.show_job(job.id)).state == "cancelled"


async def test_who_waits_for_a_recording_hears_that_it_was_cancelled(master: Master) -> None:
    rollout = await master.recordings.record_policy(await bring(master), 7)
    events, (job,) = master._memory.events, master._memory.jobs.ids()
    before = events.n
    await master.recordings.cancel_job(job)
    told = [event.message() for event in events.since(events.epoch, before) or []]
    *_, shown = [event["rollout"] for event in told if event["type"] == "rollout.changed"]
    assert (shown["id"], shown["state"]) == (rollout.id, "failed")
    assert shown["problem"] == "Its recording was cancelled. Ask for it again."


async def test_a_job_that_ends_its_workers_is_given_up(master: Master, clock: FakeClock) -> None:
    policy, worker = await bring(master), await described(master)
    job = await master.recordings.test_policy(policy, 1, None)
    for _ in range(5):
        await claim(worker)
        clock.advance(31)
        await turns(master)
    shown = await master.recordings.show_job(job.id)
    assert shown.state == "failed"
    assert "fell silent" in (shown.problem or "")


async def turns(master: Master) -> None:
    """Lets a tick and what it starts be done."""
    from server.service.tick import tick

    tick(master._memory)
    await settled(master)


async def test_asking_for_what_cannot_be_is_refused(master: Master) -> None:
    policy = await bring(master)
    with pytest.raises(NotFound):
        await master.recordings.test_policy("ab" * 32, 3, None)
    with pytest.raises(InvalidConfiguration, match="alone"):
        await master.recordings.test_policy(policy, 3, {"id": "Acrobot-v1"})
    with pytest.raises(InvalidConfiguration, match="max_steps"):
        await master.recordings.test_policy(policy, 3, {"options": {"max_steps": 0}})
    worker = FakeWorker(master, engines={"Acrobot-v1": ENGINE})
    await worker.ask(wants=0, descriptions=[describe(Environment(id="Acrobot-v1"))])
    with pytest.raises(UnknownEnvironment):
        await master.recordings.test_policy(policy, 3, None)


async def test_an_episode_is_recorded_once_with_its_actions(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    rollout = await master.recordings.record_policy(policy, 7)
    assert (rollout.state, rollout.label, rollout.seed) == ("waiting", "asked", 7)
    assert (await master.recordings.record_policy(policy, 7)).id == rollout.id
    with pytest.raises(Conflict, match="not recorded"):
        await master.recordings.read_actions(rollout.id)

    batch = await claim(worker)
    assert (batch.kind, batch.episodes[0].rollout, batch.episodes[0].seed) == ("recording", rollout.id, 7)
    await send(worker, play(batch))
    shown = await master.recordings.show_rollout(rollout.id)
    assert (shown.state, shown.engine, shown.video) == ("recorded", ENGINE, False)
    assert (await master.recordings.read_actions(rollout.id))[1] == b"chosen"


async def test_a_missing_video_is_made_again_from_the_actions(master: Master, clock: FakeClock) -> None:
    policy, worker = await bring(master), await described(master)
    rollout = await master.recordings.record_policy(policy, 7)
    await send(worker, play(await claim(worker)))
    await master.recordings.remake_video(rollout.id)
    assert master._memory.jobs.recording(rollout.id) is None, "the worker is about to bring it"
    clock.advance(31)
    await master.recordings.remake_video(rollout.id)
    await master.recordings.remake_video(rollout.id)
    batch = await claim(worker)
    assert batch.episodes[0].actions == b"chosen"
    assert JobBatch.model_validate_json(batch.model_dump_json()).episodes[0].actions == b"chosen"
    await send(worker, play(batch))
    assert (await master.recordings.show_rollout(rollout.id)).state == "recorded"


async def test_elites_are_recorded_and_must_find_their_stored_scores(master: Master, clock: FakeClock) -> None:
    worker = await described(master)
    run = await master.create_run(None, "pole", {**SMALL, "budget": {"generations": 1}})
    async with at_work(worker):
        await reached(master, run.id, "finished")
    await settled(master)
    # Workers of the fleet leave jobs alone: what they were given must expire.
    clock.advance(31)
    await turns(master)
    (elite,) = await master.recordings.list_elites(run.id)
    rollouts = await master.recordings.list_rollouts(elite.policy)
    assert {rollout.label for rollout in rollouts} == {"best", "median", "worst"}
    assert all(rollout.state == "waiting" for rollout in rollouts)
    median = await claim(worker)
    await send(worker, play(median))
    best = await claim(worker)
    await send(worker, play(best, score=-1.0))
    shown = {rollout.id: rollout for rollout in await master.recordings.list_rollouts(elite.policy)}
    good, bad = shown[str(median.episodes[0].rollout)], shown[str(best.episodes[0].rollout)]
    assert (good.label, good.state, good.problem) == ("median", "recorded", None)
    assert bad.state == "failed"
    assert "score of" in (bad.problem or "")
    with pytest.raises(Conflict, match="score of"):
        await master.recordings.remake_video(bad.id)


async def test_only_the_newest_elites_wait_to_be_recorded(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, "pole", {**SMALL, "budget": {"generations": 12}})
    reply_jobs = master._memory.jobs.schedule.claim
    master._memory.jobs.schedule.claim = lambda *_, **__: None  # type: ignore[method-assign]
    async with at_work(worker):
        await reached(master, run.id, "finished")
    await settled(master)
    master._memory.jobs.schedule.claim = reply_jobs  # type: ignore[method-assign]
    elites = await master.recordings.list_elites(run.id)
    policies = list(dict.fromkeys(elite.policy for elite in elites))
    assert len(elites) == 12
    assert {job.row.policy for job in master._memory.jobs.of_run(run.id)} == set(policies[-3:])
    assert all(elite.recordings for elite in elites)


def test_of_few_episodes_each_is_recorded_once() -> None:
    def scored(episode: int, score: float) -> Scored:
        return Scored(3, 1, episode, score, 1, 1, bytes([episode]) * 32, episode, late=False)

    stored = [scored(0, 5.0), scored(1, 9.0), scored(2, 1.0), scored(3, 5.0)]
    assert [(label, r.episode) for label, r in choose_episodes(stored, 3)] == [("median", 3), ("best", 1), ("worst", 2)]
    assert [label for label, _ in choose_episodes(stored[:1], 3)] == ["median"]
    assert choose_episodes(stored, 4) == []
