"""One phase of a run: its outstanding episodes and who holds them. Pure; the clock comes in as `now`."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple
from uuid import UUID

from server.service.supply import Supply, Task

MAX_LIVE_LEASES = 2
"""An episode that seems lost is handed out a second time, never a third while both leases live."""
OVERDUE = 2.0
"""A lease that took this many times its expected duration may be handed out again when the queue runs dry. Below
that, a copy of work that is about to arrive would only keep a worker from the next phase."""
WATCHED_LEASES = 64
"""So many of the oldest leases are looked at for overdue work: whoever asks in vain at the end of a phase must not cost
a look at the whole fleet. What is younger is looked at as these end."""


class Grant(NamedTuple):
    """Work handed out. `expires_at` is in the schedule's own seconds."""

    lease: UUID
    run: str
    tasks: list[Task]
    expires_at: float


@dataclass(slots=True, eq=False)
class Lease:
    """A worker's hold on some tasks, in the schedule's own seconds."""

    id: UUID
    worker: UUID
    queue: "Queue"
    tasks: set[Task]
    granted_at: float
    expected_seconds: float
    expires_at: float


@dataclass
class Queue:
    """Outstanding episodes of one phase of a run.

    A new phase is a new queue: what is leased of the old one is not handed out again.
    """

    run: str
    weight: float
    environment: str
    engine: str
    supply: Supply
    used_seconds: float
    """Worker time spent on the run so far, on the scale of the fair share."""
    barred: Mapping[Task, frozenset[UUID]] = field(default_factory=dict)
    """Workers that may not play a task: they have, and another's word is wanted."""
    returned: deque[Task] = field(default_factory=deque)
    holders: dict[Task, list[Lease]] = field(default_factory=dict)
    leases: dict[UUID, Lease] = field(default_factory=dict)
    """Live leases, oldest first."""
    dry_since: float | None = None
    """When somebody first asked for its work in vain, since it last had some to give."""

    @property
    def unleased(self) -> float:
        """How many tasks have neither a result nor a live lease."""
        return self.supply.left - len(self.holders)

    def take(self, most: int, worker: UUID) -> list[Task]:
        """Up to `most` (1 or more) tasks for the worker that nobody holds, those handed back first."""
        tasks: list[Task] = []
        passed: list[Task] = []
        for task in chain(self._handed_back(), self.supply):
            (passed if self._is_barred(worker, task) else tasks).append(task)
            if len(tasks) == most:
                break
        self.returned.extend(passed)
        return tasks

    def overdue(self, worker: UUID, now: float) -> Task | None:
        """The oldest unfinished task that took too long on another worker, if it may be handed out again."""
        for lease in islice(self.leases.values(), WATCHED_LEASES):
            if lease.worker != worker and now - lease.granted_at > OVERDUE * lease.expected_seconds:
                for task in sorted(lease.tasks):
                    if len(self.holders[task]) < MAX_LIVE_LEASES and not self._is_barred(worker, task):
                        return task
        return None

    def settle(self, tasks: Sequence[Task]) -> list[Lease]:
        """Their results are committed: whoever holds them need not play them. Gives the leases that this finished."""
        self.supply.settle(tasks)
        finished: list[Lease] = []
        for task in tasks:
            for lease in self.holders.pop(task, ()):
                lease.tasks.discard(task)
                if not lease.tasks:
                    self.leases.pop(lease.id, None)
                    finished.append(lease)
        return finished

    def give_back(self, lease: Lease) -> None:
        """The lease ends; what it alone held returns to the head of the queue."""
        self.leases.pop(lease.id, None)
        for task in sorted(lease.tasks, reverse=True):
            holders = self.holders[task]
            holders.remove(lease)
            if not holders:
                del self.holders[task]
                self.returned.appendleft(task)

    def _handed_back(self) -> Iterator[Task]:
        """Takes out what was given back and has no result yet, one after the other."""
        while self.returned:
            task = self.returned.popleft()
            if self.supply.wants(task):
                yield task

    def _is_barred(self, worker: UUID, task: Task) -> bool:
        return worker in self.barred.get(task, ())
