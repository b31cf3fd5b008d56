"""Goes on with a run whose open phase is complete: opens the next phase, or closes the generation, once."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from server.service.active_run import ActiveRun
from server.service.check_generation import Checked, check_generation, count_retracted
from server.service.conclusion import Conclusion, conclude, thin
from server.service.library_recordings import Planned, plan_elite, record_elite
from server.service.load_run import load_run, reload_open_generation
from server.service.memory import Memory
from server.service.offer_work import offer_run
from server.service.open_generation import open_generation
from server.service.policy_views import tell_of_policy
from server.service.stock_library import keep_elites
from server.service.tell_watchers import tell_of_generation, tell_of_run
from server.storage import costs, generations, rechecks, results, runs
from server.storage.database import Connection
from server.storage.generations import Elite
from server.storage.policies import PolicyRow
from server.storage.results import Scored
from server.storage.runs import RunRow

logger = logging.getLogger(__name__)


def advance_soon(memory: Memory, run: ActiveRun) -> None:
    """Advances the run beside the requests, if there is anything to do."""
    if run.due and not run.lock.locked():
        memory.start_task(partial(advance, memory, run), "run.advance")


async def advance(memory: Memory, run: ActiveRun) -> None:
    """Opens phases and closes generations as far as the stored results reach."""
    async with run.lock:
        while run.due:
            phases = len(run.open.phases)
            retracted = await count_retracted(memory, run)
            stored = await reload_open_generation(memory, run)
            if stored is not None:
                if checked := await check_generation(memory, run, stored):
                    await close_generation(memory, run, Evidence(stored, retracted, checked))
            elif run.reopened or len(run.open.phases) != phases:
                run.reopened = False
                offer_run(memory, run)
            memory.changed.add(run.id)


class Evidence(NamedTuple):
    """What a generation closes on. `retracted`: how many of its results were retracted before `stored` was read.

    Of a generational run the results are complete; a block-free run's are read again while no more can come, since
    their order decides.
    """

    stored: Sequence[Scored]
    retracted: int
    checked: Checked


async def close_generation(memory: Memory, run: ActiveRun, evidence: Evidence) -> None:
    """Closes the open generation in one transaction, then opens the next one or ends the run.

    Raises:
        NotLeading, DatabaseUnavailable: as `Storage.transaction`.
    """
    number, seconds = run.open.number, run.stopwatch.read(memory.clock.monotonic())
    async with memory.storage.transaction(memory.epoch) as connection:
        row = await runs.lock(connection, run.id)
        written = None
        if row is not None and row.generation == number and row.state == "running":
            # Another run may have found a worker wrong since, whose results here are retracted too.
            if await rechecks.count_retracted(connection, run.id, number) == evidence.retracted:
                written = await _write(memory, connection, run, row, evidence, seconds)
            row = await runs.find(connection, run.id)
    if row is None:
        memory.forget(run.id)
    elif written is None:
        # A commit whose answer was lost took place after all, or the generation is not complete any more.
        run.adopt(await load_run(memory, row))
        memory.remember(run)
        offer_run(memory, run)
    else:
        conclusion, values, kept, planned = written
        _open_next(memory, run, row, conclusion)
        tell_of_generation(memory, run.id, values)
        for policy in kept:
            await tell_of_policy(memory, policy)
        await record_elite(memory, planned)


async def _write(
    memory: Memory, connection: Connection, run: ActiveRun, row: RunRow, evidence: Evidence, seconds: float
) -> tuple[Conclusion, dict[str, Any], list[PolicyRow], Planned]:
    number, late, stored = row.generation, 0, evidence.stored
    open_ended = run.configuration.algorithm == "block-free"
    if open_ended:
        stored = await results.of_generation(connection, run.id, number)
    conclusion = conclude(run.configuration, number, run.carried, stored)
    if open_ended:
        late = await results.mark_late(connection, run.id, number, conclusion.last_member)
    cost = (await costs.of_run(connection, run.id))._asdict()
    values = _generation(memory, run, row, conclusion) | {"seconds": seconds, "late": late} | cost
    values |= evidence.checked._asdict()
    await generations.add(connection, values, _candidates(row, conclusion))
    await runs.change(connection, run.id, _changes(memory, run, row, conclusion, seconds) | cost)
    played = [conclusion.elite_birth, *([run.carried.birth] if run.carried else [])]
    kept = await keep_elites(connection, run, played, memory)
    return conclusion, values, kept, await plan_elite(memory, connection, run, conclusion, stored)


def _open_next(memory: Memory, run: ActiveRun, row: RunRow, conclusion: Conclusion) -> None:
    elite = _elite(run, conclusion)
    run.lineage.close(run.open.number, conclusion.parents)
    run.replace_row(row)
    # No result of it can be stored yet: the ledger takes none of a generation that is not open.
    run.open_next(open_generation(run.configuration, row.generation, elite, []), elite)
    memory.remember(run)
    offer_run(memory, run)
    logger.info(
        "action=generation.close run=%s generation=%d elite=%s state=%s",
        run.id,
        row.generation - 1,
        conclusion.elite_score,
        row.state,
    )
    tell_of_run(memory, run)


def _elite(run: ActiveRun, conclusion: Conclusion) -> Elite:
    if conclusion.carried and run.carried:
        return run.carried
    return Elite(conclusion.elite_birth, conclusion.elite_fitness, run.lineage.seeds(conclusion.elite_birth))


def _generation(memory: Memory, run: ActiveRun, row: RunRow, conclusion: Conclusion) -> dict[str, Any]:
    """The row of `generations`."""
    elite = _elite(run, conclusion)
    return {
        "run_id": row.id,
        "number": row.generation,
        "closed_at": memory.clock.now(),
        "frames": row.frames + conclusion.frames,
        "steps": row.steps + conclusion.steps,
        "episodes": conclusion.episodes,
        **conclusion.spread._asdict(),
        "elite_index": conclusion.elite_index,
        "elite_born_generation": elite.birth.generation,
        "elite_born_index": elite.birth.index,
        "elite_fitness": elite.fitness,
        "elite_seeds": elite.seeds,
        "validation": conclusion.validation._asdict() if conclusion.validation else None,
        "test": conclusion.test._asdict() if conclusion.test else None,
        "parents": [list(birth) for birth in conclusion.parents],
    }


def _candidates(row: RunRow, conclusion: Conclusion) -> list[dict[str, Any]]:
    """The rows of `candidates`."""
    return [
        {
            "run_id": row.id,
            "generation": row.generation,
            "index": tried.index,
            "born_generation": tried.birth.generation,
            "born_index": tried.birth.index,
            "validation_episodes": tried.validation_episodes,
            "validation_sum": tried.validation_sum,
            "test_episodes": tried.test_episodes,
            "test_sum": tried.test_sum,
        }
        for tried in conclusion.tried
    ]


def _changes(memory: Memory, run: ActiveRun, row: RunRow, conclusion: Conclusion, seconds: float) -> dict[str, Any]:
    """What closing changes of the run's own row; its budget is read here and nowhere else."""
    score, validation = conclusion.elite_score, conclusion.validation._asdict() if conclusion.validation else None
    changes: dict[str, Any] = {
        "generation": row.generation + 1,
        "frames": row.frames + conclusion.frames,
        "steps": row.steps + conclusion.steps,
        "open_frames": 0,
        "open_steps": 0,
        "active_seconds": seconds,
        "mean": conclusion.spread.mean,
        "elite": validation,
        "sparkline": thin(row.sparkline, row.generation, score),
    }
    if row.best is None or score > row.best:
        changes |= {"best": score, "best_elite": validation}
    reason = spent(run, changes, score)
    if reason:
        changes |= {"state": "finished", "state_reason": reason, "finished_at": memory.clock.now()}
    return changes


def spent(run: ActiveRun, used: dict[str, Any], score: float) -> str | None:
    """Which limit of the run's budget is reached, in words; None if the run goes on."""
    budget = run.configuration.budget
    if budget.generations is not None and used["generation"] >= budget.generations:
        return f"Its budget of {budget.generations:,} generations is spent."
    if budget.frames is not None and used["frames"] >= budget.frames:
        return f"Its budget of {budget.frames:,} frames is spent."
    if budget.seconds is not None and used["active_seconds"] >= budget.seconds:
        return f"Its budget of {budget.seconds:,g} seconds is spent."
    if budget.target_score is not None and score >= budget.target_score:
        return f"Its elite reached the target score of {budget.target_score:,g}."
    return None
