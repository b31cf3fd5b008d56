"""Requests that wait for work, in order of arrival. They hold nothing but their place."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count, takewhile

from evolution.messages import BatchReply
from server.service.workers import Worker

TRIED_WAITERS = 8
"""How many waiters of one kind are offered work in vain before the rest of the kind is left alone. One refusal does not
suffice: a worker is never given its own overdue episodes again, another may be."""


@dataclass(eq=False)
class Waiter:
    """One waiting request. `answer` comes when there is work, or at `deadline` (monotonic seconds) without."""

    worker: Worker
    engines: Mapping[str, str]
    """Those of the worker, as it asked: what line it stands in."""
    holds: frozenset[str]
    wants: int
    deadline: float
    arrival: int
    answer: "asyncio.Future[BatchReply]"


@dataclass
class Waiters:
    """The queue. Workers with the same engines can play the same: each such kind has a line of its own."""

    _lines: dict[int, OrderedDict[int, Waiter]] = field(default_factory=dict)
    _arrivals: "count[int]" = field(default_factory=count)

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def join(self, worker: Worker, holds: frozenset[str], wants: int, deadline: float) -> Waiter:
        """Takes the last place."""
        answer = asyncio.get_running_loop().create_future()
        waiter = Waiter(worker, worker.engines, holds, wants, deadline, next(self._arrivals), answer)
        self._lines.setdefault(id(waiter.engines), OrderedDict())[waiter.arrival] = waiter
        return waiter

    def part(self, waiter: Waiter) -> None:
        """Leaves the queue, answered or not."""
        key = id(waiter.engines)
        if line := self._lines.get(key):
            line.pop(waiter.arrival, None)
            if not line:
                del self._lines[key]

    def serve(
        self, answer: Callable[[Waiter], BatchReply | None], can_wait: Callable[[Waiter], bool] = lambda _: False
    ) -> None:
        """Offers work to each in order of arrival, until none of any kind takes it.

        `can_wait`: whether a waiter's refusal says nothing of those behind it.
        """
        refusals: dict[int, int] = {}
        passed: set[int] = set()
        while waiter := self._next(refusals, passed):
            reply = answer(waiter)
            if reply is None:
                key = id(waiter.engines)
                # One that only listens refuses nothing: behind it others may want work.
                refusals[key] = refusals.get(key, 0) + (waiter.wants > 0 and not can_wait(waiter))
                passed.add(waiter.arrival)
            else:
                self._resolve(waiter, reply)

    def expire(self, now: float) -> None:
        """Answers those that waited long enough."""
        for line in list(self._lines.values()):
            for waiter in list(takewhile(lambda waiter: waiter.deadline <= now, line.values())):
                self._resolve(waiter, BatchReply())

    def dismiss(self) -> None:
        """Answers all: the master stops."""
        for line in list(self._lines.values()):
            for waiter in list(line.values()):
                self._resolve(waiter, BatchReply())

    def _next(self, refusals: Mapping[int, int], passed: set[int]) -> Waiter | None:
        heads = []
        for key, line in self._lines.items():
            if refusals.get(key, 0) < TRIED_WAITERS:
                head = next((waiter for waiter in line.values() if waiter.arrival not in passed), None)
                heads.extend([head] if head else [])
        return min(heads, key=lambda waiter: waiter.arrival, default=None)

    def _resolve(self, waiter: Waiter, reply: BatchReply) -> None:
        self.part(waiter)
        if not waiter.answer.done():
            waiter.answer.set_result(reply)
