"""Takes results into the ledger: those of many requests in one transaction, acknowledged once it is committed."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from evolution.messages import EpisodeResult, JobSubmission, Outcome, Submission, WorkerIdentity
from server.service.active_run import ActiveRun
from server.service.admission import Admission, admit
from server.service.errors import DatabaseUnavailable, NotFound, NotLeading, Overloaded
from server.service.load_run import find_run
from server.service.memory import Memory
from server.service.record_results import Judged, Taken, record
from server.storage import costs, rechecks, results
from server.storage.results import Delivery, Key

logger = logging.getLogger(__name__)

GROUP_RESULTS = 10_000
"""Results of one transaction, about; the rest waits for the next."""
PENDING_RESULTS = 200_000
"""Results held for the database; more are refused until it has caught up."""


@dataclass(eq=False, slots=True)
class Pending:
    """A submission on its way into the ledger."""

    worker: UUID
    core_hour_price: float | None
    """The worker's, US dollars, if it told one."""
    submission: Submission
    run: ActiveRun
    judged: list[Judged]
    """The results that are possible."""
    delivery: Delivery
    """Those of them that may be missing."""
    outcome: "asyncio.Future[Outcome]"

    @property
    def size(self) -> int:
        """How many results it keeps in memory."""
        return len(self.judged)


@dataclass
class Committer:
    """Commits what is pending, one group after the other: the ledger's sequence is the order of commits."""

    memory: Memory
    _pending: list[Pending] = field(default_factory=list)
    _pending_results: int = 0
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, worker: WorkerIdentity, submissions: Sequence[Submission]) -> dict[UUID, Outcome]:
        """How each submission was taken, by its id, once that is committed.

        Raises:
            DatabaseUnavailable, NotLeading: nothing is acknowledged; the worker sends it again.
        """
        outcomes: dict[UUID, Outcome] = {}
        pending: list[Pending] = []
        for submission in submissions:
            prepared = await self._prepare(worker, submission)
            if isinstance(prepared, Outcome):
                outcomes[submission.id] = prepared
            else:
                pending.append(prepared)
        self._enqueue(pending)
        for item in pending:
            # Whoever hangs up here undoes nothing: what is on its way is committed all the same.
            outcomes[item.submission.id] = await item.outcome
        return outcomes

    async def run(self) -> None:
        """Commits groups for ever. A failed group's requests are told; whoever sent them sends them again."""
        while True:
            await self._arrived.wait()
            group = self._take()
            try:
                await self._commit(group)
                self.memory.troubles.end("results")
            except asyncio.CancelledError:
                fail(group, NotLeading("The server stops."))
                raise
            except (DatabaseUnavailable, NotLeading) as error:
                fail(group, error)
                if isinstance(error, NotLeading):
                    self.memory.replaced(error)
                else:
                    self.memory.troubles.note("results", error, self.memory.clock.monotonic())
                    count = sum(item.size for item in group)
                    logger.warning("action=results.postponed results=%d reason=%s", count, error)
            except Exception as error:  # Whatever went wrong, the requests that wait must be answered.
                logger.exception("action=results.commit_failed results=%d", sum(item.size for item in group))
                fail(group, error)

    async def _prepare(self, asker: WorkerIdentity, submission: Submission) -> Pending | Outcome:
        """The submission with every result judged; an outcome if nobody can want it."""
        worker, results = asker.id, submission.results
        if exclusion := self.memory.workers.exclusion_of(worker):
            logger.warning(
                "action=results.refuse run=%s worker=%s name=%s results=%d reason=set aside",
                submission.run,
                worker,
                exclusion.name,
                len(results),
            )
            return unwanted(submission)
        try:
            run = await find_run(self.memory, submission.run)
        except NotFound:
            logger.info("action=results.unwanted run=%s results=%d reason=no such run", submission.run, len(results))
            return unwanted(submission)
        if submission.engine != run.row.engine:
            logger.warning(
                "action=results.refuse run=%s worker=%s results=%d reason=engine", run.id, worker, len(results)
            )
            return unwanted(submission)
        return _sort(self.memory, asker, submission, run)

    def _enqueue(self, pending: Sequence[Pending]) -> None:
        size = sum(item.size for item in pending)
        if self._pending_results + size > PENDING_RESULTS:
            raise Overloaded(Overloaded.__doc__)
        self._pending.extend(pending)
        self._pending_results += size
        if pending:
            self._arrived.set()

    def _take(self) -> list[Pending]:
        group: list[Pending] = []
        size = 0
        while self._pending and (not group or size + self._pending[0].size <= GROUP_RESULTS):
            group.append(self._pending.pop(0))
            size += group[-1].size
        self._pending_results -= size
        if not self._pending:
            self._arrived.clear()
        return group

    async def _commit(self, group: Sequence[Pending]) -> None:
        meters = self.memory.meters
        meters.commit_results.observe(sum(item.size for item in group))
        async with self.memory.ledger:
            with meters.commit_seconds.time():
                await self._commit_believed([item for item in group if not self._was_excluded(item)])

    def _was_excluded(self, item: Pending) -> bool:
        """Whether the worker was set aside since it was heard: it is told that nobody wants its results."""
        is_excluded = self.memory.workers.exclusion_of(item.worker) is not None
        if is_excluded and not item.outcome.done():
            item.outcome.set_result(unwanted(item.submission))
        return is_excluded

    async def _commit_believed(self, group: Sequence[Pending]) -> None:
        by_run: dict[str, list[Pending]] = {}
        for item in group:
            by_run.setdefault(item.run.id, []).append(item)
        taken: dict[str, Taken] = {}
        rechecked: list[tuple[Pending, dict[Key, EpisodeResult]]] = []
        prices = self._new_prices(group)
        async with self.memory.storage.transaction(self.memory.epoch) as connection:
            await costs.add_prices(connection, prices)
            added = await results.insert(connection, [item.delivery for item in group])
            await costs.charge_late(connection, _late(group, added))
            for run, items in by_run.items():
                fresh = added.get(run, {})
                doubtful = {key for item in items for key, _ in item.judged if key not in fresh}
                stored = await results.stored(connection, run, doubtful)
                taken[run] = Taken(fresh, {*fresh, *stored})
                rechecked += [(item, _rechecks(item, stored)) for item in items]
            spoken = [item.delivery._replace(results=[*found.values()]) for item, found in rechecked]
            await rechecks.insert(connection, spoken)
        self.memory.workers.note_prices(prices)
        for item, found in rechecked:
            refused = len(item.submission.results) - len(item.judged)
            known, price = taken[item.run.id], item.core_hour_price
            outcome = record(self.memory, item.worker, item.run, item.judged, known, refused, found, price)
            if not item.outcome.done():
                item.outcome.set_result(outcome)

    def _new_prices(self, group: Sequence[Pending]) -> dict[UUID, float]:
        """What workers tell that is not stored yet, US dollars for a core-hour: no result comes before its price."""
        told = {item.worker: item.core_hour_price for item in group if item.core_hour_price is not None}
        return {worker: price for worker, price in told.items() if not self.memory.workers.has_stored_price(worker)}


def fail(group: Sequence[Pending], error: Exception) -> None:
    """Tells the requests that nothing of theirs is acknowledged."""
    for item in group:
        if not item.outcome.done():
            item.outcome.set_exception(error)
            # A request that hung up does not ask; its failure is no news.
            item.outcome.exception()


def unwanted(submission: Submission | JobSubmission) -> Outcome:
    """None of its results is stored, and none need be sent again."""
    return Outcome(accepted=0, repeated=0, unwanted=len(submission.results))


def _late(group: Sequence[Pending], added: Mapping[str, Mapping[Key, bool]]) -> list[Delivery]:
    """What came late of what was added. Of several results for one episode it was the first."""
    left = {run: {key for key, is_late in keys.items() if is_late} for run, keys in added.items()}
    late: list[Delivery] = []
    for item in group if any(left.values()) else ():
        keys = left.get(item.run.id, set())
        found = {key: result for key, result in reversed(item.judged) if key in keys}
        keys.difference_update(found)
        late.append(item.delivery._replace(results=[*found.values()]))
    return late


def _rechecks(item: Pending, stored: Collection[Key]) -> dict[Key, EpisodeResult]:
    """Of a submission, what another worker's word is awaited on."""
    found: dict[Key, EpisodeResult] = {}
    if check := item.run.check:
        for key, result in item.judged:
            if key in stored and check.wants(key, item.worker):
                found.setdefault(key, result)
    return found


def _sort(memory: Memory, asker: WorkerIdentity, submission: Submission, run: ActiveRun) -> Pending:
    if run.row.engine_id is None:
        raise ValueError(f"run {run.id} is bound to no engine")
    worker = asker.id
    judged: list[Judged] = []
    wanted: list[EpisodeResult] = []
    fault = None
    for result in submission.results:
        if problem := run.limits.find_fault(result):
            fault = fault or problem
            continue
        admission = admit(run.configuration, run.open, result)
        if admission is not Admission.REFUSE:
            judged.append(((result.generation, result.index, int(result.phase), result.episode), result))
        if admission is Admission.STORE:
            wanted.append(result)
    if refused := len(submission.results) - len(judged):
        _note_refusal(memory, worker, run, refused, fault)
    delivery = Delivery(run.id, run.row.engine_id, submission.id, worker, wanted)
    outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    return Pending(worker, asker.core_hour_price, submission, run, judged, delivery, outcome)


def _note_refusal(memory: Memory, worker: UUID, run: ActiveRun, results: int, fault: str | None) -> None:
    """`fault`: why one of them cannot be; None: nobody asked for them, which may be as they came late."""
    logger.warning(
        "action=results.refuse run=%s worker=%s name=%s results=%d reason=%s",
        run.id,
        worker,
        memory.workers.name_of(worker),
        results,
        fault or "nobody asked for them",
    )
    if fault and (known := memory.workers.find(worker)):
        known.refused += results
