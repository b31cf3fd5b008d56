"""Tests and recordings of single policies: played by a real worker, submitted once, videos sent after that."""

import base64
import io
from collections import deque
from typing import Any, Literal
from uuid import uuid4

import av
import pytest

from evolution.chains import SeedChain
from evolution.messages import JobBatch, JobEpisode
from tests.worker.conftest import Start, chain
from tests.worker.fake_server import FakeServer, spread
from worker import record_episode

CARTPOLE = chain("CartPole-v1")


def make_job(
    policy: SeedChain, kind: Any, episodes: list[JobEpisode], document: dict[str, Any] | None = None
) -> JobBatch:
    return JobBatch(
        lease=uuid4(),
        expires_in=30.0,
        job="j1",
        kind=kind,
        chain=document or policy.document(),
        environment=policy.environment,
        episodes=episodes,
    )


def recording(
    policy: SeedChain,
    seed: int = 3,
    actions: bytes | None = None,
    kind: Literal["recording", "verification"] = "recording",
) -> JobBatch:
    kept = None if actions is None else base64.b64encode(actions)
    return make_job(policy, kind, [JobEpisode(episode=0, seed=seed, rollout="r1", actions=kept)])


def test_a_test_is_played_and_each_episode_submitted_once(fake: FakeServer, start: Start) -> None:
    fake.jobs.append(make_job(CARTPOLE, "test", [JobEpisode(episode=k, seed=100 + k) for k in range(20)]))
    start()
    assert fake.wait_until(lambda: sum(len(each.results) for each in fake.job_submissions) == 20)
    results = {result.episode: result for each in fake.job_submissions for result in each.results}
    assert sorted(results) == list(range(20))
    for episode in (0, 7, 19):
        rollout, result = record_episode(CARTPOLE, CARTPOLE.environment, 100 + episode), results[episode]
        assert (result.score, result.steps, result.frames, result.digest) == rollout[2:6]
        assert result.actions is None
    assert {each.problem for each in fake.job_submissions} == {None}
    assert {each.engine for each in fake.job_submissions} == {
        record_episode(CARTPOLE, CARTPOLE.environment, 100).engine
    }
    assert not fake.files


@pytest.mark.parametrize("environment_id", ["CartPole-v1", "ALE/Frostbite-v5"])
@pytest.mark.parametrize("with_actions", [False, True])
def test_a_recording_brings_result_and_actions_and_then_poster_and_video(
    fake: FakeServer, start: Start, environment_id: str, with_actions: bool
) -> None:
    options: dict[str, Any] = {"max_steps": 50} if environment_id.startswith("ALE") else {}
    policy = chain(environment_id, **options)
    rollout = record_episode(policy, policy.environment, 3)
    fake.jobs.append(recording(policy, actions=rollout.actions if with_actions else None))
    fake.refused_files = 2
    start()
    assert fake.wait_until(lambda: len(fake.files) == 2)
    ((result,),) = (each.results for each in fake.job_submissions)
    assert (result.score, result.steps, result.frames, result.digest, result.actions) == (
        *rollout[2:6],
        rollout.actions,
    )
    assert fake.files["/api/v1/rollouts/r1/poster.jpg"].startswith(b"\xff\xd8\xff")
    with av.open(io.BytesIO(fake.files["/api/v1/rollouts/r1/video.mp4"]), "r") as container:
        assert len(list(container.decode(video=0))) == rollout.frames


def test_a_submission_that_was_not_acknowledged_is_sent_again_before_any_video(fake: FakeServer, start: Start) -> None:
    fake.forgetful = True
    fake.jobs.append(recording(CARTPOLE))
    start()
    assert fake.wait_until(lambda: len(fake.files) == 2)
    assert len(fake.job_submissions) == 2
    assert fake.job_submissions[0] == fake.job_submissions[1]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (CARTPOLE.document() | {"format": "new-9"}, "new-9"),
        (CARTPOLE.document() | {"seeds": []}, "seeds"),
        (chain("Pendulum-v1").document(), "does not fit"),
    ],
)
def test_a_policy_that_cannot_be_played_is_told_and_the_worker_plays_on(
    fake: FakeServer, start: Start, document: dict[str, Any], said: str
) -> None:
    fake.jobs.append(make_job(CARTPOLE, "test", [JobEpisode(episode=0, seed=1)], document))
    fake.batches.extend(spread(8, 4))
    start()
    assert fake.wait_until(lambda: len(fake.results) == 8 and len(fake.job_submissions) == 1)
    (submission,) = fake.job_submissions
    assert said in (submission.problem or "")
    assert not submission.results
    announced = [request.announcement for request in fake.requests if request.announcement]
    assert all("CartPole-v1" in announcement.engines for announcement in announced)


def test_actions_of_another_episode_are_a_problem_and_give_no_video(fake: FakeServer, start: Start) -> None:
    fake.jobs.append(recording(CARTPOLE, actions=b"\0\0"))
    start()
    assert fake.wait_until(lambda: len(fake.job_submissions) == 1)
    assert "the actions do not replay the episode" in (fake.job_submissions[0].problem or "")
    assert not fake.files


@pytest.mark.parametrize("environment_id", ["CartPole-v1", "ALE/Frostbite-v5"])
def test_a_verification_replays_the_actions_without_the_network(
    fake: FakeServer, start: Start, environment_id: str
) -> None:
    options: dict[str, Any] = {"max_steps": 50} if environment_id.startswith("ALE") else {}
    policy = chain(environment_id, **options)
    rollout = record_episode(policy, policy.environment, 3)
    # Of another chain, which would choose otherwise: only the actions can give this episode.
    batch = recording(policy, actions=rollout.actions, kind="verification")
    fake.jobs.append(batch.model_copy(update={"chain": policy.document() | {"seeds": [9, 9]}}))
    start()
    assert fake.wait_until(lambda: len(fake.job_submissions) == 1)
    (submission,) = fake.job_submissions
    (result,) = submission.results
    assert (result.score, result.steps, result.frames, result.digest) == rollout[2:6]
    assert (result.actions, submission.problem, submission.refuted) == (rollout.actions, None, False)
    assert not fake.files


@pytest.mark.parametrize("environment_id", ["CartPole-v1", "ALE/Frostbite-v5"])
@pytest.mark.parametrize("actions", [b"", b"\0", b"\xff" * 64])
def test_actions_that_no_episode_has_are_refuted_and_the_worker_plays_on(
    fake: FakeServer, start: Start, environment_id: str, actions: bytes
) -> None:
    fake.jobs.append(recording(chain(environment_id), actions=actions, kind="verification"))
    fake.batches.extend(spread(8, 4))
    start()
    assert fake.wait_until(lambda: len(fake.results) == 8 and len(fake.job_submissions) == 1)
    (submission,) = fake.job_submissions
    assert "the actions do not replay the episode" in (submission.problem or "")
    assert (submission.refuted, submission.results) == (True, [])


def test_a_policy_that_cannot_be_read_refutes_no_actions(fake: FakeServer, start: Start) -> None:
    batch = recording(CARTPOLE, actions=b"\0\0", kind="verification")
    fake.jobs.append(batch.model_copy(update={"chain": CARTPOLE.document() | {"format": "new-9"}}))
    start()
    assert fake.wait_until(lambda: len(fake.job_submissions) == 1)
    (submission,) = fake.job_submissions
    assert "new-9" in (submission.problem or "")
    assert not submission.refuted


def test_a_jobs_lease_is_extended_and_given_back_when_the_worker_leaves(fake: FakeServer, start: Start) -> None:
    policy = chain("ALE/Frostbite-v5")
    job = make_job(policy, "test", [JobEpisode(episode=k, seed=k) for k in range(500)])
    fake.change(jobs=deque([job.model_copy(update={"expires_in": 1.0})]))
    worker = start()
    assert fake.wait_until(lambda: any(job.lease in each.leases for each in fake.extensions))
    worker.terminate()
    assert fake.wait_until(lambda: any(job.lease in each.leases for each in fake.releases))
    assert worker.wait(15) == 0
