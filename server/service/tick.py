"""What happens by itself, once a second: leases expire, silent workers are lost, waiting ends, watchers are told."""

from collections.abc import Iterable
from functools import partial

from server.service.ask_jobs import fail_job
from server.service.check_generation import give_up_check
from server.service.close_generation import advance_soon
from server.service.describe_environment import bind_soon
from server.service.job_views import tell_of_job
from server.service.memory import Memory
from server.service.offer_work import serve_waiters
from server.service.tell_watchers import tell_changes
from server.service.tend_library import tend_soon
from server.storage import leadership, runs

TICK_SECONDS = 1.0
BEAT_SECONDS = 4.0
"""Patience with a heartbeat: the next must come well before others take this master for dead."""


def tick(memory: Memory) -> None:
    """One second's work."""
    now = memory.clock.monotonic()
    memory.troubles.expire(now)
    memory.schedule.expire(now)
    give_up_jobs(memory, memory.jobs.expire(now))
    for worker in memory.workers.reap():
        memory.schedule.forget(worker.id)
        memory.jobs.schedule.forget(worker.id)
    memory.descriptions.expire(now)
    memory.waiters.expire(now)
    bind_soon(memory)
    for run in list(memory.runs.values()):
        give_up_check(memory, run)
        advance_soon(memory, run)
    serve_waiters(memory)
    tell_changes(memory)
    tell_of_jobs(memory)
    tend_soon(memory)


def give_up_jobs(memory: Memory, doomed: Iterable[str]) -> None:
    """Ends jobs whose workers fell silent, again and again."""
    problem = "Every worker that began it fell silent: it may be what ends them. Their logs say more."
    for id in doomed:
        memory.start_task(partial(fail_job, memory, id, problem), "job.fail")


def tell_of_jobs(memory: Memory) -> None:
    """Progress of jobs within the last second."""
    changed = [id for id in memory.jobs.changed if memory.jobs.is_told(id)]
    memory.jobs.changed.clear()
    for id in changed:
        memory.start_task(partial(tell_of_job, memory, id), "job.tell")


async def beat(memory: Memory) -> None:
    """Tells the database that this master leads, and what its runs have used.

    Raises:
        NotLeading: another one does.
        DatabaseUnavailable: the next beat may come through.
    """
    now = memory.clock.monotonic()
    meters = [run.meter(now) for run in memory.runs.values() if run.state == "running"]
    # The heartbeat itself finds out whether another master leads.
    async with memory.storage.unfenced(seconds=BEAT_SECONDS) as connection:
        await leadership.beat(connection, memory.epoch)
        await runs.meter(connection, meters)
