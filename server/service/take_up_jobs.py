"""Lets memory follow the jobs that are stored: all at the master's start, later those that only one of both knows."""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta

from server.service.job_ranks import rank_of
from server.service.memory import Memory
from server.service.offer_work import serve_waiters
from server.service.open_jobs import OpenJob
from server.storage import jobs, policies, rollouts
from server.storage.database import Connection
from server.storage.rollouts import RolloutRow

logger = logging.getLogger(__name__)

PAST = timedelta(hours=1)


async def load_jobs(memory: Memory) -> None:
    """Takes up the jobs that are stored as open: at the master's start."""
    async with memory.storage.transaction(memory.epoch) as connection:
        await jobs.remove_past(connection, PAST)
    async with memory.storage.reading() as connection:
        opened = await jobs.open_ids(connection)
    await take_up_jobs(memory, list(opened))
    logger.info("action=jobs.load jobs=%d", memory.jobs.count)


async def follow_stored_jobs(memory: Memory) -> None:
    """Takes up jobs whose commit's answer was lost, and closes those that went with a run or a policy.

    Raises:
        DatabaseUnavailable: the next call may come through.
    """
    held = memory.jobs.ids()
    async with memory.storage.reading() as connection:
        opened = await jobs.open_ids(connection)
    for id in held - opened.keys():
        memory.jobs.close(id)
    missed = [id for id in opened if id not in held]
    await take_up_jobs(memory, memory.stray_jobs.overdue(missed, memory.clock.monotonic()))


async def take_up_jobs(memory: Memory, ids: Sequence[str]) -> None:
    """Hands out what is missing of these jobs, if they are stored as open and not in memory."""
    unknown = [id for id in ids if memory.jobs.find(id) is None]
    if not unknown:
        return
    async with memory.storage.reading() as connection:
        found = await _read(connection, unknown)
    for job in found:
        memory.jobs.offer(job)
    serve_waiters(memory)


async def _read(connection: Connection, ids: Collection[str]) -> list[OpenJob]:
    opened = await jobs.opened(connection, ids)
    scores = await jobs.scores(connection, [row.id for row, _ in opened])
    bred = await policies.bred_in(connection, {row.policy for row, _ in opened})
    found = []
    for row, document in opened:
        job = OpenJob(row, document, {score.episode for score in scores[row.id]})
        job.engine = next((score.engine for score in scores[row.id]), None)
        rollout = await rollouts.find(connection, row.rollout_id) if row.rollout_id else None
        if rollout is not None:
            job.seed, job.engine, job.run = rollout.seed, rollout.engine, bred.get(row.policy)
            if row.kind == "verification":
                job.actions = await rollouts.actions(connection, rollout.id)
            else:
                job.actions = await replayed_actions(connection, rollout)
        job.rank = rank_of(row, rollout)
        found.append(job)
    return found


async def replayed_actions(connection: Connection, rollout: RolloutRow) -> bytes | None:
    """What a video is made from; None if the policy must play (again): damaged actions are good for nothing."""
    return None if rollout.verified_problem else await rollouts.actions(connection, rollout.id)
