"""The evaluation processes of one worker: kept alive, fed one batch at a time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Protocol
from uuid import UUID

from worker.holdings import Holding, Holdings
from worker.journal import line, logger
from worker.orders import Failure, Progress, Ready
from worker.shelf import open_memory
from worker.slot_process import SlotProcess

MOST_DEATHS = 3
"""So many processes in a row that die in one environment without a result, and it is given up."""
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
"""Before a process that died without finishing anything is replaced; doubled each time."""


class Foreman(Protocol):
    """Who is told what becomes of the batches."""

    def batch_finished(self) -> None: ...

    def give_back(self, holdings: Sequence[Holding]) -> None: ...

    def give_up(self, holding: Holding, reason: str) -> None: ...


class Crew:
    """One evaluation process for each slot; one that dies is replaced, and its batch given back."""

    def __init__(self, slots: int, modules: Sequence[str], holdings: Holdings, foreman: Foreman) -> None:
        self.episodes = 0
        self.frames = 0
        self._slots, self._modules, self._holdings, self._foreman = slots, modules, holdings, foreman
        self._processes: dict[int, SlotProcess] = {}
        self._playing: dict[UUID, SlotProcess] = {}
        self._deaths: Counter[str] = Counter()
        self._memory = open_memory()

    async def work(self) -> None:
        """Has no end but cancellation."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._slots):
                group.create_task(self._keep_slot(number))

    async def drop(self, lease: UUID) -> None:
        """What is left of the batch, if it is in play, need not be played."""
        if lease in self._playing:
            await self._playing[lease].drop(lease)

    async def end(self) -> None:
        """Ends all processes, in mid episode."""
        await asyncio.gather(*(process.end() for process in self._processes.values()))

    async def _keep_slot(self, number: int) -> None:
        barren = 0
        while True:
            process = await SlotProcess.start(self._modules, self._memory)
            self._processes[number] = process
            finished = await self._feed(process)
            code = await process.end()
            barren = 0 if finished else barren + 1
            logger.warning(line("evaluation-process-replaced", slot=number, pid=process.pid, exit_code=code))
            await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, SHORTEST_PAUSE_SECONDS * 2**barren) if barren else 0)

    async def _feed(self, process: SlotProcess) -> int:
        """Gives the process batch after batch until it dies: how many it finished."""
        reports = process.reports()
        finished = 0
        if await anext(reports, None) is None:
            return finished
        while True:
            holding = await self._holdings.next()
            self._playing[holding.lease] = process
            await process.play(holding.batch, self._holdings.branchings(holding.batch))
            alive = await self._follow(holding, reports)
            del self._playing[holding.lease]
            self._holdings.end(holding)
            if not alive:
                self._bury(holding)
                return finished
            finished += 1
            self._foreman.batch_finished()

    async def _follow(self, holding: Holding, reports: AsyncIterator[Ready | Progress | Failure]) -> bool:
        """Takes the batch's results as they come: whether the process lives to play another."""
        async for report in reports:
            match report:
                case Progress():
                    self._take(holding, report)
                    if report.done:
                        return True
                case Failure():
                    self._foreman.give_up(holding, report.reason)
                    return True
        return False

    def _take(self, holding: Holding, progress: Progress) -> None:
        holding.finished += progress.results
        self.episodes += len(progress.results)
        self.frames += sum(result.frames for result in progress.results)
        if progress.results:
            self._deaths.pop(holding.batch.environment.id, None)

    def _bury(self, holding: Holding) -> None:
        environment_id = holding.batch.environment.id
        self._deaths[environment_id] += 1
        if self._deaths[environment_id] >= MOST_DEATHS:
            self._foreman.give_up(holding, _deadly(environment_id))
        self._foreman.give_back([holding])


def _deadly(environment_id: str) -> str:
    return (
        f"{environment_id} ended its evaluation process {MOST_DEATHS} times in a row before an episode was finished: "
        "see the worker's log, correct the environment or give the worker more memory, then start it again"
    )
