"""Has a recorded episode's actions replayed without the network, and compares what comes out with what is stored."""

from collections.abc import Iterator
from typing import Any

from evolution.messages import JobResult, JobSubmission
from server.policy_views import JobView
from server.service.ask_jobs import begin, check_open, new_job, store_job
from server.service.errors import Conflict, NotFound
from server.service.job_ranks import RECORDING_RANK
from server.service.job_views import show_job
from server.service.memory import Memory
from server.service.open_jobs import OpenJob
from server.service.take_up_jobs import take_up_jobs
from server.storage import jobs, policies, rollouts
from server.storage.database import Connection
from server.storage.rollouts import RolloutRow


async def verify_rollout(memory: Memory, id: str) -> JobView:
    """Begins a verification; if one is under way it is given as it is.

    Raises:
        NotFound: no such rollout. Conflict: it was never recorded, or too many jobs are open.
        UnknownEnvironment: workers are connected, but none can make its environment.
    """
    async with memory.storage.transaction(memory.epoch) as connection:
        await rollouts.lock(connection, id)
        row = await rollouts.find(connection, id)
        if row is None:
            raise NotFound(f"There is no rollout {id}.")
        stored, job = await jobs.open_of(connection, id, "verification"), None
        if stored is None:
            job = await _open_job(memory, connection, row)
            stored = job.row
    if job is None:
        await take_up_jobs(memory, [stored.id])
    else:
        await begin(memory, job)
    return await show_job(memory, stored.id)


async def _open_job(memory: Memory, connection: Connection, row: RolloutRow) -> OpenJob:
    actions = await rollouts.actions(connection, row.id)
    if actions is None or row.state != "recorded":
        raise _unrecorded(row)
    check_open(memory, row.environment["id"])
    document = (await policies.documents(connection, [row.policy]))[row.policy]
    job = new_job(memory, "verification", "person", row.policy, document, rollout=row.id)
    job.seed, job.rank, job.engine, job.actions = row.seed, RECORDING_RANK, row.engine, actions
    await store_job(connection, job)
    return job


def _unrecorded(row: RolloutRow) -> Conflict:
    if row.state == "waiting":
        advice = "it is still to be recorded: wait until it is, or ask for its video, which has it recorded."
    else:
        advice = f"recording it failed: {row.problem or 'its actions are not kept.'} Record another episode."
    return Conflict(f"There is nothing to verify of rollout {row.id} yet: {advice}")


async def keep_verification(connection: Connection, id: str, submission: JobSubmission, engine: int, now: Any) -> bool:
    """Stores on the rollout what the replay found. Gives whether it found anything: else it could not be played.

    `engine`: the number of the submission's.
    """
    rollout, stored = await rollouts.find(connection, id), await rollouts.actions(connection, id)
    if rollout is None or stored is None:
        return False
    if submission.refuted and submission.problem:
        problem: str | None = submission.problem
    elif submission.results:
        problem = "; ".join(differences(rollout, stored, submission.results[0])) or None
    else:
        return False
    values = {"verified_at": now, "verified_engine_id": engine, "verified_problem": problem}
    await rollouts.change(connection, id, values)
    return True


def differences(rollout: RolloutRow, actions: bytes, result: JobResult) -> Iterator[str]:
    """What the replay gave otherwise than the stored episode, in words. Pure."""
    for name in ("score", "steps", "frames"):
        told, found = getattr(rollout, name), getattr(result, name)
        if told != found:
            yield f"{'the score is' if name == 'score' else f'the {name} are'} {found:,g}, not {told:,g}"
    if result.actions != actions:
        yield _other_actions(actions, result)
    elif rollout.digest is None or rollout.digest.hex() != result.digest:
        yield "the final memory is another"


def _other_actions(stored: bytes, result: JobResult) -> str:
    replayed = result.actions or b""
    if len(replayed) == len(stored):
        return "other actions were replayed"
    if len(replayed) < len(stored):
        return f"the episode ends after {result.steps:,} decisions, and there are more actions"
    return f"the episode goes on for {result.steps:,} decisions, and there are fewer actions"
