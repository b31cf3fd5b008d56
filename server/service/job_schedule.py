"""Who plays jobs: tests and recordings of single policies, beside the runs. Pure; the clock comes in as `now`.

Jobs that a person asked for go first, up to a fifth of the fleet's time; the library's own recordings up to a tenth. No
run, no bound. Losing this object loses nothing: it is rebuilt from the jobs that are stored as open.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import Literal
from uuid import UUID, uuid4

from server.service.allowance import Allowance
from server.service.job_ranks import Rank
from server.service.queue import WATCHED_LEASES

Asker = Literal["person", "library"]
PERSON_SHARE, LIBRARY_SHARE = 0.2, 0.1
"""Most of the fleet's time that jobs of each asker take from the runs."""
UNKNOWN_EPISODE_SECONDS = 3.0
"""Taken for an episode's duration until one of the job has been measured: about what a recording takes."""
MAX_BATCH_EPISODES = 100
OVERDUE = 2.0
"""What takes so many times as long as expected, and longer than a lease lives unless extended, is handed out again."""
MAX_LIVE_LEASES = 2
"""On one episode."""
MEMORY = 0.8
"""Weight of the past in the moving average of an episode's duration."""


@dataclass(frozen=True)
class JobGrant:
    """Episodes of a job, handed out. `expires_at` is in the schedule's own seconds."""

    lease: UUID
    job: str
    episodes: list[int]
    expires_at: float


@dataclass(eq=False)
class JobQueue:
    """What is left of one job. `rank`: the lower, the earlier among its asker's jobs. `engine`: None if any will do;
    another may try where nobody has it, unless the job `is_bound` to it."""

    job: str
    asker: Asker
    rank: Rank
    environment: str
    engine: str | None
    waiting: deque[int]
    is_bound: bool = False
    pace: float | None = None
    leases: "dict[UUID, JobLease]" = field(default_factory=dict)
    """Live ones, oldest first."""


@dataclass(eq=False)
class JobLease:
    """A worker's hold on some episodes. `charged`: what the allowance of `asker`, whose job it was when it was handed
    out, still pays for each of them, in s. `overdue_at`: from then on others may play them too."""

    id: UUID
    worker: UUID
    queue: JobQueue
    asker: Asker
    episodes: set[int]
    charged: float
    expires_at: float
    overdue_at: float


@dataclass
class JobSchedule:
    """All open jobs' outstanding episodes, and the leases on them."""

    lease_seconds: float
    batch_seconds: float
    library_share: float = LIBRARY_SHARE
    """0: the library's own recordings wait, even where nobody needs the time."""
    expired: int = 0
    """Leases so far that nobody extended in time."""
    _queues: dict[str, JobQueue] = field(default_factory=dict)
    _leases: dict[UUID, JobLease] = field(default_factory=dict)
    _hands: Counter[UUID] = field(default_factory=Counter)
    """By worker, how many leases it holds."""
    _allowances: dict[Asker, Allowance] = field(init=False)
    _order: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        # In the order in which they go.
        self._allowances = {"person": Allowance(PERSON_SHARE, self.batch_seconds)}
        if self.library_share:
            self._allowances["library"] = Allowance(self.library_share, self.batch_seconds)

    def put(
        self,
        job: str,
        *,
        asker: Asker,
        environment: str,
        engine: str | None,
        episodes: Iterable[int],
        rank: Rank = (),
        is_bound: bool = False,
    ) -> None:
        """Hand out these episodes from now on. Of equal rank, the job that came first goes first."""
        self._queues[job] = JobQueue(
            job, asker, (*rank, next(self._order)), environment, engine, deque(sorted(episodes)), is_bound
        )

    def bind(self, job: str, engine: str) -> None:
        """The job is played by this engine alone: scores of several would not be comparable."""
        if queue := self._queues.get(job):
            queue.engine, queue.is_bound = engine, True

    def drop(self, job: str) -> None:
        """Hand out nothing more of the job; its leases are lost."""
        if queue := self._queues.pop(job, None):
            self.release(list(queue.leases))

    def claim(
        self,
        worker: UUID,
        engines: Mapping[str, str],
        slots: int,
        now: float,
        *,
        is_spare: bool = False,
        is_played: Callable[[str, str], bool] = lambda *_: True,
    ) -> JobGrant | None:
        """A batch for one slot of `worker`, which can play the environments in `engines` (id to engine).

        `slots`: of the whole fleet. `is_spare`: no run wants the slot, so that no share bounds the jobs. `is_played`:
        whether anybody has this environment's engine; if nobody does, another may try. None: nothing now.
        """
        for asker, allowance in self._allowances.items():
            allowance.accrue(slots, now)
            if not (is_spare or allowance.is_open):
                continue
            suited = [
                queue for queue in self._queues.values() if queue.asker == asker and _suits(queue, engines, is_played)
            ]
            if waiting := [queue for queue in suited if queue.waiting]:
                queue = min(waiting, key=lambda queue: queue.rank)
                episodes = [queue.waiting.popleft() for _ in range(self._batch_size(queue, slots))]
                return self._grant(queue, episodes, worker, now, is_free=is_spare)
            if late := self._overdue(suited, worker, now):
                queue, episode = late
                return self._grant(queue, [episode], worker, now, is_free=is_spare)
        return None

    def hasten(self, job: str, rank: Rank) -> None:
        """A person waits for a job of the library: from now on it goes as theirs. What is in play stays the library's
        time."""
        queue = self._queues.get(job)
        if queue is not None and queue.asker == "library":
            queue.asker, queue.rank = "person", (*rank, next(self._order))

    def settle(self, job: str, episodes: Iterable[int], seconds: float) -> None:
        """Results of `episodes` are stored, `seconds` of one slot's time in all."""
        settled = set(episodes)
        queue = self._queues.get(job)
        if queue is None or not settled:
            return
        each = seconds / len(settled)
        queue.pace = each if queue.pace is None else MEMORY * queue.pace + (1 - MEMORY) * each
        unheld = set(settled)
        for lease in list(queue.leases.values()):
            unheld -= lease.episodes
            if (done := len(lease.episodes & settled)) and lease.charged:
                self._allowances[lease.asker].spend(done * (each - lease.charged))
            lease.episodes -= settled
            if not lease.episodes:
                self._forget(lease.id)
        if unheld:
            # Of a lease that expired meanwhile: they wait to be handed out again, which is not needed now.
            queue.waiting = deque(episode for episode in queue.waiting if episode not in unheld)

    def extend(self, leases: Iterable[UUID], now: float) -> dict[UUID, float]:
        """Keep the leases alive; the answer names those that still are, with their new expiry."""
        alive = {}
        for lease in (self._leases[id] for id in leases if id in self._leases):
            alive[lease.id] = lease.expires_at = now + self.lease_seconds
        return alive

    def release(self, leases: Iterable[UUID]) -> None:
        """End the leases; their unfinished episodes go first when the job is next handed out."""
        for id in leases:
            self._end(id)

    def expire(self, now: float) -> list[str]:
        """End the leases that nobody extended in time. Gives the job of each."""
        ended = [lease for lease in self._leases.values() if lease.expires_at <= now]
        self.release([lease.id for lease in ended])
        self.expired += len(ended)
        return [lease.queue.job for lease in ended]

    def forget(self, worker: UUID) -> int:
        """The worker left: end its leases, and tell how many episodes go to others."""
        if not self._hands[worker]:
            return 0
        theirs = [lease for lease in self._leases.values() if lease.worker == worker]
        self.release([lease.id for lease in theirs])
        return sum(len(lease.episodes) for lease in theirs)

    def serves(self, asker: Asker) -> bool:
        """Whether jobs of this asker get any time at all."""
        return asker in self._allowances

    def is_held(self, job: str) -> bool:
        """Whether somebody plays it now."""
        return job in self._queues and bool(self._queues[job].leases)

    def held_by(self, worker: UUID) -> int:
        """Leases that the worker holds."""
        return self._hands[worker]

    def workers(self) -> set[UUID]:
        """Those who play jobs now."""
        return set(self._hands)

    def _overdue(self, queues: list[JobQueue], worker: UUID, now: float) -> tuple[JobQueue, int] | None:
        """An episode on which another worker takes too long: it may be frozen, though its lease is extended."""
        oldest = islice(chain.from_iterable(queue.leases.values() for queue in queues), WATCHED_LEASES)
        for lease in oldest:
            if lease.worker != worker and lease.overdue_at < now:
                alike = [other.episodes for other in lease.queue.leases.values()]
                for episode in sorted(lease.episodes):
                    if sum(episode in held for held in alike) < MAX_LIVE_LEASES:
                        return lease.queue, episode
        return None

    def _grant(self, queue: JobQueue, episodes: list[int], worker: UUID, now: float, *, is_free: bool) -> JobGrant:
        each = queue.pace or UNKNOWN_EPISODE_SECONDS
        charged = 0.0 if is_free else each
        self._allowances[queue.asker].spend(charged * len(episodes))
        overdue_at = now + max(self.lease_seconds, OVERDUE * each * len(episodes))
        expires_at = now + self.lease_seconds
        lease = JobLease(uuid4(), worker, queue, queue.asker, set(episodes), charged, expires_at, overdue_at)
        self._leases[lease.id] = queue.leases[lease.id] = lease
        self._hands[worker] += 1
        return JobGrant(lease.id, queue.job, episodes, lease.expires_at)

    def _batch_size(self, queue: JobQueue, slots: int) -> int:
        if queue.pace is None:
            return 1
        by_time = self.batch_seconds / max(queue.pace, 1e-9)
        by_end = len(queue.waiting) / (2 * max(slots, 1))
        return max(1, min(MAX_BATCH_EPISODES, math.floor(min(by_time, by_end))))

    def _end(self, id: UUID) -> None:
        lease = self._forget(id)
        if lease is not None:
            self._allowances[lease.asker].spend(-lease.charged * len(lease.episodes))
            others = [other.episodes for other in lease.queue.leases.values()]
            lease.queue.waiting.extendleft(sorted(lease.episodes.difference(*others), reverse=True))

    def _forget(self, id: UUID) -> JobLease | None:
        lease = self._leases.pop(id, None)
        if lease is not None:
            del lease.queue.leases[id]
            self._hands[lease.worker] -= 1
            if not self._hands[lease.worker]:
                del self._hands[lease.worker]
        return lease


def _suits(queue: JobQueue, engines: Mapping[str, str], is_played: Callable[[str, str], bool]) -> bool:
    engine = engines.get(queue.environment)
    if engine is None:
        return False
    if queue.engine is None or queue.engine == engine:
        return True
    return not queue.is_bound and not is_played(queue.environment, queue.engine)
