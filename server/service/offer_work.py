"""Puts a run's missing episodes into the schedule, or takes them out; wakes those who wait."""

from evolution.environments import Environment
from evolution.messages import BatchReply
from server.service.active_run import ActiveRun
from server.service.claim_batch import claim_work
from server.service.memory import Memory
from server.service.waiters import Waiter
from server.service.workers import Worker


def offer_run(memory: Memory, run: ActiveRun) -> None:
    """Hands out the run's missing episodes from now on, if it runs; else hands out nothing of it."""
    now = memory.clock.monotonic()
    if run.state != "running" or run.row.engine is None:
        run.stopwatch.stop(now)
        memory.schedule.drop(run.id)
        return
    run.stopwatch.start(now)
    check = run.check
    memory.schedule.put(
        run.id,
        weight=run.configuration.weight,
        environment=run.configuration.environment.id,
        engine=run.row.engine,
        supply=check.supply() if check else run.open.current.missing(),
        barred=check.awaited if check else None,
    )
    serve_waiters(memory)


def questions(memory: Memory, worker: Worker) -> list[Environment]:
    """What the worker is asked to describe; nothing if it was set aside."""
    return [] if worker.exclusion else memory.descriptions.for_worker(worker, memory.clock.monotonic())


def serve_waiters(memory: Memory) -> None:
    """Gives work, or questions about environments, to waiting requests in order of arrival."""

    def answer(waiter: Waiter) -> BatchReply | None:
        work = claim_work(memory, waiter.worker, waiter.holds, waiter.wants)
        reply = BatchReply(
            batches=work.batches,
            jobs=work.jobs,
            describe=questions(memory, waiter.worker),
        )
        return reply if reply.batches or reply.jobs or reply.describe else None

    def can_wait(waiter: Waiter) -> bool:
        worker, now = waiter.worker, memory.clock.monotonic()
        if worker.exclusion is not None:
            return True  # it is given nothing, whatever there is
        return memory.schedule.can_wait(worker.id, memory.workers.slots, worker.announcement.slots, now)

    memory.waiters.serve(answer, can_wait)
