"""Processes that are measured at once, in step: all play the same contender while any of them is being measured."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.reduction import DupFd
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from typing import Any, NamedTuple

from benchmarks.chains import ImageName, chains_for, cut_short
from benchmarks.slices import Contender, Key, Round, Slice, play_rounds

PATIENCE_SECONDS = 600.0
"""How long processes wait for each other; the first of them may be compiling."""


class Plan(NamedTuple):
    """What is measured."""

    game: str
    """Gymnasium id."""
    architectures: Sequence[ImageName]
    peers: Sequence[str]
    slice_seconds: float
    max_steps: int | None = None
    """Decisions of an episode at most; None: as many as the chains say."""


class SharedFile:
    """A file's descriptor that is handed over to processes as they start."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __getstate__(self) -> Any:
        return DupFd(self.descriptor)

    def __setstate__(self, handed: Any) -> None:
        self.descriptor = handed.detach()


class _Place(NamedTuple):
    """What a measured process is given as it starts: such things cannot be handed over later."""

    turns: "Together"
    parents: SharedFile
    """Where the processes keep parents together, as those of one worker do."""


class Together:
    """`Turns` of several processes."""

    def __init__(
        self, processes: int, barrier: Barrier, finished: "Synchronized[int]", going: "Synchronized[int]"
    ) -> None:
        """`finished`: slices measured so far, of all processes; `going`: whether there is another round."""
        self._processes, self._barrier, self._finished, self._going = processes, barrier, finished, going
        self._expected = 0

    def take(self, contender: Contender, seconds: float) -> Slice:
        self._barrier.wait(PATIENCE_SECONDS)
        measured = contender.measure(seconds)
        self._expected += self._processes
        with self._finished.get_lock():
            self._finished.value += 1
        while self._finished.value < self._expected:
            contender.play_on()
        return measured

    def goes_on(self, deadline: float) -> bool:
        if self._barrier.wait(PATIENCE_SECONDS) == 0:  # one of them decides for all
            self._going.value = time.monotonic() < deadline
        self._barrier.wait(PATIENCE_SECONDS)
        return bool(self._going.value)

    def abort(self) -> None:
        """Lets no process wait for one that has failed."""
        self._barrier.abort()


_place: _Place
"""Of this process, if it is one of those measured."""


def measure(plan: Plan, processes: int, seconds: float) -> list[list[Round]]:
    """The rounds of each process, for about `seconds` besides what it takes to begin.

    Raises:
        ReplayDiffers: the bare emulator played another game than the worker.
        UnplayableEnvironment: the game cannot be made here.
    """
    context = get_context("spawn")
    barrier = context.Barrier(processes)
    turns = Together(processes, barrier, context.Value("i", 0), context.Value("i", 0))
    with (
        _parents_file() as parents,
        ProcessPoolExecutor(processes, context, _enter, (_Place(turns, parents),)) as pool,
        _nobody_waiting(barrier),
    ):
        futures = [pool.submit(_play, plan, number, seconds) for number in range(processes)]
        failures = [failure for future in futures if (failure := future.exception())]
        causes = [failure for failure in failures if not isinstance(failure, BrokenBarrierError)]
        for failure in causes or failures:
            raise failure
        return [future.result() for future in futures]


def make_contenders(plan: Plan, process: int, parents: int) -> dict[Key, Contender]:
    """All who play in this process, the bare emulator after the loop whose actions it replays.

    `parents`: descriptor of the file that they are kept in.
    """
    # These take seconds to load, which only the measured processes need.
    from benchmarks.bare import BareEmulator
    from benchmarks.ours import WorkerLoop
    from benchmarks.peers import make_peer
    from worker.evaluation import Evaluator
    from worker.registry import rom_of
    from worker.shelf import Shelf

    evaluator, rom = Evaluator(Shelf(parents)), rom_of(plan.game)
    contenders: dict[Key, Contender] = {}
    for architecture in plan.architectures:
        chains = chains_for(architecture, plan.game)
        if plan.max_steps is not None:
            chains = cut_short(chains, plan.max_steps)
        loop = WorkerLoop(evaluator, chains, process)
        contenders[Key("ours", architecture)] = loop
        contenders[Key("raw", architecture)] = BareEmulator(loop, rom or plan.game)
        for peer in plan.peers:
            contenders[Key(peer, architecture)] = make_peer(peer, plan.game, chains, process)
    return contenders


def _play(plan: Plan, process: int, seconds: float) -> list[Round]:
    try:
        contenders = make_contenders(plan, process, _place.parents.descriptor)
        for contender in contenders.values():
            contender.warm_up()
        return play_rounds(contenders, _place.turns, plan.slice_seconds, time.monotonic() + seconds)
    except BaseException:
        _place.turns.abort()
        raise


def _enter(place: _Place) -> None:
    global _place  # noqa: PLW0603
    _place = place
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextmanager
def _parents_file() -> Iterator[SharedFile]:
    from worker.shelf import open_memory

    descriptor = open_memory()
    try:
        yield SharedFile(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _nobody_waiting(barrier: Barrier) -> Iterator[None]:
    try:
        yield
    except BaseException:
        barrier.abort()
        raise
