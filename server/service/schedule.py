"""Who plays what next: the master's queue of episodes, its leases and the fair share between runs.

Pure: the clock comes in as `now` (monotonic seconds), nothing is written. A lease only schedules, it never decides
what is true: losing this whole object loses no result, since it is rebuilt from what is stored.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import count
from uuid import UUID, uuid4

from server.service.queue import Grant, Lease, Queue
from server.service.supply import Supply, Task

UNKNOWN_EPISODE_SECONDS = 1.0
"""Taken for an episode's duration until the first one of its run has been measured."""
MAX_BATCH_EPISODES = 1000
CREDIT_SECONDS = 60.0
"""A run that had no work to give is owed at most this much worker time for each slot of the fleet."""
SHORT_TURN_SLOTS = 16
"""In a larger fleet some slot becomes free at every moment: nobody need cut turns short, which costs requests."""
PATIENCE, PATIENCE_SECONDS = 0.2, 1.0
"""A slot waits for the next phase of a run that is owed more: for so much of another run's episode, at most so long."""
TURN_SECONDS = PATIENCE_SECONDS
"""About so much is played of another run meanwhile: its single episodes could be so short that requests cost more."""
KNOWN = 1 / 3
"""For so much of its time a lease counts as in its worker's hand unless extended, which workers do four times a lease.
One that is not extended was granted in a reply that never arrived: nobody plays it, though it lives on."""
MEMORY = 0.8
"""Weight of the past in the moving average of an episode's duration."""


class Schedule:
    """All runs' outstanding episodes and the leases on them.

    Fair means equal worker-seconds by weight (stride scheduling): the next batch goes to the run that has had the
    least, counting what its live leases are expected to take. A batch is about `batch_seconds` of work at the
    worker's measured speed, less as the queue drains, down to single episodes.

    A run of short phases has nothing to give at the end of each, and would find every worker busy with long batches
    when the next one opens. So in a small fleet whoever is served in its stead gets a short turn: about a second's
    episodes, none of them ahead, and none at all for the moment that the phase still takes, where an episode would take
    far longer.
    Nor does anybody take one run's work ahead while it plays another's, behind which it would wait.
    """

    def __init__(self, lease_seconds: float, batch_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._batch_seconds = batch_seconds
        self.expired = 0
        """Leases so far that nobody extended in time."""
        self._queues: dict[str, Queue] = {}
        self._former: dict[str, list[Queue]] = {}
        """Closed phases' queues on which leases still live."""
        self._leases: dict[UUID, Lease] = {}
        self._hands: dict[UUID, dict[UUID, Lease]] = {}
        """By worker, its live leases, oldest first: in this order it plays them."""
        self._expiries: list[tuple[float, int, UUID]] = []
        self._order = count()
        self._run_pace: dict[str, float] = {}
        self._worker_pace: dict[tuple[str, UUID], float] = {}

    def put(
        self,
        run: str,
        *,
        weight: float,
        environment: str,
        engine: str,
        supply: Supply,
        barred: Mapping[Task, frozenset[UUID]] | None = None,
    ) -> None:
        """Open a phase of `run`. `barred`: workers that may not play some of its tasks.

        Leases on the run's former phase live on, but their tasks are not handed out again.
        """
        former = self._queues.get(run)
        if former is not None and former.leases:
            self._former.setdefault(run, []).append(former)
        shares = [self._share(queue) for queue in self._queues.values()]
        self._queues[run] = Queue(
            run=run,
            weight=weight,
            environment=environment,
            engine=engine,
            supply=supply,
            barred=barred or {},
            # A run that joins starts level with the least served: it is owed nothing for the time before.
            used_seconds=former.used_seconds if former else min(shares, default=0.0) * weight,
        )

    def reweigh(self, run: str, weight: float) -> None:
        """Change the run's share from now on; what it has had stays had."""
        if queue := self._queues.get(run):
            queue.used_seconds *= weight / queue.weight
            queue.weight = weight

    def drop(self, run: str) -> None:
        """Hand out nothing more of `run`; its leases are lost, their results still welcome."""
        for queue in self._queues_of(run):
            for lease in queue.leases:
                self._forget(lease)
        self._queues.pop(run, None)
        self._former.pop(run, None)
        self._run_pace.pop(run, None)
        for key in [key for key in self._worker_pace if key[0] == run]:
            del self._worker_pace[key]

    def claim(
        self, worker: UUID, engines: Mapping[str, str], slots: int, now: float, own_slots: int = 1
    ) -> Grant | None:
        """A batch for one slot of `worker`, which can play the environments in `engines` (id to engine).

        `slots`: evaluation processes of the whole fleet; the end of a phase is divided among them. `own_slots`: those
        of the worker. None: nothing now. To serve waiting workers, call it for each in order of arrival until it gives
        None.
        """
        suited = [queue for queue in self._queues.values() if engines.get(queue.environment) == queue.engine]
        self._bound_credit(slots)
        suited.sort(key=self._share)
        for place, queue in enumerate(suited):
            if queue.unleased <= 0:
                continue
            # Those before it in the row are owed more, but have nothing to give until their open phase is complete.
            owed = suited[:place] if self.makes_short_turns(slots) else []
            if self.can_wait(worker, slots, own_slots, now) and (owed or self._plays_another(worker, queue, now)):
                return None
            patience = min(PATIENCE * self._pace(queue.run, worker), PATIENCE_SECONDS)
            if any(self._opens_soon(run, now, patience) for run in owed):
                return None
            if tasks := queue.take(self._batch_size(queue, worker, slots, is_short=bool(owed)), worker):
                return self._grant(queue, worker, tasks, now)
        for queue in suited:
            if task := queue.overdue(worker, now):
                return self._grant(queue, worker, [task], now)
        return None

    def settle(self, run: str, tasks: Iterable[Task], seconds: float, worker: UUID | None = None) -> None:
        """Results of `tasks` are committed, `seconds` of one slot's time in all; repeats count as time spent too."""
        settled = list(tasks)
        if not settled:
            return
        self._measure(run, worker, seconds / len(settled))
        if queue := self._queues.get(run):
            queue.used_seconds += seconds
        for phase in self._queues_of(run):
            for lease in phase.settle(settled):
                self._forget(lease.id)
        if former := [queue for queue in self._former.pop(run, []) if queue.leases]:
            self._former[run] = former

    def extend(self, leases: Iterable[UUID], now: float) -> dict[UUID, float]:
        """Keep the leases alive; the answer names those that still are, with their new expiry."""
        alive = {}
        for lease in (self._leases[id] for id in leases if id in self._leases):
            lease.expires_at = now + self._lease_seconds
            self._watch(lease)
            alive[lease.id] = lease.expires_at
        return alive

    def release(self, leases: Iterable[UUID]) -> None:
        """End the leases; their unfinished tasks go first when work is next handed out."""
        for id in leases:
            self._end(id)

    def expire(self, now: float) -> list[UUID]:
        """End the leases that nobody extended in time, and name them."""
        ended = []
        while self._expiries and self._expiries[0][0] <= now:
            _, _, id = heapq.heappop(self._expiries)
            lease = self._leases.get(id)
            # An entry of a lease extended since is stale: a later entry watches it.
            if lease is not None and lease.expires_at <= now:
                self._end(id)
                ended.append(id)
        self.expired += len(ended)
        return ended

    def forget(self, worker: UUID) -> int:
        """The worker left: end its leases, drop its measured speed, and tell how many tasks go to others."""
        theirs = list(self._hands.get(worker, {}).values())
        count = sum(len(lease.tasks) for lease in theirs)
        self.release([lease.id for lease in theirs])
        for run in self._run_pace:
            self._worker_pace.pop((run, worker), None)
        return count

    def makes_short_turns(self, slots: int) -> bool:
        """Whether it keeps waiting requests from work that there is: of several runs, in a fleet of few slots."""
        return len(self._queues) > 1 and slots <= SHORT_TURN_SLOTS

    def can_wait(self, worker: UUID, slots: int, own_slots: int, now: float) -> bool:
        """Whether a worker of so small a fleet holds a batch for each of its slots, so that it may be refused others'.

        Others that wait behind it may still be given work.
        """
        return self.makes_short_turns(slots) and len(self._known(worker, now)) >= own_slots

    def workers(self) -> set[UUID]:
        """Those who hold leases now."""
        return set(self._hands)

    def leased(self, run: str) -> int:
        """Tasks of the run under a live lease."""
        queue = self._queues.get(run)
        return len(queue.holders) if queue else 0

    def leases_of(self, worker: UUID) -> dict[str, int]:
        """For each run, how many tasks the worker holds."""
        return self.held().get(worker, {})

    def held(self) -> dict[UUID, dict[str, int]]:
        """For each worker that holds any, by run, how many tasks."""
        held: dict[UUID, dict[str, int]] = {}
        for lease in self._leases.values():
            runs = held.setdefault(lease.worker, {})
            runs[lease.queue.run] = runs.get(lease.queue.run, 0) + len(lease.tasks)
        return held

    def _grant(self, queue: Queue, worker: UUID, tasks: list[Task], now: float) -> Grant:
        lease = Lease(
            id=uuid4(),
            worker=worker,
            queue=queue,
            tasks=set(tasks),
            granted_at=now,
            expected_seconds=len(tasks) * self._pace(queue.run, worker),
            expires_at=now + self._lease_seconds,
        )
        self._leases[lease.id] = queue.leases[lease.id] = lease
        self._hands.setdefault(worker, {})[lease.id] = lease
        if queue.unleased > 0:
            queue.dry_since = None
        for task in tasks:
            queue.holders.setdefault(task, []).append(lease)
        self._watch(lease)
        return Grant(lease.id, queue.run, tasks, lease.expires_at)

    def _queues_of(self, run: str) -> list[Queue]:
        current = self._queues.get(run)
        return self._former.get(run, []) + ([current] if current else [])

    def _end(self, id: UUID) -> None:
        lease = self._forget(id)
        if lease is not None:
            lease.queue.give_back(lease)

    def _forget(self, id: UUID) -> Lease | None:
        lease = self._leases.pop(id, None)
        if lease is not None:
            hand = self._hands[lease.worker]
            del hand[id]
            if not hand:
                del self._hands[lease.worker]
        return lease

    def _known(self, worker: UUID, now: float) -> list[Lease]:
        """The worker's live leases that were granted or extended lately enough for it to know of them."""
        known_until = now + (1 - KNOWN) * self._lease_seconds
        return [lease for lease in self._hands.get(worker, {}).values() if lease.expires_at >= known_until]

    def _plays_another(self, worker: UUID, queue: Queue, now: float) -> bool:
        """Whether what the worker is given now would wait behind another run's work, and its phase with it."""
        return any(lease.queue.run != queue.run for lease in self._known(worker, now))

    def _opens_soon(self, queue: Queue, now: float, patience: float) -> bool:
        """Whether what is left of the queue's phase is in play, and comes to no more than `patience` seconds."""
        queue.dry_since = now if queue.dry_since is None else queue.dry_since
        if now - queue.dry_since > patience:
            return False
        left: Counter[UUID] = Counter()
        for lease in queue.leases.values():
            if next(iter(self._hands[lease.worker].values())).queue is not queue:
                return False
            left[lease.worker] += len(lease.tasks)
        return all(count * self._pace(queue.run, worker) <= patience for worker, count in left.items())

    def _watch(self, lease: Lease) -> None:
        heapq.heappush(self._expiries, (lease.expires_at, next(self._order), lease.id))

    def _share(self, queue: Queue) -> float:
        expected = len(queue.holders) * self._run_pace.get(queue.run, UNKNOWN_EPISODE_SECONDS)
        return (queue.used_seconds + expected) / queue.weight

    def _bound_credit(self, slots: int) -> None:
        if len(self._queues) > 1:
            floor = max(map(self._share, self._queues.values())) - CREDIT_SECONDS * slots
            for queue in self._queues.values():
                lag = floor - self._share(queue)
                if lag > 0:
                    queue.used_seconds += lag * queue.weight

    def _pace(self, run: str, worker: UUID) -> float:
        return self._worker_pace.get((run, worker), self._run_pace.get(run, UNKNOWN_EPISODE_SECONDS))

    def _batch_size(self, queue: Queue, worker: UUID, slots: int, *, is_short: bool) -> int:
        if queue.run not in self._run_pace:
            return 1
        seconds = min(self._batch_seconds, TURN_SECONDS) if is_short else self._batch_seconds
        by_time = seconds / max(self._pace(queue.run, worker), 1e-9)
        by_end = queue.unleased / (2 * max(slots, 1))
        return max(1, min(MAX_BATCH_EPISODES, math.floor(min(by_time, by_end))))

    def _measure(self, run: str, worker: UUID | None, seconds: float) -> None:
        if run in self._queues:
            self._run_pace[run] = _blend(self._run_pace.get(run), seconds)
            if worker is not None:
                key = (run, worker)
                self._worker_pace[key] = _blend(self._worker_pace.get(key), seconds)


def _blend(past: float | None, present: float) -> float:
    return present if past is None else MEMORY * past + (1 - MEMORY) * present
