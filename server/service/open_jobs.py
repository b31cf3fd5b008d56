"""Jobs that are not over, as the master holds them. They follow from what is stored; leases are in memory only."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from evolution.breeding import episode_seed
from evolution.environments import Environment
from evolution.messages import JobBatch, JobEpisode, Phase
from server.service.job_ranks import RECORDING_RANK, Rank
from server.service.job_schedule import JobGrant, JobSchedule
from server.service.workers import Worker
from server.storage.jobs import JobRow

UPLOAD_SECONDS = 30.0
"""How long after an episode was recorded its video may be on its way: it is not made again meanwhile."""
LOST_LEASES = 5
"""A job whose worker fell silent so often in a row is given up: it may be what ends its workers."""


@dataclass(eq=False)
class OpenJob:
    """One job. `document`: the policy's; `seed`, `actions`: of a recording or a verification; `run`: whose elite the
    library records."""

    row: JobRow
    document: dict[str, Any]
    done: set[int] = field(default_factory=set)
    engine: str | None = None
    """A test's, once it has a result; a recording's that must give a stored score."""
    seed: int | None = None
    actions: bytes | None = None
    run: str | None = None
    rank: Rank = ()
    lost: int = 0
    """How often in a row leases of it expired."""

    def seed_of(self, episode: int) -> int:
        """The seed of one of its episodes."""
        return test_seed(episode) if self.seed is None else self.seed


def test_seed(episode: int) -> int:
    """The seed of a test's episode: all tests of all policies meet the same chance, as `policy evaluate --seed 0`."""
    return episode_seed(0, 0, 0, Phase.TEST, episode)


class OpenJobs:
    """All open jobs and the schedule of their episodes."""

    def __init__(self, lease_seconds: float, batch_seconds: float, library_share: float) -> None:
        self.schedule = JobSchedule(lease_seconds, batch_seconds, library_share)
        self.changed: set[str] = set()
        """Jobs of whose progress watchers have not been told yet."""
        self.uploads: dict[str, float] = {}
        """Rollouts whose video a worker is about to bring, each with when that is given up."""
        self.tended_at = 0.0
        self._jobs: dict[str, OpenJob] = {}

    @property
    def count(self) -> int:
        """How many jobs are open."""
        return len(self._jobs)

    @property
    def outstanding(self) -> int:
        """Episodes without a result, but for what the library wants while it is given no time."""
        served = (job for job in self._jobs.values() if self.schedule.serves(job.row.asked_by))
        return sum(job.row.episodes - len(job.done) for job in served)

    def offer(self, job: OpenJob) -> None:
        """Hands out what is missing of the job from now on; one that is handed out already goes on as it is."""
        if job.row.id in self._jobs:
            return
        self._jobs[job.row.id] = job
        self.schedule.put(
            job.row.id,
            asker=job.row.asked_by,
            environment=job.row.environment["id"],
            engine=job.engine,
            is_bound=job.row.kind == "test" and bool(job.done),
            episodes=set(range(job.row.episodes)) - job.done,
            rank=job.rank,
        )

    def ids(self) -> set[str]:
        """All that are open."""
        return set(self._jobs)

    def hasten(self, id: str) -> None:
        """A person waits for a recording of the library: from now on it is theirs."""
        if job := self._jobs.get(id):
            job.row, job.rank = replace(job.row, asked_by="person"), RECORDING_RANK
            self.schedule.hasten(id, job.rank)

    def count_ranked(self, *, other_than: int) -> int:
        """How many of the library's jobs are open whose rank begins otherwise."""
        own = (job for job in self._jobs.values() if job.row.asked_by == "library")
        return sum(job.rank[:1] != (other_than,) for job in own)

    def find(self, id: str) -> OpenJob | None:
        """The job, if it is open."""
        return self._jobs.get(id)

    def is_told(self, id: str) -> bool:
        """Whether watchers are told of the job: it is open, and a person asked for it."""
        job = self._jobs.get(id)
        return job is not None and job.row.asked_by == "person"

    def recording(self, rollout: str) -> OpenJob | None:
        """The job that records this rollout, if one does."""
        own = (job for job in self._jobs.values() if job.row.rollout_id == rollout)
        return next((job for job in own if job.row.kind == "recording"), None)

    def expect_video(self, rollout: str, now: float) -> None:
        """The episode is recorded: its worker brings the video next."""
        self.awaited(now)
        self.uploads[rollout] = now + UPLOAD_SECONDS

    def awaited(self, now: float) -> set[str]:
        """Rollouts whose video is on its way."""
        self.uploads = {id: until for id, until in self.uploads.items() if until > now}
        return set(self.uploads)

    def is_seen_to(self, rollout: str, now: float) -> bool:
        """Whether the rollout's video is being made for a person, or brought: more cannot be done for who waits."""
        job = self.recording(rollout)
        return self.expects_video(rollout, now) if job is None else job.row.asked_by == "person"

    def expects_video(self, rollout: str, now: float) -> bool:
        """Whether the rollout's video is on its way."""
        return self.uploads.get(rollout, now) > now

    def of_run(self, run: str) -> list[OpenJob]:
        """The library's recordings of this run's elites that nobody has begun or waits for, oldest first."""
        own = (job for job in self._jobs.values() if job.run == run and job.row.asked_by == "library")
        return [job for job in own if not self.schedule.is_held(job.row.id)]

    def close(self, id: str) -> None:
        """The job is over."""
        self._jobs.pop(id, None)
        self.schedule.drop(id)

    def settle(self, id: str, episodes: set[int], seconds: float, engine: str) -> None:
        """Results of these episodes are stored."""
        job = self._jobs.get(id)
        if job and episodes:
            job.done |= episodes
            job.lost = 0
            self.schedule.settle(id, episodes, seconds)
            self.changed.add(id)
            if job.row.kind == "test":
                job.engine = engine
                self.schedule.bind(id, engine)

    def expire(self, now: float) -> list[str]:
        """Ends leases that nobody extended. Gives the jobs that have lost too many."""
        doomed = []
        # A worker may hold several leases of one job, which end together when it dies: that is one loss.
        for id in dict.fromkeys(self.schedule.expire(now)):
            if job := self._jobs.get(id):
                job.lost += 1
                doomed += [id] if job.lost >= LOST_LEASES else []
        return doomed

    def claim(
        self, worker: Worker, slots: int, now: float, *, is_spare: bool, is_played: Callable[[str, str], bool]
    ) -> JobBatch | None:
        """Work for one slot of the worker; see `JobSchedule.claim`."""
        grant = self.schedule.claim(worker.id, worker.engines, slots, now, is_spare=is_spare, is_played=is_played)
        if grant is None:
            return None
        self.changed.add(grant.job)
        return compose(self._jobs[grant.job], grant, now)

    def workers(self) -> set[UUID]:
        """Workers that play jobs now."""
        return self.schedule.workers()


def compose(job: OpenJob, grant: JobGrant, now: float) -> JobBatch:
    """The batch as the worker reads it."""
    return JobBatch(
        lease=grant.lease,
        expires_in=grant.expires_at - now,
        job=job.row.id,
        kind=job.row.kind,
        chain=job.document,
        environment=Environment.model_validate(job.row.environment),
        episodes=[_episode(job, episode) for episode in grant.episodes],
    )


def _episode(job: OpenJob, episode: int) -> JobEpisode:
    # The field's type reads base64: what is bytes already must not be read again.
    plain = JobEpisode(episode=episode, seed=job.seed_of(episode), rollout=job.row.rollout_id)
    return plain if job.actions is None else plain.model_copy(update={"actions": job.actions})
