"""A hundred thousand workers against the pure schedules: everybody is served, runs share fairly, all is played, and
nothing that one of them asks costs a look at the fleet. Arrivals, speeds and losses are drawn, and no clock is read."""

import gc
import heapq
import random
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import Any
from uuid import UUID

import pytest

from server.service.job_schedule import JobGrant, JobSchedule
from server.service.queue import Grant
from server.service.schedule import Schedule
from server.service.supply import FixedSupply, Grid
from server.service.workers import Workers
from tests.clock import FakeClock
from tests.unit.service.test_workers import announcement, identity

ENGINES = {"Game": "exact"}
WORKERS = 100_000
ARRIVAL_SECONDS = 5
"""All arrive within this time, each independently of the others."""
LEASE_SECONDS = 30
LAST_SECOND = 120
LOST = 0.05
"""So many vanish without a word in the middle of their first batch, as machines do that are taken away."""
EPISODE_SECONDS = {"short": 5.0, "long": 16.0, "test": 2.5}
WEIGHTS = {"short": 1.0, "long": 3.0}
EPISODES = {"short": 75_000, "long": 70_000}
"""More than there are workers, so that nobody who arrives finds it all given away."""
TESTS, TEST_EPISODES = 4, 250
"""Jobs that a person asked for."""


def operations(work: Callable[[], Any]) -> int:
    """How many instructions of Python's interpreter the call takes: as many on every machine, busy or not."""
    counted = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal counted
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        counted += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return counted


def open_run(schedule: Schedule, run: str, episodes: int) -> None:
    """Offers so many episodes of a run whose episodes' duration is known."""
    supply = FixedSupply(Grid(0, 0, range(episodes), 1), bytearray(episodes))
    schedule.put(run, weight=WEIGHTS[run], environment="Game", engine="exact", supply=supply)
    schedule.settle(run, [(-1, 0, 0, 0)], EPISODE_SECONDS[run])


class Fleet:
    """Workers of one slot each, and what becomes of what they claim."""

    def __init__(self, size: int, episodes: dict[str, int], sampled: float) -> None:
        """`episodes`: of each run. `sampled`: of so many claims the cost is counted."""
        self.now = 0.0
        self.present = 0
        self.served: set[UUID] = set()
        self.lost: set[UUID] = set()
        self.idle: deque[UUID] = deque()
        self.given: defaultdict[str, float] = defaultdict(float)
        """Seconds of slots, by run."""
        self.done: Counter[tuple[str, Any]] = Counter()
        self.costs: list[int] = []
        """Instructions that the claims of the sample took."""
        self.schedule, self.jobs = Schedule(LEASE_SECONDS, 5), JobSchedule(LEASE_SECONDS, 5)
        for run, many in episodes.items():
            open_run(self.schedule, run, many)
        for number in range(TESTS):
            job = f"test {number}"
            self.jobs.put(job, asker="person", environment="Game", engine=None, episodes=range(TEST_EPISODES))
        self._chance, self._sampled, self._order = random.Random(1), sampled, count()
        arrivals = [self._chance.uniform(0, ARRIVAL_SECONDS) for _ in range(size)]
        self._events: list[tuple[float, int, UUID, Grant | JobGrant | None, float]] = []
        for moment in arrivals:
            self._plan(moment, UUID(int=next(self._order)), None, 0.0)

    def play(self, until: int) -> None:
        """Lets time pass; each second leases expire, and those who wait ask again as long as there is work."""
        for second in range(int(self.now), until):
            while self._events and self._events[0][0] < second + 1:
                self.now, _, worker, grant, spent = heapq.heappop(self._events)
                self._arrive(worker) if grant is None else self._answer(worker, grant, spent)
            self.now = float(second + 1)
            self.jobs.expire(self.now)
            self.schedule.expire(self.now)
            waiting, self.idle = self.idle, deque()
            while waiting and not self.idle:
                self._ask(waiting.popleft())
            self.idle.extend(waiting)

    def _plan(self, moment: float, worker: UUID, grant: Grant | JobGrant | None, spent: float) -> None:
        heapq.heappush(self._events, (moment, next(self._order), worker, grant, spent))

    def _arrive(self, worker: UUID) -> None:
        self.present += 1
        if self._chance.random() < LOST:
            self.lost.add(worker)
        self._ask(worker)

    def _ask(self, worker: UUID) -> None:
        grant = self.jobs.claim(worker, ENGINES, self.present, self.now) or self._claim(worker)
        if grant is None:
            self.idle.append(worker)
            return
        self.served.add(worker)
        kind, episodes = _content(grant)
        spent = len(episodes) * EPISODE_SECONDS[kind.partition(" ")[0]] * self._chance.uniform(0.9, 1.1)
        self.given[kind] += spent
        if worker in self.lost:
            self.present -= 1
        else:
            self._plan(self.now + spent, worker, grant, spent)

    def _claim(self, worker: UUID) -> Grant | None:
        granted: list[Grant | None] = []

        def claim() -> None:
            granted.append(self.schedule.claim(worker, ENGINES, self.present, self.now))

        if self._chance.random() < self._sampled:
            self.costs.append(operations(claim))
        else:
            claim()
        return granted[0]

    def _answer(self, worker: UUID, grant: Grant | JobGrant, spent: float) -> None:
        kind, episodes = _content(grant)
        if isinstance(grant, JobGrant):
            self.jobs.settle(kind, episodes, spent)
        else:
            self.schedule.settle(kind, grant.tasks, spent, worker)
        self.done.update((kind, episode) for episode in episodes)
        self._ask(worker)


def _content(grant: Grant | JobGrant) -> tuple[str, list[Any]]:
    return (grant.job, grant.episodes) if isinstance(grant, JobGrant) else (grant.run, grant.tasks)


def fleet_of(size: int, *, until: int, sampled: float) -> Fleet:
    """A fleet with its part of the work, played for so many seconds."""
    fleet = Fleet(size, {run: episodes * size // WORKERS for run, episodes in EPISODES.items()}, sampled)
    gc.disable()  # the server has it look rarely too: it would walk through the whole fleet again and again
    try:
        fleet.play(until)
    finally:
        gc.enable()
    return fleet


def test_everybody_of_a_hundred_thousand_is_served_at_once_and_runs_share_the_time_by_weight() -> None:
    fleet = fleet_of(WORKERS, until=ARRIVAL_SECONDS, sampled=0.0005)
    small = fleet_of(WORKERS // 1000, until=ARRIVAL_SECONDS, sampled=1.0)
    assert (len(fleet.served), len(fleet.idle)) == (WORKERS, 0)
    assert fleet.given["long"] / (fleet.given["long"] + fleet.given["short"]) == pytest.approx(0.75, abs=0.03)
    assert max(fleet.costs) < 1.5 * max(small.costs)


def test_all_is_played_in_the_end_though_workers_vanish_and_asking_in_vain_stays_cheap() -> None:
    fleet = fleet_of(WORKERS // 10, until=LAST_SECOND, sampled=0.02)
    small = fleet_of(WORKERS // 100, until=LAST_SECOND, sampled=0.2)
    assert len(fleet.lost) > LOST * WORKERS / 20
    assert len(fleet.done) == sum(EPISODES.values()) // 10 + TESTS * TEST_EPISODES
    assert fleet.done.total() < 1.02 * len(fleet.done)
    assert max(fleet.costs) < 1.5 * max(small.costs)


def test_an_arrival_and_a_departure_cost_the_same_in_any_fleet() -> None:
    costs = [_cost_of_coming_and_going(others) for others in (100, 10_000)]
    assert costs[0] == pytest.approx(costs[1], rel=0.1)


def _cost_of_coming_and_going(others: int) -> int:
    workers, schedule = Workers(FakeClock()), Schedule(LEASE_SECONDS, 5)
    open_run(schedule, "short", 2 * others)
    me, known = identity(), announcement()
    for one in [*(identity() for _ in range(others)), me]:
        workers.greet(one, known)
        schedule.claim(one.id, ENGINES, workers.slots, 0.0)

    def go_and_come() -> None:
        workers.leave(me.id)
        schedule.forget(me.id)
        workers.greet(me, known)
        schedule.claim(me.id, ENGINES, workers.slots, 0.0)

    return operations(go_and_come)
