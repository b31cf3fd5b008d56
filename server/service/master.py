"""The master: the use cases behind the interface, and the life of the process that leads."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal
from uuid import UUID

from evolution.configuration import Budget, Preset
from evolution.messages import BatchReply, BatchRequest, ExtendReply, ExtendRequest, ReleaseRequest
from server.service.best_policies import best_policies
from server.service.change_run import change_run, delete_run, pause_run, remove_results, resume_run, stop_run
from server.service.clock import Clock
from server.service.close_generation import advance_soon
from server.service.create_run import clone_run, create_run
from server.service.errors import DatabaseUnavailable, NotLeading
from server.service.events import EventLog
from server.service.exchange import exchange, extend_leases, release_leases
from server.service.exclude_worker import exclude_worker, readmit_worker
from server.service.export_run import export_run
from server.service.gauges import Gauges
from server.service.generation_views import all_generations, list_generations, list_individuals, show_generation
from server.service.import_run import import_run
from server.service.leadership import HEARTBEAT_SECONDS, STANDBY_SECONDS, Silence, try_to_lead
from server.service.library import Library
from server.service.library_recordings import fill_library
from server.service.load_run import adopt_strays, find_row, load_run
from server.service.memory import MasterSettings, Memory
from server.service.meters import Meters
from server.service.offer_work import offer_run
from server.service.recordings import Recordings
from server.service.run_views import detail_run, list_runs
from server.service.submit_results import Committer
from server.service.take_up_jobs import follow_stored_jobs, load_jobs
from server.service.tick import BEAT_SECONDS, TICK_SECONDS, beat, tick
from server.service.worker_views import list_environments, list_workers
from server.storage import exclusions, leadership, runs
from server.storage.database import Connection, Storage
from server.storage.runs import RunRow
from server.views import (
    EnvironmentView,
    GenerationView,
    IndividualView,
    Page,
    PolicyView,
    RunDetail,
    RunState,
    RunSummary,
    WorkerView,
)

logger = logging.getLogger(__name__)

REPLACED_EXIT = 75
"""Exit status of a master that another one has replaced: start it again, it will stand by."""


def exit_replaced() -> None:
    """Ends the process at once: whatever it went on to do would be refused."""
    logging.shutdown()
    os._exit(REPLACED_EXIT)


class Master:
    """Leads the workers through the runs. All methods but `start` and `stop` raise NotLeading unless it leads."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        settings: MasterSettings,
        on_replaced: Callable[[], None] = exit_replaced,
    ) -> None:
        """`on_replaced`: called once another master has taken the lead; must end the process."""
        self._memory = Memory(storage, clock, settings, self._step_down)
        self._committer = Committer(self._memory)
        self.library = Library(self._leading)
        self.recordings = Recordings(self._leading)
        self._on_replaced = on_replaced
        self._silence = Silence(clock)
        self._loops: list[asyncio.Task[None]] = []
        self._ready = False
        self.meters.registry.register(Gauges(self._memory, lambda: self._ready))

    @property
    def ready(self) -> bool:
        """Whether it leads and has read what is stored."""
        return self._ready

    @property
    def epoch(self) -> int:
        """Number of this leadership; 0 before it."""
        return self._memory.epoch

    @property
    def events(self) -> EventLog:
        """What happens, for those who watch."""
        return self._memory.events

    @property
    def meters(self) -> Meters:
        """What is counted, for `/metrics`."""
        return self._memory.meters

    async def start(self) -> None:
        """Takes the lead, or stands by until the leader is gone.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        epoch = await try_to_lead(self._memory.storage, self._silence)
        if epoch is not None:
            await self._lead(epoch)
        else:
            logger.info("action=master.stand_by reason=another master leads")
            self._begin(self._stand_by())

    async def stop(self) -> None:
        """Stores how far it came and gives up the lead. What was not acknowledged is sent again, to the next master."""
        leads, self._ready = self._ready, False
        self._memory.waiters.dismiss()
        await self._memory.cancel_tasks()
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if leads:
            await self._give_up_lead()

    async def check_ready(self) -> None:
        """Returns if requests can be served.

        Raises:
            NotLeading: another master leads.
            DatabaseUnavailable: the database does not answer.
        """
        storage = self._leading().storage
        async with storage.reading() as connection:
            await runs.count(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A write transaction of this leadership. Raises DatabaseUnavailable."""
        memory = self._leading()
        async with memory.storage.transaction(memory.epoch) as connection:
            yield connection

    async def exchange(self, request: BatchRequest) -> BatchReply:
        """Takes results and hands out work: see `server.service.exchange`. Cancelled, it hands out nothing."""
        return await exchange(self._leading(), self._committer, request)

    async def extend(self, request: ExtendRequest) -> ExtendReply:
        """Keeps leases alive."""
        return extend_leases(self._leading(), request)

    async def release(self, request: ReleaseRequest) -> None:
        """Gives leases back."""
        release_leases(self._leading(), request)

    async def create_run(self, preset: Preset | None, name: str | None, configuration: Mapping[str, Any]) -> RunDetail:
        """Creates a run. Raises InvalidConfiguration, UnknownEnvironment."""
        memory = self._leading()
        return detail_run(memory, await create_run(memory, preset, name, configuration))

    async def clone_run(self, id: str, name: str | None, configuration: Mapping[str, Any]) -> RunDetail:
        """Creates a run like another. Raises NotFound, InvalidConfiguration, UnknownEnvironment."""
        memory = self._leading()
        return detail_run(memory, await clone_run(memory, id, name, configuration))

    async def pause_run(self, id: str) -> RunDetail:
        """Raises NotFound, Conflict."""
        return detail_run(self._leading(), await pause_run(self._memory, id))

    async def resume_run(self, id: str) -> RunDetail:
        """Raises NotFound, Conflict."""
        return detail_run(self._leading(), await resume_run(self._memory, id))

    async def stop_run(self, id: str) -> RunDetail:
        """Raises NotFound, Conflict."""
        return detail_run(self._leading(), await stop_run(self._memory, id))

    async def change_run(self, id: str, name: str | None, weight: float | None, budget: Budget | None) -> RunDetail:
        """Raises NotFound, Conflict, InvalidConfiguration."""
        return detail_run(self._leading(), await change_run(self._memory, id, name, weight, budget))

    async def delete_run(self, id: str) -> None:
        """Raises NotFound."""
        await delete_run(self._leading(), id)

    async def export_run(self, id: str) -> tuple[RunRow, AsyncIterator[bytes]]:
        """The run and its file. Raises NotFound."""
        return await export_run(self._leading(), id)

    async def import_run(self, content: AsyncIterator[bytes]) -> RunDetail:
        """Raises MalformedRun."""
        memory = self._leading()
        return detail_run(memory, await import_run(memory, content))

    async def list_runs(self, state: RunState | None, cursor: str | None, limit: int) -> Page[RunSummary]:
        """Runs, newest first. Raises InvalidConfiguration (the cursor)."""
        return await list_runs(self._leading(), state, cursor, limit)

    async def show_run(self, id: str) -> RunDetail:
        """Raises NotFound."""
        memory = self._leading()
        held = memory.runs.get(id)
        return detail_run(memory, held.row if held else await find_row(memory, id))

    async def list_generations(
        self, id: str, cursor: str | None, limit: int, order: Literal["asc", "desc"] = "asc", *, chains: bool = True
    ) -> Page[GenerationView]:
        """Closed generations by number. Raises NotFound, InvalidConfiguration (the cursor)."""
        return await list_generations(self._leading(), id, cursor, limit, order, chains=chains)

    async def show_generation(self, id: str, number: int) -> GenerationView:
        """Raises NotFound."""
        return await show_generation(self._leading(), id, number)

    async def all_generations(self, id: str) -> list[GenerationView]:
        """All closed generations, without the elites' chains. Raises NotFound."""
        return await all_generations(self._leading(), id)

    async def list_individuals(self, id: str, number: int, cursor: str | None, limit: int) -> Page[IndividualView]:
        """Individuals that have results. Raises NotFound, InvalidConfiguration (the cursor)."""
        return await list_individuals(self._leading(), id, number, cursor, limit)

    async def best_policies(self, id: str, top: int) -> list[PolicyView]:
        """Raises NotFound."""
        return await best_policies(self._leading(), id, top)

    def list_environments(self) -> list[EnvironmentView]:
        """What connected workers can make."""
        return list_environments(self._leading())

    def list_workers(self) -> list[WorkerView]:
        """Who works, and who did within the last hour."""
        return list_workers(self._leading())

    async def exclude_worker(self, id: UUID, reason: str) -> None:
        """Sets a worker aside. Raises NotFound."""
        memory = self._leading()
        await exclude_worker(memory, id, reason)
        for run in memory.runs.values():
            advance_soon(memory, run)

    async def readmit_worker(self, id: UUID) -> None:
        """Lets a worker in again that was set aside. Raises NotFound."""
        await readmit_worker(self._leading(), id)

    def _leading(self) -> Memory:
        if not self._ready:
            raise NotLeading("This server does not lead now: another one does, or it has not read its runs yet.")
        return self._memory

    async def _lead(self, epoch: int) -> None:
        memory = self._memory
        memory.epoch = memory.events.epoch = epoch
        async with memory.storage.reading() as connection:
            rows, deleted = await runs.active(connection), await runs.deleted(connection)
            memory.workers.exclude(await exclusions.current(connection))
        for row in rows:
            await self._load(row)
        for id in deleted:
            memory.start_task(partial(remove_results, memory, id), "run.remove")
        await load_jobs(memory)
        memory.start_task(partial(fill_library, memory), "library.fill")
        for loop in (self._committer.run(), self._tick_forever(), self._beat_forever()):
            self._begin(loop)
        self._ready = True
        logger.info("action=master.lead epoch=%d runs=%d", epoch, len(rows))

    async def _load(self, row: RunRow) -> None:
        try:
            run = await load_run(self._memory, row)
        except ValueError:  # A run that this version cannot read must not keep the others from going on.
            logger.exception("action=run.load_failed run=%s", row.id)
            return
        self._memory.remember(run)
        offer_run(self._memory, run)

    async def _stand_by(self) -> None:
        while True:
            await self._memory.clock.sleep(STANDBY_SECONDS)
            try:
                epoch = await try_to_lead(self._memory.storage, self._silence)
                self._memory.troubles.end("lead")
                if epoch is not None:
                    await self._lead(epoch)
                    return
            except DatabaseUnavailable as error:
                self._memory.troubles.note("lead", error, self._memory.clock.monotonic())
                logger.warning("action=master.stand_by reason=%s", error)

    async def _tick_forever(self) -> None:
        while True:
            try:
                tick(self._memory)
            except Exception:  # A tick that fails must not be the last one.
                logger.exception("action=master.tick_failed")
            due = self._memory.clock.monotonic() + TICK_SECONDS
            await self._memory.clock.sleep(TICK_SECONDS)
            self.meters.lag.observe(max(0.0, self._memory.clock.monotonic() - due))

    async def _beat_forever(self) -> None:
        while True:
            # Taking the lead was the first heartbeat.
            await self._memory.clock.sleep(HEARTBEAT_SECONDS)
            try:
                await beat(self._memory)
                self._memory.troubles.end("heartbeat")
                self._memory.start_task(partial(adopt_strays, self._memory), "runs.adopt")
                self._memory.start_task(partial(follow_stored_jobs, self._memory), "jobs.follow")
            except DatabaseUnavailable as error:
                self._memory.troubles.note("heartbeat", error, self._memory.clock.monotonic())
                logger.warning("action=master.heartbeat_missed reason=%s", error)
            except NotLeading as error:
                self._memory.replaced(error)
                return

    async def _give_up_lead(self) -> None:
        try:
            await beat(self._memory)
            async with self._memory.storage.unfenced(seconds=BEAT_SECONDS) as connection:
                await leadership.release(connection, self._memory.epoch)
        except (DatabaseUnavailable, NotLeading) as error:
            logger.warning("action=master.stop reason=%s", error)

    def _begin(self, loop: Coroutine[Any, Any, None]) -> None:
        self._loops.append(asyncio.get_running_loop().create_task(loop))

    def _step_down(self) -> None:
        was_ready, self._ready = self._ready, False
        if was_ready:
            self._on_replaced()
