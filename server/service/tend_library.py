"""Has recorded by itself what the library lacks: imported policies, and pictures whose worker died before sending."""

from functools import partial

from server.service.ask_jobs import begin, new_job, new_rollout, store_job
from server.service.job_ranks import ELITE, IMPORTED, LOST
from server.service.library_recordings import SHIPPED_SEED
from server.service.memory import Memory
from server.service.open_jobs import OpenJob
from server.service.take_up_jobs import replayed_actions
from server.storage import rollouts
from server.storage.database import Connection

TEND_SECONDS = 10.0
"""How often it is looked at."""
MOST_WAITING = 20
"""Of such jobs that are open at once: however many policies are brought, the newest come next."""


def tend_soon(memory: Memory) -> None:
    """Looks after the library if it is time again, and if it may take any of the fleet's time."""
    now = memory.clock.monotonic()
    if memory.settings.library_share and now - memory.jobs.tended_at >= TEND_SECONDS:
        memory.jobs.tended_at = now
        memory.start_task(partial(tend_library, memory), "library.tend")


async def tend_library(memory: Memory) -> None:
    """Begins recordings of what connected workers can play, as long as few wait."""
    environments = memory.workers.announced()
    if not environments or memory.jobs.count_ranked(other_than=ELITE) >= MOST_WAITING:
        return
    async with memory.storage.transaction(memory.epoch) as connection:
        planned = await _plan_brought(memory, connection, set(environments))
        planned += await _plan_lost(memory, connection, set(environments))
        await store_job(connection, *planned)
    for job in planned:
        await begin(memory, job)


async def _plan_brought(memory: Memory, connection: Connection, environments: set[str]) -> list[OpenJob]:
    """One episode of each policy that somebody brought and nobody has had recorded."""
    planned = []
    for policy, document in await rollouts.take_brought(connection, environments, MOST_WAITING):
        values = new_rollout(memory, policy, SHIPPED_SEED, "library")
        if await rollouts.add(connection, [values]):
            job = new_job(memory, "recording", "library", policy, document, rollout=values["id"])
            job.seed, job.rank = SHIPPED_SEED, (IMPORTED,)
            planned.append(job)
    return planned


async def _plan_lost(memory: Memory, connection: Connection, environments: set[str]) -> list[OpenJob]:
    """Recorded episodes without a poster: whoever was to bring it is gone."""
    planned = []
    awaited = memory.jobs.awaited(memory.clock.monotonic())
    for row, document in await rollouts.take_unpictured(connection, environments, awaited, MOST_WAITING):
        job = new_job(memory, "recording", "library", row.policy, document, rollout=row.id)
        job.seed, job.engine, job.rank = row.seed, row.engine, (LOST,)
        job.actions = await replayed_actions(connection, row)
        planned.append(job)
    return planned
