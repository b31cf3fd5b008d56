"""The evaluation processes of one worker: kept alive, fed one batch after another without a pause."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from worker.holdings import Held, Holding, Holdings
from worker.job_holding import JobHolding
from worker.journal import line, logger
from worker.orders import Failure, JobProgress, Message, Progress
from worker.shelf import open_memory
from worker.slot_process import SlotProcess

MOST_DEATHS = 3
"""So many processes in a row that die in one environment without a result, and it is given up."""
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
"""Before a process that died without finishing anything is replaced; doubled each time."""
TELL_SECONDS = 60.0
MOST_FAILED_STARTS = 3
"""So many processes in a row, in every slot, that die before they are ready, and the worker ends."""


class NeverReady(RuntimeError):
    """The evaluation processes die before they are ready, again and again. The message says what to do."""


Reports = AsyncIterator[Message]


class Foreman(Protocol):
    """Who is told what becomes of the processes and their batches."""

    def slot_ready(self) -> None: ...

    def batch_finished(self) -> None: ...

    def give_back(self, holdings: Sequence[Held]) -> None: ...

    def give_up(self, holding: Held, reason: str) -> None: ...


class Crew:
    """One evaluation process for each slot; one that dies is replaced, and its batch given back."""

    def __init__(
        self,
        slots: int,
        modules: Sequence[str],
        holdings: Holdings,
        foreman: Foreman,
        parents_bytes: int | None = None,
    ) -> None:
        self.episodes = 0
        self.frames = 0
        self._slots, self._modules, self._holdings, self._foreman = slots, modules, holdings, foreman
        self._processes: dict[int, SlotProcess] = {}
        self._playing: dict[UUID, SlotProcess] = {}
        self._deaths: Counter[str] = Counter()
        self._paces: dict[str, float] = {}
        self._ready: set[int] = set()
        self._failed_starts = dict.fromkeys(range(slots), 0)
        self._memory = open_memory(parents_bytes)

    @property
    def is_ready(self) -> bool:
        """Whether there is a process that plays, or could."""
        return bool(self._ready)

    async def work(self) -> None:
        """Has no end but cancellation.

        Raises:
            NeverReady: no slot has a process that becomes ready.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._slots):
                    group.create_task(self._keep_slot(number))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def tell(self, worker: str) -> None:
        """A line a minute for whoever reads the log."""
        episodes = frames = 0
        while True:
            await asyncio.sleep(TELL_SECONDS)
            played, episodes = self.episodes - episodes, self.episodes
            rate, frames = (self.frames - frames) / TELL_SECONDS, self.frames
            logger.info(line("playing", worker=worker, episodes=played, frames_per_second=rate))

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
            try:
                process = await self._start_process()
            except OSError as error:
                raise NeverReady(_unstartable(error)) from None
            self._processes[number] = process
            reports = process.reports()
            is_ready = await self._await_start(number, reports)
            finished = await self._feed(process, reports) if is_ready else 0
            self._ready.discard(number)
            code = await process.end()
            barren = 0 if finished else barren + 1
            logger.warning(line("evaluation-process-ended", slot=number, pid=process.pid, exit_code=code))
            if min(self._failed_starts.values()) >= MOST_FAILED_STARTS:
                raise NeverReady(_hopeless())
            await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, SHORTEST_PAUSE_SECONDS * 2**barren) if barren else 0)

    async def _start_process(self) -> SlotProcess:
        """A fresh process. Where this is cancelled meanwhile, the process is ended: nobody else knows of it yet."""
        starting = asyncio.ensure_future(SlotProcess.start(self._modules, self._memory))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            with suppress(OSError):
                await (await starting).end()
            raise

    async def _await_start(self, number: int, reports: Reports) -> bool:
        """Whether the slot's process says that it is ready before it dies."""
        if await anext(reports, None) is None:
            self._failed_starts[number] += 1
            return False
        self._failed_starts[number] = 0
        self._ready.add(number)
        self._foreman.slot_ready()
        return True

    async def _feed(self, process: SlotProcess, reports: Reports) -> int:
        """Gives the process batch after batch until it dies: how many it finished."""
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
            holding.pace = self._paces.get(holding.purpose, holding.pace)
            desk.holdings.append(holding)
            desk.look()
            if isinstance(holding, JobHolding):
                await desk.process.play_job(holding.batch)
            else:
                await desk.process.play(holding.batch, self._holdings.branchings(holding.batch))

    async def _follow(self, desk: "_Desk", reports: Reports) -> int:
        """Takes results as they come until the process dies: how many batches it finished."""
        finished = 0
        async for report in reports:
            holding = desk.holdings[0]
            match report:
                case Progress() if isinstance(holding, Holding):
                    self._take(holding, report)
                case JobProgress() if isinstance(holding, JobHolding):
                    holding.take(report)
                    self._count(holding, report)
                case Failure() if not holding.lost:
                    self._foreman.give_up(holding, report.reason)
                    await self._drop_lost(desk)
            if not isinstance(report, Progress | JobProgress) or report.done:
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

    def _clear(self, desk: "_Desk") -> Held:
        """The batch in play is played, or will not be."""
        holding = desk.holdings.popleft()
        del self._playing[holding.lease]
        self._holdings.end(holding)
        return holding

    def _take(self, holding: Holding, progress: Progress) -> None:
        holding.take(progress.results)
        self._paces[holding.purpose] = holding.pace
        self._count(holding, progress)

    def _count(self, holding: Held, progress: Progress | JobProgress) -> None:
        self.episodes += len(progress.results)
        self.frames += sum(result.frames for result in progress.results)
        if progress.results:
            self._deaths.pop(_cause(holding), None)

    def _bury(self, holdings: Sequence[Held]) -> None:
        """The process died with these at hand: in the first, of which others are innocent."""
        if not holdings:
            return
        first = holdings[0]
        cause, environment_id = _cause(first), first.batch.environment.id
        self._deaths[cause] += 1
        if self._deaths[cause] >= MOST_DEATHS:
            if isinstance(first, JobHolding):
                first.problem = _deadly(environment_id)
            else:
                self._foreman.give_up(first, _deadly(environment_id))
        self._foreman.give_back(holdings)


class _Desk:
    """What one process has at hand: the batch in play and, when that is nearly played, the next."""

    def __init__(self, process: SlotProcess) -> None:
        self.process = process
        self.holdings: deque[Held] = deque()
        self.wanting = asyncio.Event()
        """Whether there should be one more."""
        self.wanting.set()

    def look(self) -> None:
        """Sees anew whether there should be one more."""
        if not self.holdings or (len(self.holdings) == 1 and self.holdings[0].is_nearly_played):
            self.wanting.set()
        else:
            self.wanting.clear()


def _cause(holding: Held) -> str:
    """What is to blame for a death: a job's policy or video may be, without the environment being at fault."""
    return holding.purpose if isinstance(holding, JobHolding) else holding.batch.environment.id


def _deadly(environment_id: str) -> str:
    return (
        f"{environment_id} ended its evaluation process {MOST_DEATHS} times in a row before an episode was finished: "
        "see the worker's log, correct the environment or give the worker more memory, then start it again"
    )


def _unstartable(error: OSError) -> str:
    return (
        f"an evaluation process cannot be started: {error.strerror or error}; give the worker fewer slots, or more "
        "memory, processes or open files, then start it again"
    )


def _hopeless() -> str:
    return (
        f"no evaluation process becomes ready: {MOST_FAILED_STARTS} in a row ended before they could play; correct "
        "what their own lines above name (where they say nothing, give the worker more memory), "
        "see what `neuroevo doctor` finds, then start the worker again"
    )
