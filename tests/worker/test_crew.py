"""Evaluation processes go from batch to batch without a pause, and nothing at hand is lost with one of them."""

import asyncio
import math
import os
import signal
from collections.abc import Sequence

import pytest

from tests.worker.fake_server import episodes, make_batch
from tests.worker.test_work import children_of
from worker.crew import Crew
from worker.holdings import SOON_SECONDS, Holding, Holdings
from worker.orders import Progress, Ready
from worker.shelf import open_memory
from worker.slot_process import SlotProcess

pytestmark = pytest.mark.anyio


class NotedForeman:
    """Who notes what it is told."""

    def __init__(self) -> None:
        self.finished = 0
        self.returned: list[Holding] = []
        self.changed = asyncio.Event()

    def batch_finished(self) -> None:
        self.finished += 1
        self.changed.set()

    def give_back(self, holdings: Sequence[Holding]) -> None:
        self.returned += holdings
        self.changed.set()

    def give_up(self, holding: Holding, reason: str) -> None:
        raise AssertionError(reason)


def holding(count: int) -> Holding:
    return Holding(make_batch(episodes(count)), "engine")


def one(pids: Sequence[int]) -> int:
    (pid,) = pids
    return pid


async def test_a_batch_at_hand_behind_another_is_played_after_it_unless_it_is_dropped() -> None:
    memory = open_memory(2**20)
    process = await SlotProcess.start([], memory)
    try:
        first, dropped, last = make_batch(episodes(100)), make_batch(episodes(100)), make_batch(episodes(3))
        for batch in (first, dropped, last):
            await process.play(batch, {})
        await process.drop(dropped.lease)
        played = dict.fromkeys((first.lease, dropped.lease, last.lease), 0)
        async for report in process.reports():
            if isinstance(report, Ready):
                continue
            assert isinstance(report, Progress)
            played[report.lease] += len(report.results)
            if report.done and report.lease == last.lease:
                break
        assert list(played.values()) == [100, 0, 3]
    finally:
        await process.end()
        os.close(memory)


async def test_the_next_batch_is_at_hand_before_the_one_in_play_is_finished_and_both_survive_their_process() -> None:
    foreman, holdings = NotedForeman(), Holdings()
    crew = Crew(1, [], holdings, foreman)
    before = set(children_of(os.getpid()))
    work = asyncio.create_task(crew.work())
    try:
        holdings.add(holding(20))
        async with asyncio.timeout(60):
            await foreman.changed.wait()
        assert foreman.finished == 1
        foreman.changed.clear()
        pid = one([*set(children_of(os.getpid())) - before])
        os.kill(pid, signal.SIGSTOP)
        first, second, third = holding(20), holding(20), holding(20)
        for each in (first, second, third):
            holdings.add(each)
        for _ in range(20):
            await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            await foreman.changed.wait()
        assert foreman.returned == [first, second]
        assert not third.lost
    finally:
        work.cancel()
        await crew.end()


@pytest.mark.parametrize(("pace", "nearly"), [(math.inf, False), (SOON_SECONDS / 4, True), (SOON_SECONDS / 3.9, False)])
def test_a_batch_is_nearly_played_when_what_is_left_takes_a_second(pace: float, nearly: bool) -> None:
    batch = holding(4)
    batch.pace = pace
    assert batch.is_nearly_played == nearly
