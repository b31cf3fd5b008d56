"""Requests that wait for work: served in order of arrival, as many as there is work for."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from evolution.messages import Announcement, BatchReply, WorkerIdentity
from server.service.waiters import TRIED_WAITERS, Waiter, Waiters
from server.service.workers import Worker, Workers
from tests.clock import FakeClock

pytestmark = pytest.mark.anyio

WORK = BatchReply(announce=True)


def enrol(workers: Workers, name: str, engines: dict[str, str] | None = None, slots: int = 1) -> Worker:
    announcement = Announcement(host="h", version="0", slots=slots, processor="p", engines=engines or {"A": "1"})
    worker = workers.greet(WorkerIdentity(id=uuid4(), name=name), announcement)
    assert worker is not None
    return worker


@pytest.fixture
def workers() -> Workers:
    return Workers(FakeClock())


def supply(batches: int, served: list[str], engine: str | None = None) -> Callable[[Waiter], BatchReply | None]:
    """Answers so many waiters, those with the engine "B" only if it is of that engine."""

    def answer(waiter: Waiter) -> BatchReply | None:
        nonlocal batches
        if batches == 0 or (engine and engine not in waiter.engines):
            return None
        batches -= 1
        served.append(waiter.worker.name)
        return WORK

    return answer


async def test_the_first_to_come_are_served_first(workers: Workers) -> None:
    queue, served = Waiters(), list[str]()
    waiting = [queue.join(enrol(workers, name), frozenset(), 1, 20.0) for name in "abcd"]
    queue.serve(supply(2, served))
    assert served == ["a", "b"]
    assert [waiter.answer.done() for waiter in waiting] == [True, True, False, False]
    assert len(queue) == 2


async def test_order_of_arrival_holds_between_kinds_of_workers(workers: Workers) -> None:
    queue, served = Waiters(), list[str]()
    for name, engines in (("a", {"A": "1"}), ("b", {"B": "1"}), ("c", {"A": "1"})):
        queue.join(enrol(workers, name, engines), frozenset(), 1, 20.0)
    queue.serve(supply(9, served))
    assert served == ["a", "b", "c"]


async def test_those_whom_the_work_does_not_suit_do_not_hold_up_others(workers: Workers) -> None:
    queue, served = Waiters(), list[str]()
    for number in range(3 * TRIED_WAITERS):
        queue.join(enrol(workers, f"unfit {number}"), frozenset(), 1, 20.0)
    queue.join(enrol(workers, "fit", {"B": "1"}), frozenset(), 1, 20.0)
    queue.serve(supply(9, served, engine="B"))
    assert served == ["fit"]


async def test_a_refused_waiter_does_not_hold_up_the_next_of_its_kind(workers: Workers) -> None:
    queue = Waiters()
    for name in "ab":
        queue.join(enrol(workers, name), frozenset(), 1, 20.0)
    served = list[str]()

    def answer(waiter: Waiter) -> BatchReply | None:
        if waiter.worker.name == "a":
            return None
        served.append(waiter.worker.name)
        return WORK

    queue.serve(answer)
    assert served == ["b"]
    assert len(queue) == 1


async def test_one_that_left_is_given_nothing(workers: Workers) -> None:
    queue, served = Waiters(), list[str]()
    gone = queue.join(enrol(workers, "gone"), frozenset(), 1, 20.0)
    queue.part(gone)
    queue.part(gone)
    queue.serve(supply(9, served))
    assert served == []


async def test_waiting_ends_empty_handed_in_time(workers: Workers) -> None:
    queue = Waiters()
    early = queue.join(enrol(workers, "early"), frozenset(), 1, 20.0)
    late = queue.join(enrol(workers, "late"), frozenset(), 1, 25.0)
    queue.expire(now=20.0)
    assert early.answer.result() == BatchReply()
    assert not late.answer.done()
    queue.dismiss()
    assert late.answer.result() == BatchReply()
    assert len(queue) == 0


async def test_those_who_only_listen_keep_no_work_from_those_behind_them(workers: Workers) -> None:
    queue, served = Waiters(), list[str]()
    for number in range(TRIED_WAITERS + 1):
        queue.join(enrol(workers, f"listener {number}"), frozenset(), 0, 20.0)
    queue.join(enrol(workers, "idle"), frozenset(), 1, 20.0)
    give = supply(1, served)
    queue.serve(lambda waiter: give(waiter) if waiter.wants else None)
    assert served == ["idle"]


async def test_those_who_can_wait_do_not_keep_work_from_those_behind_them(workers: Workers) -> None:
    queue, served = Waiters(), list[str]()
    for number in range(TRIED_WAITERS):
        queue.join(enrol(workers, f"busy {number}"), frozenset(), 1, 20.0)
    queue.join(enrol(workers, "idle"), frozenset(), 1, 20.0)

    def is_busy(waiter: Waiter) -> bool:
        return waiter.worker.name.startswith("busy")

    def answer(waiter: Waiter) -> BatchReply | None:
        served.extend([] if is_busy(waiter) else [waiter.worker.name])
        return None if is_busy(waiter) else WORK

    queue.serve(answer)
    assert served == []
    queue.serve(answer, can_wait=is_busy)
    assert served == ["idle"]
