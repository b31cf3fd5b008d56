"""A job's batch under a lease, as the worker's main process has it in hand."""

import math
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from evolution.messages import JobBatch, JobResult, JobSubmission
from worker.orders import JobProgress, Recording


@dataclass(eq=False)
class JobHolding:
    """Like `holdings.Holding`: episodes of one policy that somebody asked for."""

    batch: JobBatch
    engine: str
    finished: list[JobResult] = field(default_factory=list)
    """Played and not yet put into a submission."""
    recordings: list[Recording] = field(default_factory=list)
    """Of those."""
    problem: str | None = None
    """Why the rest cannot be played; not yet put into a submission."""
    refuted: bool = False
    """Whether that is for the actions to be verified."""
    lost: bool = False
    """The lease has ended, or the batch is given back: what is not in play is not played."""
    pace: float = math.inf
    """Not learnt: the next batch is at hand when this one is finished."""

    @property
    def lease(self) -> UUID:
        return self.batch.lease

    @property
    def purpose(self) -> str:
        return f"job {self.batch.job}"

    @property
    def is_nearly_played(self) -> bool:
        return False

    def take(self, progress: JobProgress) -> None:
        """These episodes are played, or the rest cannot be."""
        self.finished += progress.results
        self.recordings += progress.recordings
        self.problem = self.problem or progress.problem
        self.refuted = progress.refuted

    def collect(self) -> tuple[JobSubmission, list[Recording]] | None:
        """What there is to submit, and the recordings that follow it; None: nothing."""
        if not self.finished and self.problem is None:
            return None
        results, recordings, problem = self.finished, self.recordings, self.problem
        self.finished, self.recordings, self.problem = [], [], None
        submission = JobSubmission(
            id=uuid4(),
            lease=self.lease,
            job=self.batch.job,
            engine=self.engine,
            results=results,
            problem=problem,
            refuted=self.refuted,
        )
        return submission, recordings
