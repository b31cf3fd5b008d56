"""Evaluation processes go from batch to batch without a pause, and nothing at hand is lost with one of them."""

import asyncio
import fcntl
import math
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.processes import until
from tests.worker.fake_server import episodes, make_batch
from tests.worker.test_work import children_of
from worker import crew as crew_module
from worker import slot_process
from worker.crew import MOST_FAILED_STARTS, Crew, NeverReady
from worker.holdings import SOON_SECONDS, Held, Holding, Holdings
from worker.orders import Progress, Ready
from worker.shelf import open_memory
from worker.slot import PIPE_BYTES
from worker.slot_process import SlotProcess
from worker.tasks import cancel

pytestmark = pytest.mark.anyio


NOTES_ITS_START = """
import sys
with open(sys.argv[3], "a") as starts:
    starts.write("started ")
"""
ONLY_ONE_IS_READY = (
    NOTES_ITS_START
    + """
try:
    open(sys.argv[3] + ".ready", "x").close()
except FileExistsError:
    sys.exit(1)
print('{"message": {"kind": "ready"}}', flush=True)
sys.stdin.read()
"""
)


class NotedForeman:
    """Who notes what it is told."""

    def __init__(self) -> None:
        self.ready = 0
        self.finished = 0
        self.returned: list[Held] = []
        self.changed = asyncio.Event()

    def slot_ready(self) -> None:
        self.ready += 1
        self.changed.set()

    def batch_finished(self) -> None:
        self.finished += 1
        self.changed.set()

    def give_back(self, holdings: Sequence[Held]) -> None:
        self.returned += holdings
        self.changed.set()

    def give_up(self, holding: Held, reason: str) -> None:
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
            while not foreman.finished:
                await foreman.changed.wait()
                foreman.changed.clear()
        assert foreman.finished == 1
        pid = one([*set(children_of(os.getpid())) - before])
        os.kill(pid, signal.SIGSTOP)
        first, second, third = holding(20), holding(20), holding(20)
        for each in (first, second, third):
            holdings.add(each)
        async with asyncio.timeout(60):
            while not holdings._playing >= {first.lease, second.lease}:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            await foreman.changed.wait()
        assert foreman.returned == [first, second]
        assert not third.lost
    finally:
        await cancel([work])
        await crew.end()


@pytest.mark.parametrize("turns", range(1, 6))
async def test_a_start_under_way_is_ended_with_the_crew(turns: int) -> None:
    crew, before = Crew(2, [], Holdings(), NotedForeman()), set(children_of(os.getpid()))
    work = asyncio.create_task(crew.work())
    for _ in range(turns):
        await asyncio.sleep(0)
    await cancel([work])
    await crew.end()
    assert set(children_of(os.getpid())) == before


@pytest.mark.parametrize(("pace", "nearly"), [(math.inf, False), (SOON_SECONDS / 4, True), (SOON_SECONDS / 3.9, False)])
def test_a_batch_is_nearly_played_when_what_is_left_takes_a_second(pace: float, nearly: bool) -> None:
    batch = holding(4)
    batch.pace = pace
    assert batch.is_nearly_played == nearly


def started(starts: Path) -> int:
    return len(starts.read_text().split()) if starts.exists() else 0


def pipes_of(pid: int) -> dict[str, int]:
    """What each pipe may hold that the process has, bytes."""
    found = {}
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own descriptor
            if (name := str(file.readlink())).startswith("pipe:"):
                descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
                found[name] = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
                os.close(descriptor)
    return found


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where programs that stand in for evaluation processes note their starts; they are replaced without a pause."""
    monkeypatch.setattr(crew_module, "SHORTEST_PAUSE_SECONDS", 0.0)
    return tmp_path / "starts"


async def test_a_worker_none_of_whose_slots_becomes_ready_gives_up(
    monkeypatch: pytest.MonkeyPatch, starts: Path
) -> None:
    monkeypatch.setattr(slot_process, "PROGRAM", NOTES_ITS_START)
    foreman = NotedForeman()
    crew = Crew(2, [str(starts)], Holdings(), foreman)
    async with asyncio.timeout(60):
        with pytest.raises(NeverReady, match="neuroevo doctor"):
            await crew.work()
    await crew.end()
    assert started(starts) >= 2 * MOST_FAILED_STARTS
    assert foreman.ready == 0
    assert not crew.is_ready


async def test_a_worker_with_one_slot_that_is_ready_goes_on_until_that_fails_too(
    monkeypatch: pytest.MonkeyPatch, starts: Path
) -> None:
    monkeypatch.setattr(slot_process, "PROGRAM", ONLY_ONE_IS_READY)
    foreman = NotedForeman()
    crew = Crew(2, [str(starts)], Holdings(), foreman)
    before = set(children_of(os.getpid()))
    work = asyncio.create_task(crew.work())
    async with asyncio.timeout(60):
        await asyncio.to_thread(until, lambda: started(starts) >= 3 * MOST_FAILED_STARTS, 60)
        assert not work.done()
        assert crew.is_ready
        assert foreman.ready == 1
        monkeypatch.setattr(slot_process, "PROGRAM", NOTES_ITS_START)
        for pid in set(children_of(os.getpid())) - before:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(NeverReady):
            await work
    await crew.end()


def test_the_pipes_of_two_hundred_slots_fit_what_linux_grants_a_user() -> None:
    before = pipes_of(os.getpid())
    after = asyncio.run(_pipes_of_a_slot())  # of asyncio's own loop, as in a worker: others may take sockets
    assert PIPE_BYTES <= sum(after[pipe] for pipe in after.keys() - before.keys()) <= 64 * 2**20 / 200


async def _pipes_of_a_slot() -> dict[str, int]:
    memory = open_memory(0)
    process = await SlotProcess.start([], memory)
    try:
        assert isinstance(await anext(process.reports()), Ready)
        return pipes_of(process.pid)
    finally:
        await process.end()
        os.close(memory)
