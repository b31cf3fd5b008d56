"""Runs side by side, in simulated time: a run of short phases waits for its turn at the end of each of them."""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from uuid import UUID

import pytest

from server.service.queue import Grant
from server.service.schedule import Schedule
from server.service.supply import FixedSupply, Grid, Task

ENGINES = {"Game": "exact"}
REQUEST_SECONDS = 0.01
"""From a batch's end to the answer that brings the next one."""
CLOSING_SECONDS = 0.03
"""From a phase's last result to the next phase's first task."""
EXTENSION_SECONDS = 7.5
"""Between two requests that keep a worker's leases alive."""


def supply_of(generation: int, episodes: int) -> FixedSupply:
    return FixedSupply(Grid(generation, 0, range(episodes), 1), bytearray(episodes))


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
    """Some workers and runs on one schedule. Who waits is served when a phase opens, and on every tick."""

    def __init__(self, slots: int, *runs: Run) -> None:
        self.schedule = Schedule(lease_seconds=30, batch_seconds=5)
        self.slots = [Slot(UUID(int=number)) for number in range(1, slots + 1)]
        self.runs = {run.name: run for run in runs}
        self.now = 0.0
        self.granted = 0
        """Batches handed out so far."""
        self._order = count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        for run in runs:
            self._open(run)
        self._after(1.0, self._tick)
        self._after(EXTENSION_SECONDS, self._extend)

    def play(self, seconds: float) -> None:
        """Lets the workers play until then."""
        while self._agenda[0][0] <= seconds:
            self.now, _, happen = heapq.heappop(self._agenda)
            happen()

    def shares(self) -> dict[str, float]:
        """Each run's part of the time played."""
        total = sum(run.spent for run in self.runs.values())
        return {run.name: run.spent / total for run in self.runs.values()}

    def phases(self, name: str) -> int:
        """How many phases of the run are complete."""
        return self.runs[name].closed

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.now + seconds, next(self._order), happen))

    def _tick(self) -> None:
        self._serve()
        self._after(1.0, self._tick)

    def _extend(self) -> None:
        self.schedule.extend((grant.lease for slot in self.slots for grant in slot.hand), self.now)
        self._after(EXTENSION_SECONDS, self._extend)

    def _open(self, run: Run) -> None:
        run.generation += 1
        run.missing = set(supply_of(run.generation, run.episodes))
        supply = supply_of(run.generation, run.episodes)
        self.schedule.put(run.name, weight=1.0, environment="Game", engine="exact", supply=supply)
        self._serve()

    def _serve(self) -> None:
        for slot in self.slots:
            self._fill(slot)

    def _fill(self, slot: Slot) -> None:
        while len(slot.hand) < 2 and (grant := self.schedule.claim(slot.id, ENGINES, len(self.slots), self.now)):
            slot.hand.append(grant)
            self.granted += 1
            if len(slot.hand) == 1:
                self._start(slot)

    def _start(self, slot: Slot) -> None:
        """Plays the batch; its results arrive a little later, when the next one is long in play."""
        grant = slot.hand[0]
        self._after(self.runs[grant.run].seconds * len(grant.tasks), partial(self._end, slot))

    def _end(self, slot: Slot) -> None:
        grant = slot.hand.popleft()
        self._after(REQUEST_SECONDS, partial(self._settle, slot, grant))
        if slot.hand:
            self._start(slot)

    def _settle(self, slot: Slot, grant: Grant) -> None:
        run = self.runs[grant.run]
        spent = run.seconds * len(grant.tasks)
        run.spent += spent
        self.schedule.settle(run.name, grant.tasks, spent, slot.id)
        is_closed = bool(run.missing) and run.missing.issubset(grant.tasks)
        run.missing.difference_update(grant.tasks)
        if is_closed:
            run.closed += 1
            self._after(CLOSING_SECONDS, partial(self._open, run))
        self._fill(slot)


def side_by_side(slots: int, episode_seconds: float, other_seconds: float) -> Simulation:
    """A minute of a run of short phases beside one of long episodes."""
    beside = Simulation(slots, Run("short", 64, episode_seconds), Run("long", 200, other_seconds))
    beside.play(60)
    return beside


@pytest.mark.parametrize("slots", [2, 4, 16])
@pytest.mark.parametrize("other_seconds", [0.3, 1.0, 5.0])
def test_a_run_of_short_phases_gets_its_half_beside_long_episodes(slots: int, other_seconds: float) -> None:
    assert 0.45 < side_by_side(slots, 0.035, other_seconds).shares()["short"] < 0.55


def test_even_phases_far_shorter_than_the_others_episode_get_their_half() -> None:
    assert 0.45 < side_by_side(2, 0.01, 5.0).shares()["short"] < 0.55


def test_a_phase_beside_another_run_takes_about_twice_the_time_that_it_takes_alone() -> None:
    alone = Simulation(2, Run("short", 64, 0.035))
    alone.play(60)
    assert side_by_side(2, 0.035, 1.0).phases("short") > alone.phases("short") / 2.4


def test_short_turns_cost_the_workers_little_time() -> None:
    beside = side_by_side(2, 0.035, 5.0)
    assert sum(run.spent for run in beside.runs.values()) > 0.9 * 2 * 60


@pytest.mark.parametrize("slots", [2, 4, 16])
def test_short_episodes_beside_the_last_long_one_are_handed_out_many_at_a_time(slots: int) -> None:
    beside = Simulation(slots, Run("long", 1, 130), Run("short", 3 * 10**5, 0.01))
    beside.play(120)
    assert beside.runs["short"].spent > 0.95 * (slots - 1) * 120
    assert beside.granted < 1.5 * slots * 120


@pytest.mark.parametrize("slots", [2, 4])
@pytest.mark.parametrize("long_seconds", [5.0, 20.0])
def test_a_run_of_phases_of_few_long_episodes_gets_its_half_beside_short_ones(slots: int, long_seconds: float) -> None:
    beside = Simulation(slots, Run("long", slots, long_seconds), Run("short", 10**5, 0.01))
    beside.play(300)
    assert 0.45 < beside.shares()["long"] < 0.55


def schedule_of_two(owed: int, other: int) -> Schedule:
    """Two runs of some episodes, of which "other" has had 20 s."""
    schedule = Schedule(lease_seconds=30, batch_seconds=5)
    for name, episodes in (("owed", owed), ("other", other)):
        schedule.put(name, weight=1.0, environment="Game", engine="exact", supply=supply_of(0, episodes))
    schedule.settle("other", [(0, 0, 0, 0)], seconds=20.0)
    return schedule


def test_a_slot_without_work_is_given_a_single_episode_where_busy_ones_are_given_none() -> None:
    schedule = schedule_of_two(owed=2, other=100)
    schedule.settle("owed", [(0, 0, 0, 0)], seconds=10.0)
    schedule.settle("other", [(0, 1, 0, 0)], seconds=0.001)
    busy, idle = UUID(int=1), UUID(int=2)
    grant = schedule.claim(busy, ENGINES, 2, 0.0)
    assert grant is not None
    assert grant.run == "owed"
    assert schedule.claim(busy, ENGINES, 2, 0.0) is None
    assert schedule.can_wait(busy, 2, 1, 0.0)
    short = schedule.claim(idle, ENGINES, 2, 0.0)
    assert short is not None
    assert (short.run, len(short.tasks)) == ("other", 1)


def test_no_slot_waits_for_long_for_a_phase_that_does_not_open() -> None:
    schedule = schedule_of_two(owed=1, other=100)
    schedule.settle("owed", [(0, 0, 0, 0)], seconds=0.1)
    assert schedule.claim(UUID(int=1), ENGINES, 2, 0.0) is None
    assert schedule.claim(UUID(int=1), ENGINES, 2, 10.0) is not None


def test_a_worker_that_never_heard_of_its_batch_is_given_another_long_before_the_lease_expires() -> None:
    schedule = schedule_of_two(owed=2, other=100)
    schedule.settle("owed", [(0, 0, 0, 0)], seconds=15.0)
    worker = UUID(int=1)
    assert schedule.claim(worker, ENGINES, 2, 0.0) is not None
    assert schedule.claim(worker, ENGINES, 2, 8.0) is None
    grant = schedule.claim(worker, ENGINES, 2, 11.0)
    assert grant is not None
    assert grant.run == "other"
    assert not schedule.expire(11.0)


def test_a_worker_that_extends_its_lease_is_busy_for_as_long_as_it_does() -> None:
    schedule = schedule_of_two(owed=1, other=100)
    worker = UUID(int=1)
    grant = schedule.claim(worker, ENGINES, 2, 0.0)
    assert grant is not None
    for now in (7.5, 15.0, 22.5, 30.0):
        schedule.extend([grant.lease], now)
        assert schedule.claim(worker, ENGINES, 2, now + 7.4) is None


def test_a_worker_of_several_slots_takes_work_for_each() -> None:
    schedule = schedule_of_two(owed=1, other=100)
    grants = [schedule.claim(UUID(int=1), ENGINES, 2, now, own_slots=2) for now in (0.0, 0.0, 5.0)]
    assert [grant.run for grant in grants if grant] == ["owed", "other"]


def test_a_large_fleet_makes_no_short_turns() -> None:
    schedule = schedule_of_two(owed=1, other=1000)
    schedule.settle("other", [(0, 1, 0, 0)], seconds=0.001)
    worker = UUID(int=1)
    runs = [grant.run for _ in range(3) if (grant := schedule.claim(worker, ENGINES, 100, 0.0))]
    assert runs == ["owed", "other", "other"]
