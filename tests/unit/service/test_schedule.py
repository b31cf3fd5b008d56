"""The laws of the schedule: everything is played, nothing thrice at once, and runs share by worker-seconds."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from server.service.queue import Grant
from server.service.schedule import Schedule
from server.service.supply import EndlessSupply, FixedSupply, Grid, Task

ENGINES = {"Game": "exact"}
WORKERS = [UUID(int=number) for number in range(1, 5)]


def supply_of(generation: int, population: int) -> FixedSupply:
    return FixedSupply(Grid(generation, 0, range(population), 1), bytearray(population))


def schedule_with(population: int = 10, **runs: float) -> Schedule:
    schedule = Schedule(lease_seconds=30, batch_seconds=5)
    for run, weight in (runs or {"a": 1.0}).items():
        schedule.put(run, weight=weight, environment="Game", engine="exact", supply=supply_of(0, population))
    return schedule


def claim(schedule: Schedule, worker: int = 0, now: float = 0.0, slots: int = 2) -> Grant:
    grant = schedule.claim(WORKERS[worker], ENGINES, slots, now)
    assert grant is not None
    return grant


def test_the_first_batch_of_an_unmeasured_run_is_a_single_episode() -> None:
    assert claim(schedule_with()).tasks == [(0, 0, 0, 0)]


def test_a_batch_is_five_seconds_of_work_at_the_measured_speed() -> None:
    schedule = schedule_with(1000)
    schedule.settle("a", claim(schedule).tasks, seconds=0.5, worker=WORKERS[0])
    assert len(claim(schedule).tasks) == 10


def test_each_worker_is_measured_for_itself() -> None:
    schedule = schedule_with(1000)
    schedule.settle("a", claim(schedule, 0).tasks, seconds=0.5, worker=WORKERS[0])
    schedule.settle("a", claim(schedule, 1).tasks, seconds=50.0, worker=WORKERS[1])
    assert len(claim(schedule, 0).tasks) == 10
    assert len(claim(schedule, 1).tasks) == 1


def test_batches_shrink_to_single_episodes_at_the_end() -> None:
    schedule = schedule_with(100)
    schedule.settle("a", claim(schedule).tasks, seconds=0.001, worker=WORKERS[0])
    sizes = []
    while grant := schedule.claim(WORKERS[0], ENGINES, 2, 0.0):
        sizes.append(len(grant.tasks))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 99 // 4
    assert sizes[-1] == 1
    assert sum(sizes) == 99


def test_a_worker_with_another_engine_is_given_nothing() -> None:
    schedule = schedule_with()
    assert schedule.claim(WORKERS[0], {"Game": "other"}, 2, 0.0) is None
    assert schedule.claim(WORKERS[0], {}, 2, 0.0) is None


def test_released_work_is_the_first_to_be_handed_out_again() -> None:
    schedule = schedule_with()
    first = claim(schedule, 0)
    schedule.release([first.lease])
    assert claim(schedule, 1).tasks == first.tasks


def test_a_lease_expires_unless_it_is_extended() -> None:
    schedule = schedule_with()
    kept, lost = claim(schedule, 0), claim(schedule, 1)
    assert schedule.extend([kept.lease], now=20.0) == {kept.lease: 50.0}
    assert schedule.expire(now=30.0) == [lost.lease]
    assert schedule.expire(now=49.0) == []
    assert schedule.extend([lost.lease], now=31.0) == {}
    assert claim(schedule, 2, now=31.0).tasks == lost.tasks


def test_a_late_result_of_an_expired_lease_is_not_handed_out_again() -> None:
    schedule = schedule_with(1)
    grant = claim(schedule)
    schedule.expire(now=30.0)
    schedule.settle("a", grant.tasks, seconds=40.0)
    assert schedule.claim(WORKERS[1], ENGINES, 2, 41.0) is None


def test_overdue_work_is_handed_out_a_second_time_but_never_a_third() -> None:
    schedule = schedule_with(1)
    first = claim(schedule, 0)
    assert schedule.claim(WORKERS[1], ENGINES, 2, now=1.0) is None
    assert schedule.claim(WORKERS[0], ENGINES, 2, now=20.0) is None
    assert claim(schedule, 1, now=20.0).tasks == first.tasks
    assert schedule.claim(WORKERS[2], ENGINES, 2, now=20.0) is None


def test_a_result_ends_every_lease_on_its_episode() -> None:
    schedule = schedule_with(1)
    first, second = claim(schedule, 0), claim(schedule, 1, now=20.0)
    schedule.settle("a", first.tasks, seconds=1.0)
    assert schedule.extend([first.lease, second.lease], now=21.0) == {}
    assert schedule.leased("a") == 0


def test_a_repeat_from_a_closed_phase_changes_nothing() -> None:
    schedule = schedule_with(1)
    old = claim(schedule)
    schedule.settle("a", old.tasks, seconds=1.0)
    schedule.put("a", weight=1.0, environment="Game", engine="exact", supply=supply_of(1, 2))
    schedule.settle("a", old.tasks, seconds=1.0)
    assert [claim(schedule, 0).tasks, claim(schedule, 1).tasks] == [[(1, 0, 0, 0)], [(1, 1, 0, 0)]]


def test_an_endless_supply_never_runs_dry_and_skips_what_is_known() -> None:
    schedule = Schedule(lease_seconds=30, batch_seconds=5)
    schedule.put("a", weight=1.0, environment="Game", engine="exact", supply=EndlessSupply(0, 0, 4, set()))
    schedule.settle("a", [(0, 1, 0, 0)], seconds=5.0)
    assert claim(schedule).tasks == [(0, 0, 0, 0)]
    assert claim(schedule).tasks == [(0, 2, 0, 0)]


def test_leases_outlive_the_generation_of_a_block_free_run_but_are_not_renewed() -> None:
    schedule = schedule_with(2)
    old = claim(schedule, 0)
    schedule.put("a", weight=1.0, environment="Game", engine="exact", supply=supply_of(1, 1))
    assert old.lease in schedule.extend([old.lease], now=1.0)
    assert schedule.expire(now=40.0) == [old.lease]
    assert claim(schedule, 1, now=40.0).tasks == [(1, 0, 0, 0)]
    assert schedule.claim(WORKERS[2], ENGINES, 2, now=40.0) is None


def test_a_late_result_of_a_closed_generation_ends_its_lease() -> None:
    schedule = schedule_with(2)
    old = claim(schedule, 0)
    schedule.put("a", weight=1.0, environment="Game", engine="exact", supply=supply_of(1, 1))
    schedule.settle("a", old.tasks, seconds=1.0)
    assert schedule.extend([old.lease], now=1.0) == {}


def test_a_dropped_run_hands_out_nothing_and_loses_its_leases() -> None:
    schedule = schedule_with()
    grant = claim(schedule)
    schedule.drop("a")
    assert schedule.extend([grant.lease], now=1.0) == {}
    assert schedule.claim(WORKERS[1], ENGINES, 2, 1.0) is None
    schedule.settle("a", grant.tasks, seconds=1.0)


def test_a_worker_that_left_gives_its_work_back() -> None:
    schedule = schedule_with()
    grant = claim(schedule)
    assert schedule.leases_of(WORKERS[0]) == {"a": 1}
    schedule.forget(WORKERS[0])
    assert schedule.leases_of(WORKERS[0]) == {}
    assert claim(schedule, 1).tasks == grant.tasks


def played_seconds(schedule: Schedule, pace: dict[str, float], batches: int) -> dict[str, float]:
    """Play `batches` batches, an episode of a run taking `pace` seconds."""
    seconds = dict.fromkeys(pace, 0.0)
    for number in range(batches):
        worker = number % 2
        grant = claim(schedule, worker)
        spent = pace[grant.run] * len(grant.tasks)
        schedule.settle(grant.run, grant.tasks, spent, WORKERS[worker])
        seconds[grant.run] += spent
    return seconds


def test_runs_of_short_and_long_episodes_share_the_workers_time_evenly() -> None:
    seconds = played_seconds(schedule_with(100_000, a=1.0, b=1.0), {"a": 0.01, "b": 4.0}, batches=300)
    assert 0.47 < seconds["a"] / sum(seconds.values()) < 0.53


def test_a_run_of_three_times_the_weight_gets_three_times_the_time() -> None:
    seconds = played_seconds(schedule_with(100_000, a=3.0, b=1.0), {"a": 0.1, "b": 1.0}, batches=400)
    assert 0.72 < seconds["a"] / sum(seconds.values()) < 0.78


def test_a_run_that_joins_late_is_owed_nothing_for_the_time_before() -> None:
    schedule = schedule_with(100_000)
    played_seconds(schedule, {"a": 1.0}, batches=200)
    schedule.put("b", weight=1.0, environment="Game", engine="exact", supply=supply_of(0, 100_000))
    seconds = played_seconds(schedule, {"a": 1.0, "b": 1.0}, batches=40)
    assert seconds["a"] / sum(seconds.values()) == pytest.approx(0.5, abs=0.1)


class Play(RuleBasedStateMachine):
    """Workers claim, answer, stall, release and leave at random; every episode is still played in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.tasks = set(supply_of(0, 30))
        self.schedule = schedule_with(30)
        self.grants: list[tuple[int, Grant]] = []
        self.done: set[Task] = set()

    @rule(worker=st.integers(0, 3), slots=st.integers(1, 4))
    def claim(self, worker: int, slots: int) -> None:
        grant = self.schedule.claim(WORKERS[worker], ENGINES, slots, self.now)
        if grant is not None:
            assert not self.done.intersection(grant.tasks)
            self.grants.append((worker, grant))

    @precondition(lambda self: self.grants)
    @rule(data=st.data(), seconds=st.floats(0, 3))
    def answer(self, data: st.DataObject, seconds: float) -> None:
        worker, grant = data.draw(st.sampled_from(self.grants))
        tasks = data.draw(st.lists(st.sampled_from(grant.tasks), unique=True))
        self.schedule.settle("a", tasks, seconds, WORKERS[worker])
        self.done.update(tasks)

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self.schedule.release([data.draw(st.sampled_from(self.grants))[1].lease])

    @rule(worker=st.integers(0, 3))
    def leave(self, worker: int) -> None:
        self.schedule.forget(WORKERS[worker])

    @rule(seconds=st.floats(0, 40))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.schedule.expire(self.now)

    @invariant()
    def no_episode_has_more_than_two_live_leases(self) -> None:
        alive = self.schedule.extend([grant.lease for _, grant in self.grants], self.now)
        live = Counter(task for _, grant in self.grants if grant.lease in alive for task in grant.tasks)
        assert all(live[task] <= 2 for task in self.tasks - self.done)

    def teardown(self) -> None:
        self.schedule.release([grant.lease for _, grant in self.grants])
        while grant := self.schedule.claim(WORKERS[0], ENGINES, 1, self.now):
            assert not self.done.intersection(grant.tasks)
            self.done.update(grant.tasks)
            self.schedule.settle("a", grant.tasks, 1.0)
        assert self.done == self.tasks
        super().teardown()


Play.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_every_episode_is_played_whatever_workers_do = Play.TestCase
