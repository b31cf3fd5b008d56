"""Puts a run's missing episodes into the schedule, or takes them out; wakes those who wait."""

from evolution.messages import BatchReply
from server.service.active_run import ActiveRun
from server.service.claim_batch import claim_work
from server.service.memory import Memory
from server.service.waiters import Waiter


def offer_run(memory: Memory, run: ActiveRun) -> None:
    """Hands out the run's missing episodes from now on, if it runs; else hands out nothing of it."""
    now = memory.clock.monotonic()
    if run.state != "running" or run.row.engine is None:
        run.stopwatch.stop(now)
        memory.schedule.drop(run.id)
        return
    run.stopwatch.start(now)
    memory.schedule.put(
        run.id,
        weight=run.configuration.weight,
        environment=run.configuration.environment.id,
        engine=run.row.engine,
        supply=run.open.current.missing(),
    )
    serve_waiters(memory)


def serve_waiters(memory: Memory) -> None:
    """Gives work, or questions about environments, to waiting requests in order of arrival."""

    def answer(waiter: Waiter) -> BatchReply | None:
        work = claim_work(memory, waiter.worker, waiter.holds, waiter.wants)
        reply = BatchReply(
            batches=work.batches,
            jobs=work.jobs,
            describe=memory.descriptions.for_worker(waiter.worker, memory.clock.monotonic()),
        )
        return reply if reply.batches or reply.jobs or reply.describe else None

    def can_wait(waiter: Waiter) -> bool:
        worker, now = waiter.worker, memory.clock.monotonic()
        return memory.schedule.can_wait(worker.id, memory.workers.slots, worker.announcement.slots, now)

    memory.waiters.serve(answer, can_wait)
