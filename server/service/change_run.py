"""What people do to a run: pause, resume, stop, change, delete."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from evolution.configuration import Budget
from server.service.active_run import ActiveRun, ended
from server.service.close_generation import advance_soon
from server.service.create_run import checked_name, validate
from server.service.errors import Conflict, DatabaseUnavailable, NotFound
from server.service.load_run import find_row, find_run, load_run
from server.service.memory import Memory
from server.service.offer_work import offer_run
from server.service.stock_library import part_with_run, stock_library
from server.service.take_up_jobs import follow_stored_jobs
from server.service.tell_watchers import tell_of_deletion, tell_of_run
from server.storage import costs, rechecks, results, runs
from server.storage.runs import RunRow

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
DELETED_RESULTS = 20_000
"""Results removed in one transaction: a long one would hold up heartbeats."""


async def pause_run(memory: Memory, id: str) -> RunRow:
    """Hands out nothing more of the run; what is on its way is still counted. Raises NotFound, Conflict."""
    return await _move(memory, id, "paused", {"waiting", "running"})


async def resume_run(memory: Memory, id: str) -> RunRow:
    """Goes on with a paused run. Raises NotFound, Conflict."""
    run = await find_run(memory, id)
    return await _move(memory, id, "running" if run.row.engine else "waiting", {"paused"})


async def stop_run(memory: Memory, id: str) -> RunRow:
    """Ends the run for good, in mid generation. Raises NotFound, Conflict."""
    return await _move(memory, id, "stopped", {"waiting", "running", "paused"})


async def _move(memory: Memory, id: str, state: str, allowed: set[str]) -> RunRow:
    run = await find_run(memory, id)
    async with run.lock:
        await _catch_up(memory, run)
        if run.state == state:
            return run.row
        if run.state not in allowed:
            raise Conflict(f"Run {id} is {run.state}: it cannot become {state}.")
        # The clock stands still while the change is stored, whatever comes of it.
        meter = run.meter(memory.clock.monotonic())
        changes: dict[str, Any] = {
            "state": state,
            "open_frames": meter.open_frames,
            "open_steps": meter.open_steps,
            "active_seconds": meter.active_seconds,
        }
        if state == "stopped":
            changes["finished_at"] = memory.clock.now()
        await _change(memory, run, changes)
    logger.info("action=run.%s run=%s", state, id)
    advance_soon(memory, run)
    return run.row


async def _catch_up(memory: Memory, run: ActiveRun) -> None:
    """Lets memory follow a commit whose answer was lost, so that nothing of a closed generation is written again."""
    row = await find_row(memory, run.id)
    if (row.generation, row.state) != (run.open.number, run.state):
        run.adopt(await load_run(memory, row))
        memory.remember(run)
        offer_run(memory, run)


async def _change(memory: Memory, run: ActiveRun, changes: Mapping[str, Any]) -> None:
    """Stores columns of the run's row and lets memory follow."""
    async with memory.storage.transaction(memory.epoch) as connection:
        row = await runs.lock(connection, run.id)
        if row is not None:
            is_stopped = changes.get("state") == "stopped"
            spent = (await costs.of_run(connection, run.id))._asdict() if is_stopped else {}
            await runs.change(connection, run.id, {**changes, **spent})
            row = await runs.find(connection, run.id)
    if row is None:
        memory.forget(run.id)
        raise NotFound(f"There is no run {run.id} any more.")
    moved = row.state != run.state
    run.replace_row(row)
    memory.remember(run)
    if moved:
        offer_run(memory, run)
    tell_of_run(memory, run)


async def change_run(memory: Memory, id: str, name: str | None, weight: float | None, budget: Budget | None) -> RunRow:
    """Renames the run, changes its share or its budget, which is read when a generation closes.

    Raises:
        NotFound: no such run.
        Conflict: it has ended; only its name can change.
        InvalidConfiguration: a value is out of range.
    """
    run = await find_run(memory, id)
    async with run.lock:
        changes: dict[str, Any] = {} if name is None else {"name": checked_name(name)}
        if weight is not None or budget is not None:
            if ended(run.row):
                raise Conflict(f"Run {id} is {run.state}: clone it to go on with another budget or share.")
            values = dict(run.row.configuration)
            values |= {} if weight is None else {"weight": weight}
            values |= {} if budget is None else {"budget": budget.model_dump(mode="json")}
            changes["configuration"] = validate(values).model_dump(mode="json")
        if changes:
            await _change(memory, run, changes)
            memory.schedule.reweigh(run.id, run.configuration.weight)
    return run.row


async def delete_run(memory: Memory, id: str) -> None:
    """Removes the run with all that is stored of it. Raises NotFound."""
    run = await find_run(memory, id)
    async with run.lock:
        async with memory.storage.transaction(memory.epoch) as connection:
            if await runs.lock(connection, id) is None:
                # Deleted by a commit whose answer was lost.
                memory.forget(id)
                raise NotFound(f"There is no run {id}.")
            await part_with_run(connection, run.row)
            await runs.change(connection, id, {"state": "deleted"})
        memory.forget(id)
    tell_of_deletion(memory, id)
    logger.info("action=run.delete run=%s", id)
    memory.start_task(partial(remove_results, memory, id), "run.remove")
    # Another run of the same seed may have bred what left the library with this one.
    memory.start_task(partial(stock_library, memory), "library.stock")
    memory.start_task(partial(follow_stored_jobs, memory), "jobs.follow")


async def remove_results(memory: Memory, id: str) -> None:
    """The slow part of a deletion, piece by piece, as soon as the database lets it; a restart goes on with it."""
    removed = DELETED_RESULTS
    while removed == DELETED_RESULTS:
        try:
            async with memory.storage.transaction(memory.epoch) as connection:
                removed = await results.remove(connection, id, DELETED_RESULTS)
                if removed < DELETED_RESULTS:
                    await rechecks.remove(connection, id)
                    await runs.remove(connection, id)
        except DatabaseUnavailable as error:
            logger.warning("action=run.remove_postponed run=%s reason=%s", id, error)
            await memory.clock.sleep(RETRY_SECONDS)
