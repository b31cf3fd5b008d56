"""Runs side by side, in simulated time: a run of short phases waits for its turn at the end of each of them."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

import pytest

from server.service.schedule import Grant, Schedule, Task

ENGINES = {"Game": "exact"}
REPLY_SECONDS = 0.01
"""From a batch's end to the answer that brings the next one."""


@dataclass
class Slot:
    """A worker with one evaluation process, which keeps one batch in hand beyond the one in play."""

    id: UUID
    hand: deque[Grant] = field(default_factory=deque)


@dataclass
class Run:
    """Phases of `episodes` episodes, all of `seconds`."""

    name: str
    episodes: int
    seconds: float
    generation: int = -1
    missing: set[Task] = field(default_factory=set)
    closed: int = 0
    spent: float = 0.0


class Simulation:
    """Some workers and runs on one schedule."""

    def __init__(self, slots: int, *runs: Run) -> None:
        self.schedule = Schedule(lease_seconds=30, batch_seconds=5)
        self.slots = [Slot(UUID(int=number)) for number in range(1, slots + 1)]
        self.runs = {run.name: run for run in runs}
        self.now = 0.0
        self._order = count()
        self._ends: list[tuple[float, int, Slot]] = []
        for run in runs:
            self._open(run)
        self._serve()

    def play(self, seconds: float) -> None:
        """Lets the workers play until then."""
        while self._ends and self._ends[0][0] <= seconds:
            self.now, _, slot = heapq.heappop(self._ends)
            self._finish(slot, slot.hand.popleft())
            self._serve()

    def shares(self) -> dict[str, float]:
        """Each run's part of the time played."""
        total = sum(run.spent for run in self.runs.values())
        return {run.name: run.spent / total for run in self.runs.values()}

    def phases(self, name: str) -> int:
        """How many phases of the run are complete."""
        return self.runs[name].closed

    def _open(self, run: Run) -> None:
        run.generation += 1
        tasks = [Task(run.generation, index, 0, 0) for index in range(run.episodes)]
        run.missing = set(tasks)
        self.schedule.put(run.name, weight=1.0, environment="Game", engine="exact", tasks=tasks)

    def _finish(self, slot: Slot, grant: Grant) -> None:
        run = self.runs[grant.run]
        spent = run.seconds * len(grant.tasks)
        run.spent += spent
        self.schedule.settle(run.name, grant.tasks, spent, slot.id)
        run.missing.difference_update(grant.tasks)
        if not run.missing:
            run.closed += 1
            self._open(run)
        if slot.hand:
            self._start(slot)

    def _serve(self) -> None:
        for slot in sorted(self.slots, key=lambda slot: len(slot.hand)):
            while len(slot.hand) < 2 and (grant := self._claim(slot)):
                slot.hand.append(grant)
                if len(slot.hand) == 1:
                    self._start(slot)

    def _claim(self, slot: Slot) -> Grant | None:
        return self.schedule.claim(slot.id, ENGINES, len(self.slots), self.now)

    def _start(self, slot: Slot) -> None:
        grant = slot.hand[0]
        seconds = self.runs[grant.run].seconds * len(grant.tasks) + REPLY_SECONDS
        heapq.heappush(self._ends, (self.now + seconds, next(self._order), slot))


@pytest.mark.parametrize("long_seconds", [0.3, 1.0, 2.5])
def test_a_run_of_short_phases_gets_its_half_beside_long_episodes(long_seconds: float) -> None:
    beside = Simulation(2, Run("short", 64, 0.035), Run("long", 200, long_seconds))
    beside.play(240)
    assert 0.45 < beside.shares()["short"] < 0.55


def test_a_phase_beside_another_run_takes_about_twice_the_time_that_it_takes_alone() -> None:
    alone = Simulation(2, Run("short", 64, 0.035))
    alone.play(240)
    beside = Simulation(2, Run("short", 64, 0.035), Run("long", 200, 1.0))
    beside.play(240)
    assert beside.phases("short") > alone.phases("short") / 2.2


def test_short_turns_cost_the_workers_little_time() -> None:
    beside = Simulation(2, Run("short", 64, 0.035), Run("long", 200, 1.0))
    beside.play(240)
    assert sum(run.spent for run in beside.runs.values()) > 0.93 * 2 * 240


def test_a_phase_too_short_for_half_the_time_still_opens_to_workers_that_are_soon_free() -> None:
    beside = Simulation(4, Run("short", 64, 0.01), Run("long", 200, 1.0))
    beside.play(240)
    assert 240 / beside.phases("short") < 1.5


def test_a_slot_without_work_is_served_though_busy_ones_ahead_of_it_are_kept_from_more() -> None:
    schedule = Schedule(lease_seconds=30, batch_seconds=5)
    for name in ("owed", "other"):
        tasks = [Task(0, index, 0, 0) for index in range(4)]
        schedule.put(name, weight=1.0, environment="Game", engine="exact", tasks=tasks)
    busy, idle, third = (UUID(int=number) for number in (1, 2, 3))
    schedule.settle("other", [Task(0, 3, 0, 0)], seconds=20.0)
    for worker in (busy, busy, third, third):
        grant = schedule.claim(worker, ENGINES, 3, 0.0)
        assert grant is not None
        assert grant.run == "owed"
    assert schedule.claim(busy, ENGINES, 3, 0.0) is None
    assert schedule.can_wait(busy, 3, 1)
    short = schedule.claim(idle, ENGINES, 3, 0.0)
    assert short is not None
    assert (short.run, len(short.tasks)) == ("other", 1)
    assert schedule.claim(busy, ENGINES, 3, 0.0, own_slots=3) is not None
