"""Takes results of jobs: stored once, acknowledged once they are committed; a repeat changes nothing."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evolution.messages import JobResult, JobSubmission, Outcome
from server.service.job_scores import rescore_tested
from server.service.job_views import tell_of_job, tell_of_rollout
from server.service.memory import Memory
from server.service.open_jobs import test_seed
from server.service.verify_rollout import keep_verification
from server.storage import engines, jobs, rollouts
from server.storage.database import Connection
from server.storage.jobs import JobRow
from server.storage.rollouts import RolloutRow

logger = logging.getLogger(__name__)

NOTHING = Outcome(accepted=0, repeated=0, unwanted=0)


@dataclass
class Taken:
    """What a transaction did. `known`: episodes of the submission that have a result now. `closed`: the job is over."""

    outcome: Outcome
    known: set[int]
    closed: bool
    row: JobRow | None
    problem: str | None = None
    fresh: frozenset[int] = frozenset()
    """Episodes whose result is stored by it."""


async def take_job_results(memory: Memory, worker: UUID, submissions: Iterable[JobSubmission]) -> dict[UUID, Outcome]:
    """How each submission was taken, by its id.

    Raises:
        DatabaseUnavailable, NotLeading: what is not acknowledged is sent again.
    """
    return {submission.id: await _take(memory, worker, submission) for submission in submissions}


async def _take(memory: Memory, worker: UUID, submission: JobSubmission) -> Outcome:
    async with memory.storage.transaction(memory.epoch) as connection:
        taken = await _store(memory, connection, submission)
    results = {result.episode: result for result in submission.results if result.episode in taken.known}
    memory.jobs.settle(
        submission.job, set(results), sum(result.seconds for result in results.values()), submission.engine
    )
    memory.jobs.schedule.release([submission.lease] if taken.outcome.unwanted or submission.problem else [])
    if known := memory.workers.find(worker):
        known.episodes += taken.outcome.accepted
    memory.meters.count_work("job", len(taken.fresh), sum(results[episode].frames for episode in taken.fresh))
    if taken.closed:
        memory.jobs.close(submission.job)
        await tell_of_job(memory, submission.job)
        if taken.row and taken.row.rollout_id:
            if taken.row.kind == "recording" and taken.outcome.accepted and not taken.problem:
                memory.jobs.expect_video(taken.row.rollout_id, memory.clock.monotonic())
            await tell_of_rollout(memory, taken.row.rollout_id)
    return taken.outcome


async def _store(memory: Memory, connection: Connection, submission: JobSubmission) -> Taken:
    row = await jobs.lock(connection, submission.job)
    if row is None:
        logger.info("action=job.unwanted job=%s results=%d", submission.job, len(submission.results))
        return Taken(_outcome(submission, set(), set()), set(), closed=True, row=None)
    stored = (await jobs.scores(connection, [row.id]))[row.id]
    done = {score.episode for score in stored}
    if row.state != "open":
        return Taken(_outcome(submission, set(), done), done, closed=True, row=row)
    if any(score.engine != submission.engine for score in stored):
        logger.warning("action=job.refuse job=%s reason=engine", row.id)
        return Taken(_outcome(submission, set(), done), set(), closed=False, row=row)
    possible = [result for result in submission.results if result.episode < row.episodes]
    engine = await engines.number(connection, submission.engine)
    problem = submission.problem
    if row.rollout_id is not None:
        problem = await _keep(memory, connection, row, submission.model_copy(update={"results": possible}), engine)
    seed = await _seed(connection, row)
    fresh = await jobs.add_results(connection, [_entry(row, seed, r, engine, submission.id) for r in possible])
    # What a verification found is on its rollout, even if it is no result.
    is_complete = len(done | fresh) == row.episodes or row.kind == "verification"
    closed = await _conclude(memory, connection, row, problem, is_complete=is_complete)
    return Taken(_outcome(submission, fresh, done | fresh), done | fresh, closed, row, problem, frozenset(fresh))


async def _keep(
    memory: Memory, connection: Connection, row: JobRow, submission: JobSubmission, engine: int
) -> str | None:
    """Puts down on the rollout what came of it. Gives why the job fails, if it does."""
    rollout = row.rollout_id or ""
    if row.kind == "verification":
        is_found = await keep_verification(connection, rollout, submission, engine, memory.clock.now())
        return None if is_found else submission.problem or "The worker found nothing. Ask again."
    if submission.results:
        return await _record(connection, rollout, submission.results[0], submission, engine)
    await _give_up(connection, rollout, submission.problem)
    return submission.problem


async def _conclude(
    memory: Memory, connection: Connection, row: JobRow, problem: str | None, *, is_complete: bool
) -> bool:
    """Ends the job if it is complete or cannot be completed. Gives whether it is over."""
    if problem is None and not is_complete:
        return False
    values: dict[str, Any] = {"state": "failed" if problem else "done", "problem": problem}
    await jobs.change(connection, row.id, values | {"finished_at": memory.clock.now()})
    if row.kind == "test" and not problem:
        await rescore_tested(connection, row.policy)
    logger.info("action=job.%s job=%s problem=%s", values["state"], row.id, problem)
    return True


async def _record(
    connection: Connection, id: str, result: JobResult, submission: JobSubmission, engine: int
) -> str | None:
    """Keeps the recorded episode, if it is the one that it must be. Gives what is wrong with it."""
    rollout = await rollouts.find(connection, id)
    if rollout is None:
        return submission.problem
    if problem := _difference(rollout, result, submission.engine):
        logger.error("action=rollout.differs rollout=%s problem=%s", id, problem)
        await rollouts.change(connection, id, {"state": "failed", "problem": problem})
        return problem
    values: dict[str, Any] = {
        "state": "recorded",
        "problem": submission.problem,
        "score": result.score,
        "steps": result.steps,
        "frames": result.frames,
        "digest": bytes.fromhex(result.digest),
    }
    if result.actions is not None and result.actions != await rollouts.actions(connection, id):
        values |= {"actions": result.actions} | dict.fromkeys(rollouts.VERIFIED)
    if rollout.engine is None:
        values["engine_id"] = engine
    await rollouts.change(connection, id, values)
    return submission.problem


async def _give_up(connection: Connection, id: str, problem: str | None) -> None:
    rollout = await rollouts.find(connection, id)
    if rollout is not None and problem is not None:
        state = "recorded" if rollout.state == "recorded" else "failed"
        await rollouts.change(connection, id, {"state": state, "problem": problem})


def _difference(rollout: RolloutRow, result: JobResult, engine: str) -> str | None:
    """What the recorded episode has otherwise than the stored one; None if it is the same, or none is stored."""
    if rollout.score is None:
        return None
    if rollout.score != result.score:
        found = f"the score of {rollout.score:,g}, but {result.score:,g}"
    elif rollout.digest is None or rollout.digest.hex() == result.digest:
        return None
    else:
        found = "the score with other actions or another final memory"
    origin = "is told by the policy's document" if rollout.engine is None else f"was made by {rollout.engine}"
    return (
        f"Playing the episode again does not give {found}: the stored result {origin}, the recording was made by "
        f"{engine}."
    )


async def _seed(connection: Connection, row: JobRow) -> int | None:
    rollout = await rollouts.find(connection, row.rollout_id) if row.rollout_id else None
    return rollout.seed if rollout else None


def _entry(row: JobRow, seed: int | None, result: JobResult, engine: int, submission: UUID) -> dict[str, Any]:
    return {
        "job_id": row.id,
        "episode": result.episode,
        "seed": test_seed(result.episode) if seed is None else seed,
        "score": result.score,
        "steps": result.steps,
        "frames": result.frames,
        "digest": bytes.fromhex(result.digest),
        "engine_id": engine,
        "seconds": result.seconds,
        "submission": submission,
    }


def _outcome(submission: JobSubmission, fresh: set[int], known: set[int]) -> Outcome:
    episodes: Sequence[int] = [result.episode for result in submission.results]
    accepted = len(fresh)
    repeated = sum(episode in known for episode in episodes) - accepted
    return Outcome(accepted=accepted, repeated=repeated, unwanted=len(episodes) - accepted - repeated)
