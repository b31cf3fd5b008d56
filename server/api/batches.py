"""The workers' interface: results in, work out."""

import asyncio
from typing import cast

from fastapi import APIRouter, Request
from starlette.responses import Response

from evolution.messages import PROTOCOL, BatchReply, BatchRequest, ExtendReply, ExtendRequest, ReleaseRequest
from server.api.middleware import WAITING
from server.api.problems import ServerStopping, documented
from server.api.work_route import WorkRoute, answer
from server.cancellation import end
from server.service.master import Master

CLIENT_CLOSED_REQUEST = 499
"""Nobody reads this status: the client hung up."""

router = APIRouter(prefix="/batches", tags=["batches"], route_class=WorkRoute, responses=documented(422, 426, 503))


@router.post("", summary="Submit results and claim batches", response_model=BatchReply)
async def exchange(body: BatchRequest, request: Request) -> Response:
    """Answered once the results are committed. Without results it waits for work, 20 s by default."""
    reply = await (_settle if body.submissions or body.job_submissions else _wait)(body, request)
    return Response(status_code=CLIENT_CLOSED_REQUEST) if reply is None else answer(reply)


@router.post("/extend", summary="Extend leases", response_model=ExtendReply)
async def extend(body: ExtendRequest, request: Request) -> Response:
    """Of the leases that are lost the work may be dropped; their results would still be taken."""
    return answer(await _master(request).extend(body))


@router.post("/release", status_code=204, summary="Give batches back unfinished")
async def release(body: ReleaseRequest, request: Request) -> Response:
    """Others play them at once. With `leaving` the worker counts as gone."""
    await _master(request).release(body)
    return Response(status_code=204)


async def _settle(body: BatchRequest, request: Request) -> BatchReply | None:
    """The answer to results, which are committed even while the server stops; None: the worker hung up."""
    reply = await _master(request).exchange(body)
    if (reply.batches or reply.jobs) and has_hung_up(request):
        await _give_back(body, reply, request)
        return None
    return reply


async def _wait(body: BatchRequest, request: Request) -> BatchReply | None:
    """The answer once there is one; None: the worker hung up, and was given nothing.

    Raises:
        ServerStopping: there is none yet, and no time to wait.
    """
    request.scope[WAITING] = True
    stopping: asyncio.Event = request.app.state.stopping
    work = asyncio.ensure_future(_master(request).exchange(body))
    gone = asyncio.ensure_future(_hang_up(request))
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({work, gone, stop}, return_when="FIRST_COMPLETED")
        if not gone.done():
            return _finished(work)
        if work.done() and work.exception() is None:
            await _give_back(body, work.result(), request)
        return None
    finally:
        await end(work, gone, stop)


def _finished(work: "asyncio.Future[BatchReply]") -> BatchReply:
    if not work.done():
        raise ServerStopping("The server stops; ask again in a moment.")
    return work.result()


def has_hung_up(request: Request) -> bool:
    """Whether the client is gone, as far as is known by now.

    `Request.is_disconnected` tells the same by a task group, in as much time as a twentieth of the whole request.
    """
    asking = request.receive().__await__()
    try:
        next(asking)
    except StopIteration as answered:
        return bool(answered.value["type"] == "http.disconnect")
    asking.close()
    return False


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _give_back(body: BatchRequest, reply: BatchReply, request: Request) -> None:
    """Batches that were claimed in the moment in which the worker hung up go to others."""
    leases = [*(batch.lease for batch in reply.batches), *(job.lease for job in reply.jobs)]
    await _master(request).release(ReleaseRequest(protocol=PROTOCOL, worker=body.worker, leases=leases))


def _master(request: Request) -> Master:
    return cast(Master, request.app.state.master)
