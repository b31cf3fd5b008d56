"""What evaluation processes take of the machine's memory, as a worker starts them, with a generation's parents kept."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from benchmarks.chains import ImageName, shortened
from evolution.architectures import ImageArchitecture
from evolution.chains import FORMAT
from evolution.environments import Environment
from evolution.messages import Batch, Episode, ParentChain, Phase
from worker.evaluation import fitting_shape, make_game
from worker.orders import Failure, Progress
from worker.shelf import open_memory
from worker.slot_process import SlotProcess

PARENTS = 20
"""Of each architecture; as many as the paper's generations have."""
STEPS = 50
MEGABYTE = 1e6


class Memory(NamedTuple):
    """Megabytes (10**6 bytes)."""

    process_rss_mb: float
    """One process that has played with the networks: its resident memory."""
    process_pss_mb: float
    """The same, what it shares divided by those who share it."""
    further_process_mb: float
    """What a second process adds to the first's: the sum of both PSS, less the first's alone."""


class NoMeasure(RuntimeError):
    """The process ended, or could not play: what it takes is unknown. Its own message is on standard error."""


def measure_memory(game: str, architectures: Sequence[ImageName], parents: int = PARENTS) -> Memory | None:
    """None where the system does not tell (elsewhere than on Linux).

    Raises:
        NoMeasure: a process failed.
        UnplayableEnvironment: the game cannot be made here.
    """
    if not _rollup(0).exists():
        return None
    environment = Environment(id=game)
    _, actions, _ = fitting_shape(make_game(game), environment)
    shapes = [ImageArchitecture(name=name, actions=actions) for name in architectures]
    return asyncio.run(_measure([_batch(shape, shortened(environment, STEPS), parents) for shape in shapes]))


async def _measure(batches: Sequence[Batch]) -> Memory:
    processes: list[SlotProcess] = []
    shared = open_memory()
    try:
        alone = await _take_in(processes, shared, batches)
        second = await _take_in(processes, shared, batches)
        together = second["Pss"] + _told(processes[0].pid)["Pss"]
    finally:
        for process in processes:
            await process.end()
        os.close(shared)
    return Memory(alone["Rss"], alone["Pss"], together - alone["Pss"])


async def _take_in(processes: list[SlotProcess], shared: int, batches: Sequence[Batch]) -> dict[str, float]:
    """Starts one more process and lets it play: what it takes then. `shared`: the file of their parents."""
    process = await SlotProcess.start([], shared)
    processes.append(process)
    reports = process.reports()
    if await anext(reports, None) is None:
        raise NoMeasure("an evaluation process ended before it was ready")
    for batch in batches:
        await process.play(batch, {})
        async for report in reports:
            if isinstance(report, Failure):
                raise NoMeasure(report.reason)
            if isinstance(report, Progress) and report.done:
                break
        else:
            raise NoMeasure("an evaluation process ended in play")
    return _told(process.pid)


def _batch(architecture: ImageArchitecture, environment: Environment, parents: int) -> Batch:
    """A child of each of so many parents, themselves children of one."""
    names = [f"parent {number}" for number in range(parents)]
    return Batch(
        lease=uuid4(),
        expires_in=600,
        run="bench",
        environment=environment,
        architecture=architecture,
        format=FORMAT,
        power=0.002,
        parents=names,
        chains={name: ParentChain(seeds=[1, 100 + number]) for number, name in enumerate(names)},
        episodes=[_episode(number, name) for number, name in enumerate(names)],
    )


def _episode(number: int, parent: str) -> Episode:
    return Episode(
        generation=1, index=number, phase=Phase.EVALUATION, episode=0, seed=number, parent=parent, mutation=number
    )


def _rollup(pid: int) -> Path:
    """The system's account of a process; 0: of this one."""
    return Path("/proc") / (str(pid) if pid else "self") / "smaps_rollup"


def _told(pid: int) -> dict[str, float]:
    """Megabytes by the system's names for them."""
    lines = [line.split() for line in _rollup(pid).read_text().splitlines()[1:]]
    return {words[0].rstrip(":"): int(words[1]) * 1024 / MEGABYTE for words in lines}
