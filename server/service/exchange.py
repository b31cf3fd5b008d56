"""One request of a worker: results in, work out, waiting for it if there is nothing else to say."""

import asyncio
import logging
from uuid import UUID

from evolution.messages import (
    PROTOCOL,
    BatchReply,
    BatchRequest,
    ExtendReply,
    ExtendRequest,
    Outcome,
    ReleaseRequest,
)
from server.service.claim_batch import claim_work
from server.service.describe_environment import bind_soon
from server.service.errors import ProtocolMismatch
from server.service.memory import Memory
from server.service.offer_work import questions, serve_waiters
from server.service.submit_results import Committer, unwanted
from server.service.take_job_results import take_job_results
from server.service.waiters import Waiter
from server.service.workers import Worker

logger = logging.getLogger(__name__)


def check_protocol(protocol: int) -> None:
    """Raises ProtocolMismatch unless the worker speaks this server's version."""
    if protocol != PROTOCOL:
        raise ProtocolMismatch(
            f"The server speaks protocol version {PROTOCOL}, the worker {protocol}: "
            "install the server's version of neuroevo on the worker's machine."
        )


async def exchange(memory: Memory, committer: Committer, request: BatchRequest) -> BatchReply:
    """Answers a request with results once they are committed, an empty one when there is work or its time is up.

    Raises:
        ProtocolMismatch: nothing was read.
        DatabaseUnavailable, NotLeading: no result is acknowledged.
    """
    check_protocol(request.protocol)
    worker = memory.workers.greet(request.worker, request.announcement)
    if request.announcement:
        memory.descriptions.forget_problems(request.announcement.engines)
    is_believed = memory.workers.exclusion_of(request.worker.id) is None
    if (is_believed and memory.descriptions.learn(request.descriptions)) or request.announcement:
        bind_soon(memory)
    outcomes = await committer.submit(request.worker, request.submissions) if request.submissions else {}
    # It may have been set aside while its results of runs were being stored.
    if memory.workers.exclusion_of(request.worker.id) is None:
        outcomes |= await take_job_results(memory, request.worker.id, request.job_submissions)
    else:
        outcomes |= {submission.id: unwanted(submission) for submission in request.job_submissions}
    memory.meters.count_results(outcomes.values())
    if worker is None:
        return BatchReply(outcomes=outcomes, announce=True)
    reply = _reply(memory, worker, request, outcomes)
    if request.submissions and memory.schedule.makes_short_turns(memory.workers.slots):
        # Its waiting request may have been refused because of what it has finished now.
        serve_waiters(memory)
    if request.job_submissions or reply.jobs:
        return reply
    if request.submissions or request.descriptions or reply.batches or reply.describe:
        return reply
    return await _wait(memory, worker, request)


def _reply(memory: Memory, worker: Worker, request: BatchRequest, outcomes: dict[UUID, Outcome]) -> BatchReply:
    work = claim_work(memory, worker, frozenset(request.holds), request.wants)
    return BatchReply(
        outcomes=outcomes,
        batches=work.batches,
        jobs=work.jobs,
        describe=questions(memory, worker),
    )


async def _wait(memory: Memory, worker: Worker, request: BatchRequest) -> BatchReply:
    deadline = memory.clock.monotonic() + memory.settings.wait_seconds
    waiter = memory.waiters.join(worker, frozenset(request.holds), request.wants, deadline)
    worker.open_requests += 1
    try:
        return await waiter.answer
    except asyncio.CancelledError:
        _hand_back(memory, waiter)
        raise
    finally:
        memory.waiters.part(waiter)
        worker.open_requests -= 1
        memory.workers.touch(worker.id)


def _hand_back(memory: Memory, waiter: Waiter) -> None:
    """It hung up in the very moment in which it was given work: others take it."""
    if waiter.answer.done() and not waiter.answer.cancelled():
        reply = waiter.answer.result()
        memory.schedule.release([batch.lease for batch in reply.batches])
        memory.jobs.schedule.release([job.lease for job in reply.jobs])
        serve_waiters(memory)


def extend_leases(memory: Memory, request: ExtendRequest) -> ExtendReply:
    """Keeps leases alive. Raises ProtocolMismatch."""
    check_protocol(request.protocol)
    memory.workers.greet(request.worker, None)
    now = memory.clock.monotonic()
    alive = memory.schedule.extend(request.leases, now) | memory.jobs.schedule.extend(request.leases, now)
    return ExtendReply(
        expires_in={lease: expires_at - now for lease, expires_at in alive.items()},
        lost=[lease for lease in request.leases if lease not in alive],
    )


def release_leases(memory: Memory, request: ReleaseRequest) -> None:
    """Gives leases back; a worker that leaves gives back all. Raises ProtocolMismatch."""
    check_protocol(request.protocol)
    memory.workers.greet(request.worker, None)
    if request.leaving:
        _part(memory, request)
    memory.schedule.release(request.leases)
    memory.jobs.schedule.release(request.leases)
    serve_waiters(memory)


def _part(memory: Memory, request: ReleaseRequest) -> None:
    id = request.worker.id
    handed_back = memory.schedule.forget(id) + memory.jobs.schedule.forget(id)
    memory.workers.leave(id, request.why, handed_back, request.reason)
    values = (id, request.worker.name, request.why, handed_back, request.reason)
    logger.info("action=worker.leave worker=%s name=%s why=%s handed_back=%d reason=%s", *values)
