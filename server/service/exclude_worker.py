"""Sets workers aside that were found wrong, retracts what they brought to open generations, and lets them in again."""

import logging
from collections.abc import Mapping
from uuid import UUID

from server.service.errors import NotFound
from server.service.memory import Memory
from server.service.offer_work import serve_waiters
from server.storage import exclusions, rechecks, runs
from server.storage.exclusions import Exclusion

logger = logging.getLogger(__name__)


async def exclude_workers(memory: Memory, reasons: Mapping[UUID, str]) -> None:
    """Sets workers aside, each for its reason: they get no work, and nothing of them counts from now on.

    Their results of generations that are still open are retracted, with what was played on them; their keys open again.
    Generations that are closed stay: what they rest on was confirmed when they closed, or is told as unconfirmed.

    Raises:
        NotLeading, DatabaseUnavailable: as `Storage.transaction`; it can be done again.
    """
    added = [_exclusion(memory, worker, reason) for worker, reason in reasons.items()]
    touched: dict[str, int] = {}
    async with memory.ledger:
        async with memory.storage.transaction(memory.epoch) as connection:
            await exclusions.add(connection, added)
            # In the order of their ids, as results lock them.
            for id in sorted(memory.runs):
                if row := await runs.lock(connection, id):
                    touched[id] = await rechecks.retract(connection, id, row.generation, list(reasons))
            excluded = await exclusions.current(connection)
        memory.workers.exclude(excluded)
    for exclusion in added:
        memory.schedule.forget(exclusion.worker)
        memory.jobs.schedule.forget(exclusion.worker)
        logger.error("action=worker.set_aside worker=%s name=%s reason=%s", *exclusion[:2], exclusion.reason)
    for id, retracted in touched.items():
        if retracted and id in memory.runs:
            memory.runs[id].reopen_later()
            logger.warning("action=results.retract run=%s results=%d", id, retracted)
    memory.changed.update(memory.runs)
    serve_waiters(memory)


async def exclude_worker(memory: Memory, id: UUID, reason: str) -> None:
    """A person sets a worker aside. Raises NotFound, and as `exclude_workers`."""
    if memory.workers.find(id) is None:
        raise NotFound(f"There is no worker {id}. List those that exist.")
    await exclude_workers(memory, {id: reason})


async def readmit_worker(memory: Memory, id: UUID) -> None:
    """A person lets a worker in again: it gets work from now on. What was retracted stays so.

    Raises:
        NotFound: it was not set aside. NotLeading, DatabaseUnavailable: as `Storage.transaction`.
    """
    exclusion = memory.workers.exclusion_of(id)
    if exclusion is None:
        raise NotFound(f"No worker {id} was set aside.")
    async with memory.storage.transaction(memory.epoch) as connection:
        await exclusions.readmit(connection, [exclusion.worker], memory.clock.now())
        excluded = await exclusions.current(connection)
    memory.workers.exclude(excluded)
    logger.warning("action=worker.readmit worker=%s name=%s", id, exclusion.name)
    serve_waiters(memory)


def _exclusion(memory: Memory, worker: UUID, reason: str) -> Exclusion:
    known = memory.workers.find(worker)
    host = known.announcement.host if known else ""
    return Exclusion(worker, memory.workers.name_of(worker), host, reason, memory.clock.now())
