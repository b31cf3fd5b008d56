"""Jobs as an evaluation process plays them: tests of a policy, recordings with their videos, verifications."""

import base64
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from evolution.chains import ChainError, SeedChain, parse_chain
from evolution.messages import JobBatch, JobEpisode, JobResult
from worker.episode import (
    BrokenEnvironment,
    Played,
    UnplayableEnvironment,
    UnrenderableEnvironment,
    UnreplayableActions,
    UnsuitablePolicy,
)
from worker.orders import JobProgress, Recording
from worker.recording import Replay
from worker.video import VideoTooLarge, make_video

if TYPE_CHECKING:
    from worker.evaluation import Evaluator

REPORT_SECONDS = 0.5
"""Results of a test are reported together for so long."""
MOST_ACTION_BYTES = 2**22
LONGEST_PROBLEM = 1000

PROBLEMS = (
    ChainError,
    UnplayableEnvironment,
    UnsuitablePolicy,
    BrokenEnvironment,
    UnreplayableActions,
)

Say = Callable[[JobProgress], None]


def play_job(batch: JobBatch, evaluator: "Evaluator", say: Say, is_dropped: Callable[[UUID], bool]) -> None:
    """Plays the job's episodes in order and reports each, or why the policy cannot be played."""
    report = _Report(batch.lease, say)
    try:
        chain = parse_chain(batch.chain)
        for episode in batch.episodes:
            if is_dropped(batch.lease):
                break
            _play_episode(batch, chain, episode, evaluator, report)
            if report.problem is not None:
                break
    except PROBLEMS as error:
        report.problem = str(error)
        report.refuted = batch.kind == "verification" and isinstance(error, UnreplayableActions)
    report.send(done=True)


class _Report:
    """What is to be said next."""

    def __init__(self, lease: UUID, say: Say) -> None:
        self.problem: str | None = None
        self.refuted = False
        self._lease, self._say = lease, say
        self._results: list[JobResult] = []
        self._recordings: list[Recording] = []
        self._sent_at = time.monotonic()

    def add(self, result: JobResult, recording: Recording | None) -> None:
        """One more episode; it is sent soon, a recording at once."""
        self._results.append(result)
        if recording is not None:
            self._recordings.append(recording)
        if recording is not None or time.monotonic() - self._sent_at >= REPORT_SECONDS:
            self.send(done=False)

    def send(self, *, done: bool) -> None:
        problem = None if self.problem is None else self.problem[:LONGEST_PROBLEM]
        self._say(
            JobProgress(
                lease=self._lease,
                results=self._results,
                recordings=self._recordings,
                problem=problem,
                refuted=self.refuted,
                done=done,
            )
        )
        self._results, self._recordings, self._sent_at = [], [], time.monotonic()


def _play_episode(
    batch: JobBatch, chain: SeedChain, episode: JobEpisode, evaluator: "Evaluator", report: _Report
) -> None:
    started = time.perf_counter()
    played = _play(batch, chain, episode, evaluator)
    recording = None
    if batch.kind == "recording":
        if len(played.actions) > MOST_ACTION_BYTES:
            report.problem = f"the episode's actions take more than {MOST_ACTION_BYTES:,} bytes: record a shorter one"
            return
        try:
            recording = _film(batch, episode, played)
        except (UnrenderableEnvironment, VideoTooLarge) as error:
            report.problem = str(error)  # the result and its actions hold all the same
    report.add(_result(batch, episode, played, time.perf_counter() - started), recording)


def _play(batch: JobBatch, chain: SeedChain, episode: JobEpisode, evaluator: "Evaluator") -> Played:
    if batch.kind == "verification" or episode.actions is not None:
        replay = Replay(batch.environment, episode.seed, episode.actions or b"", filmed=False)
        try:
            return replay.run()
        finally:
            replay.close()
    from worker.evaluation import individual_of

    return evaluator.evaluate(individual_of(chain), batch.environment, episode.seed)


def _film(batch: JobBatch, episode: JobEpisode, played: Played) -> Recording | None:
    if episode.rollout is None:
        return None
    replay = Replay(batch.environment, episode.seed, played.actions)
    try:
        video = make_video(replay, played.frames)
    finally:
        replay.close()
    return Recording(
        rollout=episode.rollout,
        video=base64.b64encode(video.mp4),
        poster=base64.b64encode(video.poster),
    )


def _result(batch: JobBatch, episode: JobEpisode, played: Played, seconds: float) -> JobResult:
    return JobResult(
        episode=episode.episode,
        score=played.score,
        steps=played.steps,
        frames=played.frames,
        digest=played.digest,
        seconds=seconds,
        actions=None if batch.kind == "test" else base64.b64encode(played.actions),
    )
