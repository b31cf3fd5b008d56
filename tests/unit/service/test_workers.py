"""Who counts as connected, and what connected workers can do."""

from uuid import UUID, uuid4

import pytest

from evolution.messages import Announcement, WorkerIdentity
from server.service import workers as module
from server.service.workers import LOST_SECONDS, REMEMBERED_SECONDS, Workers
from tests.clock import FakeClock

ENGINES = {"A": "1", "B": "1"}


def announcement(engines: dict[str, str] | None = None, slots: int = 1) -> Announcement:
    return Announcement(host="h", version="0", slots=slots, processor="p", engines=engines or dict(ENGINES))


def identity(id: UUID | None = None, name: str = "worker") -> WorkerIdentity:
    return WorkerIdentity(id=id or uuid4(), name=name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def workers(clock: FakeClock) -> Workers:
    return Workers(clock)


def test_an_unknown_worker_must_announce_itself(workers: Workers) -> None:
    me = identity()
    assert workers.greet(me, None) is None
    assert workers.greet(me, announcement()) is workers.greet(me, None)


def test_a_silent_worker_is_lost_and_comes_back_when_it_speaks(workers: Workers, clock: FakeClock) -> None:
    me = identity()
    worker = workers.greet(me, announcement(slots=4))
    clock.advance(LOST_SECONDS)
    assert workers.reap() == []
    clock.advance(1)
    assert workers.reap() == [worker]
    assert workers.reap() == []
    assert (workers.connected(), workers.slots) == ([], 0)
    workers.greet(me, None)
    assert (workers.connected(), workers.slots) == ([worker], 4)


def test_a_worker_whose_request_waits_is_not_silent(workers: Workers, clock: FakeClock) -> None:
    worker = workers.greet(identity(), announcement())
    assert worker is not None
    worker.open_requests = 1
    clock.advance(10 * LOST_SECONDS)
    assert workers.reap() == []


def test_a_worker_that_left_is_shown_for_an_hour(workers: Workers, clock: FakeClock) -> None:
    me = identity()
    worker = workers.greet(me, announcement())
    workers.leave(me.id)
    clock.advance(REMEMBERED_SECONDS - 1)
    workers.reap()
    assert workers.all() == [worker]
    clock.advance(2)
    workers.reap()
    assert workers.all() == []


@pytest.mark.parametrize("comes_back_after", [1.0, LOST_SECONDS + 1])
def test_who_fell_silent_and_was_started_again_has_crashed(
    workers: Workers, clock: FakeClock, comes_back_after: float
) -> None:
    gone = {
        (name, host): workers.greet(identity(name=name), announcement().model_copy(update={"host": host}))
        for name, host in (("pod-1", "h"), ("pod-2", "h"), ("pod-1", "another"))
    }
    clock.advance(comes_back_after)
    workers.reap()
    again = workers.greet(identity(name="pod-1"), announcement())
    clock.advance(LOST_SECONDS)
    workers.reap()
    states = {place: worker.state for place, worker in gone.items() if worker}
    assert states == {("pod-1", "h"): "crashed", ("pod-2", "h"): "lost", ("pod-1", "another"): "lost"}
    assert workers.connected() == [again]


def test_of_two_that_share_a_name_each_is_connected_while_it_speaks(workers: Workers, clock: FakeClock) -> None:
    first, second = identity(name="same"), identity(name="same")
    both = [workers.greet(first, announcement()), workers.greet(second, announcement())]
    clock.advance(LOST_SECONDS)
    workers.greet(first, None)
    workers.greet(second, None)
    workers.reap()
    assert workers.connected() == both


def test_who_said_goodbye_and_starts_again_has_not_crashed(workers: Workers) -> None:
    me = identity(name="pod-1")
    first = workers.greet(me, announcement())
    workers.leave(me.id, "preempted")
    workers.greet(identity(name="pod-1"), announcement())
    assert first is not None
    assert first.state == "preempted"


def test_announcing_again_keeps_what_is_known_of_a_worker(workers: Workers, clock: FakeClock) -> None:
    me = identity()
    worker = workers.greet(me, announcement())
    assert worker is not None
    worker.episodes = 7
    clock.advance(5)
    again = workers.greet(me, announcement({"C": "2"}, slots=3))
    assert again is worker
    assert (worker.episodes, worker.engines, workers.slots) == (7, {"C": "2"}, 3)
    assert worker.last_seen_at > worker.first_seen_at


def test_thousands_of_equal_workers_share_one_list_of_engines(workers: Workers) -> None:
    first, second = (workers.greet(identity(), announcement()) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.engines is second.engines
    assert first.announcement.engines is second.engines


def test_what_can_be_played_is_counted_by_slots(workers: Workers) -> None:
    workers.greet(identity(), announcement({"A": "1"}, slots=2))
    workers.greet(identity(), announcement({"A": "1", "B": "1"}, slots=3))
    workers.greet(identity(), announcement({"A": "2"}, slots=1))
    gone = identity()
    workers.greet(gone, announcement({"C": "1"}))
    workers.leave(gone.id)
    assert workers.announced() == {"A": {"1": 5, "2": 1}, "B": {"1": 3}}
    assert workers.can_play("A", "2")
    assert not workers.can_play("C", "1")


def test_who_comes_under_ever_new_names_fills_no_memory(
    workers: Workers, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_GONE", 3)
    for number in range(10):
        workers.greet(identity(name=f"{number}"), announcement({f"game {number}": "1"}))
        clock.advance(1)
    stays = workers.greet(identity(name="stays"), announcement())
    clock.advance(LOST_SECONDS)
    assert stays is not None
    workers.touch(stays.id)
    workers.reap()
    workers.reap()  # Those that the first one found lost.
    assert [worker.name for worker in workers.all()] == ["7", "8", "9", "stays"]
    assert len(workers._engine_sets) == 4
