"""What people ask of recordings: an episode recorded, its video made again."""

import secrets

from server.policy_views import RolloutView
from server.service.ask_jobs import begin, check_open, find_document, new_job, new_rollout, store_job
from server.service.errors import Conflict, NotFound
from server.service.job_ranks import RECORDING_RANK
from server.service.job_views import find_rollout, tell_of_job, tell_of_rollout, view_rollout
from server.service.memory import Memory
from server.service.offer_work import serve_waiters
from server.service.open_jobs import OpenJob
from server.service.take_up_jobs import replayed_actions, take_up_jobs
from server.storage import jobs, policies, rollouts, videos
from server.storage.database import Connection
from server.storage.jobs import JobRow
from server.storage.rollouts import RolloutRow

MOST_SEEDS = 2**31


async def record_policy(memory: Memory, id: str, seed: int | None) -> RolloutView:
    """Has an episode recorded; one that is recorded already, or being recorded, is given as it is.

    Raises:
        NotFound: no such policy. UnknownEnvironment: workers are connected, but none can make its environment.
        Conflict: too many jobs are open.
    """
    id, document = await find_document(memory, id)
    check_open(memory, document["environment"]["id"])
    drawn = secrets.randbelow(MOST_SEEDS) if seed is None else seed
    values = new_rollout(memory, id, drawn, "asked")
    async with memory.storage.transaction(memory.epoch) as connection:
        await rollouts.add(connection, [values])
        row = await rollouts.find_episode(connection, id, drawn)
    if row is None:
        raise NotFound(f"There is no policy {id} any more.")
    return await _have_recorded(memory, row.id, again=True)


async def remake_video(memory: Memory, id: str) -> RolloutView:
    """Has a missing video or poster made again: from the actions if they are known, else by playing.

    Raises:
        NotFound: no such rollout. Conflict: it could not be recorded, and why; or too many jobs are open.
        UnknownEnvironment: workers are connected, but none can make its environment.
    """
    return await _have_recorded(memory, id, again=False)


async def replace_video(memory: Memory, id: str) -> RolloutView:
    """Removes the rollout's video, which may be damaged, and has another made. Raises as `remake_video`."""
    row = await find_rollout(memory, id)
    if row.video:
        check_open(memory, row.environment["id"])
        async with memory.storage.transaction(memory.epoch) as connection:
            await videos.remove_mp4(connection, id)
        await tell_of_rollout(memory, id)
    return await _have_recorded(memory, id, again=True)


async def _have_recorded(memory: Memory, id: str, *, again: bool) -> RolloutView:
    """Sees to it that the episode, its video and its poster are there. `again`: also if that failed before."""
    row = await find_rollout(memory, id)
    if _is_there(row) or memory.jobs.is_seen_to(id, memory.clock.monotonic()):
        return view_rollout(row)
    async with memory.storage.transaction(memory.epoch) as connection:
        await rollouts.lock(connection, id)
        # What was read before may have changed while others held the lock.
        row = await _find(connection, id)
        other = await jobs.open_of(connection, id, "recording")
        job = None
        if other is not None:
            await jobs.change(connection, other.id, {"asked_by": "person"})
        elif not (_is_there(row) or memory.jobs.is_seen_to(id, memory.clock.monotonic())):
            job = await _open_job(memory, connection, row, again=again)
    if other is not None:
        await _hasten(memory, other)
    if job is not None:
        await begin(memory, job)
    return view_rollout(await find_rollout(memory, id))


def _is_there(row: RolloutRow) -> bool:
    return row.video and row.poster


async def _find(connection: Connection, id: str) -> RolloutRow:
    row = await rollouts.find(connection, id)
    if row is None:
        raise NotFound(f"There is no rollout {id} any more.")
    return row


async def _open_job(memory: Memory, connection: Connection, row: RolloutRow, *, again: bool) -> OpenJob:
    if row.problem and not again:
        raise Conflict(f"There is no video of rollout {row.id}: {row.problem}")
    check_open(memory, row.environment["id"])
    document = (await policies.documents(connection, [row.policy]))[row.policy]
    job = new_job(memory, "recording", "person", row.policy, document, rollout=row.id)
    job.seed, job.rank, job.engine = row.seed, RECORDING_RANK, row.engine
    job.actions = await replayed_actions(connection, row)
    await store_job(connection, job)
    state = "recorded" if row.state == "recorded" else "waiting"
    await rollouts.change(connection, row.id, {"problem": None, "state": state})
    return job


async def _hasten(memory: Memory, row: JobRow) -> None:
    """Somebody waits for what is open already: perhaps for the library, perhaps unknown to memory."""
    await take_up_jobs(memory, [row.id])
    memory.jobs.hasten(row.id)
    serve_waiters(memory)
    await tell_of_job(memory, row.id)
