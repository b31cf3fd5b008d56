"""What the worker's main process and its evaluation processes say to each other: one JSON value a line."""

from typing import Literal
from uuid import UUID

from pydantic import Base64Bytes

from evolution.messages import Batch, EpisodeResult, JobBatch, JobResult
from evolution.model import Value

LONGEST_LINE_BYTES = 2**28


class Order(Value):
    """To an evaluation process: play a batch (whose `chains` has every parent) or a job's, or drop what is left of one.

    `branchings`, of each parent: how many seeds it shares with other parents that this worker will need.
    """

    play: Batch | None = None
    job: JobBatch | None = None
    branchings: dict[str, list[int]] = {}
    drop: UUID | None = None


class Ready(Value):
    """The process has loaded what it needs."""

    kind: Literal["ready"] = "ready"


class Progress(Value):
    """Episodes that were played. `done`: the batch is finished, or dropped."""

    kind: Literal["progress"] = "progress"
    lease: UUID
    results: list[EpisodeResult]
    done: bool


class Failure(Value):
    """The batch's environment cannot be played, or failed in one episode: the worker plays no more of it."""

    kind: Literal["failure"] = "failure"
    lease: UUID
    reason: str


class Recording(Value):
    """A rollout's video and poster, of at most `video.MOST_BYTES` and `poster.MOST_BYTES`."""

    rollout: str
    video: Base64Bytes
    poster: Base64Bytes


class JobProgress(Value):
    """Episodes of a job that were played. `problem`: why no more can be, `refuted` if that is for the actions to be
    verified. `done`: the batch is finished, or dropped."""

    kind: Literal["job-progress"] = "job-progress"
    lease: UUID
    results: list[JobResult]
    recordings: list[Recording]
    problem: str | None
    refuted: bool = False
    done: bool


Message = Ready | Progress | JobProgress | Failure


class Report(Value):
    """From an evaluation process."""

    message: Message
