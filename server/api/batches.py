"""The workers' interface: results in, work out."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from evolution.messages import PROTOCOL, BatchReply, BatchRequest, ExtendReply, ExtendRequest, ReleaseRequest
from server.api.dependencies import MasterDep, StoppingDep
from server.api.problems import ServerStopping, documented
from server.cancellation import end
from server.service.exchange import check_protocol
from server.service.master import Master

CLIENT_CLOSED_REQUEST = 499
"""Nobody reads this status: the client hung up."""


class _Versioned(BaseModel):
    """All that is read of a request of another protocol version."""

    protocol: int


class ProtocolRoute(APIRoute):
    """Looks at the protocol version first, even of a body that does not fit this version in anything else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with a clear refusal of other versions."""
        handle = super().get_route_handler()

        async def handle_this_version(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                _check_loosely(await request.body())
                raise error from None

        return handle_this_version


def _check_loosely(body: bytes) -> None:
    try:
        check_protocol(_Versioned.model_validate_json(body).protocol)
    except ValidationError:
        return


router = APIRouter(prefix="/batches", tags=["batches"], route_class=ProtocolRoute, responses=documented(422, 426, 503))


@router.post("", summary="Submit results and claim batches", response_model=BatchReply)
async def exchange(
    body: BatchRequest, request: Request, master: MasterDep, stopping: StoppingDep
) -> BatchReply | Response:
    """Answered once the results are committed. Without results it waits for work, 20 s by default."""
    work = asyncio.ensure_future(master.exchange(body))
    gone = asyncio.ensure_future(_hang_up(request))
    stop = asyncio.ensure_future(stopping.wait())
    try:
        # Results are committed even while the server stops; only those who wait for work are sent away.
        await asyncio.wait({work, gone} if body.submissions else {work, gone, stop}, return_when="FIRST_COMPLETED")
        if gone.done():
            await _give_back(master, body, work)
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        if not work.done():
            raise ServerStopping("The server stops; ask again in a moment.")
        return work.result()
    finally:
        await end(work, gone, stop)


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _give_back(master: Master, body: BatchRequest, work: "asyncio.Future[BatchReply]") -> None:
    """Batches that were claimed in the same moment in which the worker hung up go to others."""
    if work.done() and work.exception() is None and work.result().batches:
        leases = [batch.lease for batch in work.result().batches]
        await master.release(ReleaseRequest(protocol=PROTOCOL, worker=body.worker, leases=leases))


@router.post("/extend", summary="Extend leases")
async def extend(body: ExtendRequest, master: MasterDep) -> ExtendReply:
    """Of the leases that are lost the work may be dropped; their results would still be taken."""
    return await master.extend(body)


@router.post("/release", status_code=204, summary="Give batches back unfinished")
async def release(body: ReleaseRequest, master: MasterDep) -> None:
    """Others play them at once. With `leaving` the worker counts as gone."""
    await master.release(body)
