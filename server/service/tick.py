"""What happens by itself, once a second: leases expire, silent workers are lost, waiting ends, watchers are told."""

from server.service.close_generation import advance_soon
from server.service.describe_environment import bind_soon
from server.service.memory import Memory
from server.service.offer_work import serve_waiters
from server.service.tell_watchers import tell_changes
from server.storage import leadership, runs

TICK_SECONDS = 1.0
BEAT_SECONDS = 4.0
"""Patience with a heartbeat: the next must come well before others take this master for dead."""


def tick(memory: Memory) -> None:
    """One second's work."""
    now = memory.clock.monotonic()
    memory.schedule.expire(now)
    for worker in memory.workers.reap():
        memory.schedule.forget(worker.id)
    memory.descriptions.expire(now)
    memory.waiters.expire(now)
    bind_soon(memory)
    for run in list(memory.runs.values()):
        advance_soon(memory, run)
    serve_waiters(memory)
    tell_changes(memory)


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
