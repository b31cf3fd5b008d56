"""The evaluation processes of one worker: kept alive, fed one batch after another without a pause."""

import asyncio
from collections import Counter, deque
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
        self._paces: dict[str, float] = {}
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
        if await anext(reports, None) is None:
            return 0
        desk = _Desk(process)
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(self._hand_over(desk))
            finished = await self._follow(desk, reports)
            feeding.cancel()
        self._bury([self._clear(desk) for _ in range(len(desk.holdings))])
        return finished

    async def _hand_over(self, desk: "_Desk") -> None:
        while True:
            await desk.wanting.wait()
            holding = await self._holdings.next()
            self._playing[holding.lease] = desk.process
            holding.pace = self._paces.get(holding.batch.run, holding.pace)
            desk.holdings.append(holding)
            desk.look()
            await desk.process.play(holding.batch, self._holdings.branchings(holding.batch))

    async def _follow(self, desk: "_Desk", reports: AsyncIterator[Ready | Progress | Failure]) -> int:
        """Takes results as they come until the process dies: how many batches it finished."""
        finished = 0
        async for report in reports:
            holding = desk.holdings[0]
            match report:
                case Progress():
                    self._take(holding, report)
                case Failure() if not holding.lost:
                    self._foreman.give_up(holding, report.reason)
                    await self._drop_lost(desk)
            if not (isinstance(report, Progress) and not report.done):
                self._clear(desk)
                finished += 1
                self._foreman.batch_finished()
            desk.look()
        return finished

    async def _drop_lost(self, desk: "_Desk") -> None:
        """What was given up with the batch in play, and is at hand behind it, is not played either."""
        for holding in list(desk.holdings)[1:]:
            if holding.lost:
                await desk.process.drop(holding.lease)

    def _clear(self, desk: "_Desk") -> Holding:
        """The batch in play is played, or will not be."""
        holding = desk.holdings.popleft()
        del self._playing[holding.lease]
        self._holdings.end(holding)
        return holding

    def _take(self, holding: Holding, progress: Progress) -> None:
        holding.take(progress.results)
        self._paces[holding.batch.run] = holding.pace
        self.episodes += len(progress.results)
        self.frames += sum(result.frames for result in progress.results)
        if progress.results:
            self._deaths.pop(holding.batch.environment.id, None)

    def _bury(self, holdings: Sequence[Holding]) -> None:
        """The process died with these at hand: in the first, of which others are innocent."""
        if not holdings:
            return
        environment_id = holdings[0].batch.environment.id
        self._deaths[environment_id] += 1
        if self._deaths[environment_id] >= MOST_DEATHS:
            self._foreman.give_up(holdings[0], _deadly(environment_id))
        self._foreman.give_back(holdings)


class _Desk:
    """What one process has at hand: the batch in play and, when that is nearly played, the next."""

    def __init__(self, process: SlotProcess) -> None:
        self.process = process
        self.holdings: deque[Holding] = deque()
        self.wanting = asyncio.Event()
        """Whether there should be one more."""
        self.wanting.set()

    def look(self) -> None:
        """Sees anew whether there should be one more."""
        if not self.holdings or (len(self.holdings) == 1 and self.holdings[0].is_nearly_played):
            self.wanting.set()
        else:
            self.wanting.clear()


def _deadly(environment_id: str) -> str:
    return (
        f"{environment_id} ended its evaluation process {MOST_DEATHS} times in a row before an episode was finished: "
        "see the worker's log, correct the environment or give the worker more memory, then start it again"
    )
