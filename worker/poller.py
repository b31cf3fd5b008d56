"""The worker's main loop: claims work ahead, lets the evaluation processes play it, submits results behind.

The slots never wait for the server: one batch for each is in hand beyond those in play. A submission is sent again,
under its own id, until the server names it; the server may be gone for any time in between.
"""

import asyncio
from asyncio import Task
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from evolution.environments import Environment, EnvironmentDescription
from evolution.messages import (
    PROTOCOL,
    Announcement,
    Batch,
    BatchReply,
    BatchRequest,
    Farewell,
    JobBatch,
    JobSubmission,
    Submission,
    WorkerIdentity,
)
from worker.catalogue import describe, describe_problem
from worker.crew import Crew, NeverReady
from worker.holdings import Chains, Held, Holding, Holdings, Outbox, Submitted, UnusableBatch
from worker.job_holding import JobHolding
from worker.journal import line, logger
from worker.leases import Leases
from worker.patience import SHORTEST_PAUSE_SECONDS, Patience
from worker.server import Refused, Server, ServerUnreachable
from worker.tasks import cancel
from worker.uploads import Uploads

AHEAD = 1
"""Batches in hand for each slot, beyond the one in play."""
SUBMIT_SECONDS = 5.0
"""Results of a long batch are submitted at least so often."""
LEAVING_SECONDS = 5.0
"""For the last submissions when the worker stops; with what follows it stays below 10 s."""


def describe_crash(error: Exception) -> str:
    """Why the worker ends, in words: what it was prepared for says what to do."""
    return str(error) if isinstance(error, NeverReady) else f"{type(error).__name__}: {error}"


@dataclass
class Poller:
    """Speaks to the server for all slots of this worker."""

    server: Server
    identity: WorkerIdentity
    announcement: Announcement
    modules: Sequence[str]
    own: dict[str, str]
    """Environments that the user's modules registered, with the module."""
    parents_bytes: int | None = None
    """See `open_memory`."""
    _holdings: Holdings = field(default_factory=Holdings)
    _outbox: Outbox = field(default_factory=Outbox)
    _chains: Chains = field(default_factory=Chains)
    _descriptions: list[EnvironmentDescription] = field(default_factory=list)
    _must_announce: bool = True
    _is_leaving: bool = False
    _asked: int = 0
    """Batches that the empty request under way asks for."""

    def __post_init__(self) -> None:
        self._hungry, self._finished = asyncio.Event(), asyncio.Event()
        self._crew = Crew(self.announcement.slots, self.modules, self._holdings, self, self.parents_bytes)
        self._leases = Leases(self.server, self.identity, self._holdings.leases, self._lose)
        self._background: set[Task[None]] = set()
        self._uploads, self._patience = Uploads(self.server), Patience(self.server.url)

    async def run(self, stop: asyncio.Future[Farewell]) -> None:
        """Works until `stop` says why to leave, then hands back what is not played and submits what is.

        Raises:
            Refused: the server will never take this worker.
            NeverReady: its processes cannot play. As after any other error, what it held is handed back all the same.
        """
        try:
            await self._work(stop)
        except Refused:
            raise
        except Exception as error:  # Be it unforeseen: whoever looks after the fleet is told.
            with suppress(Exception):  # What breaks besides hides nothing.
                await self._leave("crashed", describe_crash(error))
            raise
        await self._leave(stop.result())

    async def _work(self, stop: asyncio.Future[Farewell]) -> None:
        loops = [
            self._claim_work(),
            self._submit_results(),
            self._leases.extend(),
            self._crew.work(),
            self._crew.tell(self.identity.name),
        ]
        try:
            async with asyncio.TaskGroup() as self._group:
                tasks = [self._group.create_task(loop) for loop in loops]
                await asyncio.wait([stop])
                for task in [*tasks, *self._background]:
                    task.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            await self._crew.end()

    def slot_ready(self) -> None:
        """A slot can play: work is claimed."""
        self._hungry.set()

    def batch_finished(self) -> None:
        """A slot is free: its results are submitted, and work is claimed."""
        self._finished.set()
        self._hungry.set()

    def give_back(self, holdings: Sequence[Held]) -> None:
        """Others play what is left of these batches."""
        for holding in holdings:
            self._holdings.lose(holding.lease)
        self._start(self._leases.release([holding.lease for holding in holdings]))
        self.batch_finished()

    def give_up(self, holding: Held, reason: str) -> None:
        """The batch's environment cannot be played as long as this worker lives, for this reason.

        The next request tells the server so: it announces the environment no more, and describes it with the reason.
        """
        environment = holding.batch.environment
        logger.error(line("environment-given-up", environment=environment.id, reason=reason))
        engines = {name: engine for name, engine in self.announcement.engines.items() if name != environment.id}
        self.announcement = self.announcement.model_copy(update={"engines": engines})
        self._must_announce = True
        self._descriptions.append(describe_problem(environment, holding.engine, reason))
        self.give_back(self._holdings.of_environment(environment.id))

    async def _claim_work(self) -> None:
        """Keeps one request open whenever there is nothing else to say; the server answers it when there is work."""
        while True:
            self._hungry.clear()
            self._asked = self._deficit()
            try:
                await (self._ask_for_work() if self._asked else self._listen())
            finally:
                self._asked = 0

    async def _ask_for_work(self) -> None:
        reply = await self._ask(self._request(wants=self._asked))
        if reply is not None and not reply.batches and not reply.jobs and not reply.announce:
            # It should have waited: a server that does not must not be asked without pause.
            await asyncio.sleep(SHORTEST_PAUSE_SECONDS)

    async def _listen(self) -> None:
        """A request that asks for no batch only hears what the server wants: it gives way when work is wanted."""
        asking = asyncio.create_task(self._ask(self._request()))
        waking = asyncio.create_task(self._hungry.wait())
        try:
            await asyncio.wait([asking, waking], return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                asking.result()  # raises what it raised
        finally:
            await cancel([asking, waking])

    async def _submit_results(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._finished.wait(), SUBMIT_SECONDS)
            self._finished.clear()
            self._collect()
            while self._outbox:
                wants = max(0, self._deficit() - self._asked)
                await self._ask(self._request(wants=wants, submissions=self._outbox.head()))

    def _collect(self) -> None:
        """What is played is to be submitted."""
        self._outbox.put(self._holdings.collect())
        for submission, recordings in self._holdings.collect_jobs():
            self._outbox.put([submission])
            self._uploads.hold(submission.id, recordings)

    async def _lose(self, lease: UUID) -> None:
        logger.info(line("lease-lost", lease=lease))
        if self._holdings.lose(lease):
            await self._crew.drop(lease)
        self._hungry.set()

    def _deficit(self) -> int:
        """How many more batches should be in hand."""
        if self._outbox.is_full or not self._crew.is_ready:
            return 0
        return max(0, self.announcement.slots * (1 + AHEAD) - len(self._holdings))

    def _request(self, *, wants: int = 0, submissions: Sequence[Submitted] = ()) -> BatchRequest:
        return BatchRequest(
            protocol=PROTOCOL,
            worker=self.identity,
            announcement=self.announcement if self._must_announce else None,
            submissions=[each for each in submissions if isinstance(each, Submission)],
            job_submissions=[each for each in submissions if isinstance(each, JobSubmission)],
            descriptions=list(self._descriptions),
            holds=self._chains.names(),
            wants=wants,
        )

    async def _ask(self, request: BatchRequest) -> BatchReply | None:
        """One request and what follows from its answer; without an answer None, after a pause that grows.

        Raises:
            Refused: see `Server.exchange`.
        """
        try:
            reply = await self.server.exchange(request)
        except ServerUnreachable as error:
            await self._patience.wait(str(error))
            return None
        self._patience.note_answer()
        self._take(request, reply)
        return reply

    def _take(self, request: BatchRequest, reply: BatchReply) -> None:
        self._outbox.settle(reply.outcomes)
        self._descriptions = [known for known in self._descriptions if known not in request.descriptions]
        if request.announcement is self.announcement or reply.announce:
            self._must_announce = reply.announce
        if self._uploads.release(reply.outcomes):
            self._start(self._uploads.send())
        for job in reply.jobs:
            self._accept(job)
        for batch in reply.batches:
            self._accept(batch)
        if reply.describe:
            self._start(self._describe(reply.describe))

    def _accept(self, batch: Batch | JobBatch) -> None:
        self._leases.seconds = batch.expires_in
        try:
            self._holdings.add(self._hold(batch))
        except UnusableBatch as error:
            logger.warning(line("batch-refused", lease=batch.lease, reason=str(error)))
            self._start(self._leases.release([batch.lease]))

    def _hold(self, batch: Batch | JobBatch) -> Held:
        engine = self.announcement.engines.get(batch.environment.id)
        if engine is None:
            raise UnusableBatch(f"{batch.environment.id} is not announced")
        return (
            JobHolding(batch, engine) if isinstance(batch, JobBatch) else Holding(self._chains.complete(batch), engine)
        )

    async def _describe(self, environments: Sequence[Environment]) -> None:
        for environment in environments:
            self._descriptions.append(await asyncio.to_thread(describe, environment, self.own))
        await self._ask(self._request())

    async def _leave(self, why: Farewell, reason: str | None = None) -> None:
        """Submits what was played, hands back what was not."""
        self._is_leaving = True
        leases = self._holdings.leases()
        try:
            await self._submit_rest()
        finally:
            # Whatever went wrong: a server that hears nothing waits for the leases' end.
            await self._leases.say_goodbye(leases, why, reason)
        unsent = sum(len(submission.results) for submission in self._outbox.head())
        logger.info(line("worker-left", worker=self.identity.name, why=why, leases=len(leases), unsent=unsent))

    async def _submit_rest(self) -> None:
        self._collect()
        with suppress(TimeoutError, Refused):
            async with asyncio.timeout(LEAVING_SECONDS):
                while self._outbox:
                    await self._ask(self._request(submissions=self._outbox.head()))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs beside the loops; what it raises ends them. A worker that leaves begins nothing more."""
        if self._is_leaving:
            work.close()
            return
        task = self._group.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
