"""Who plays."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field

from evolution.model import Value
from server.api.dependencies import MasterDep
from server.api.problems import documented
from server.service.refusals import Refusals
from server.views import Listing, RefusedView, WorkerView

router = APIRouter(prefix="/workers", tags=["workers"])


class Reason(Value):
    """Why a person does not want a worker."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")] = "A person set it aside."


@router.get("", summary="List the workers")
async def list_workers(master: MasterDep) -> Listing[WorkerView]:
    """Those connected and those that left within the last hour, with their speed and what they play."""
    return Listing(items=master.list_workers())


@router.get("/refused", summary="List the workers that were not let in")
async def list_refused(request: Request) -> Listing[RefusedView]:
    """By address, within the last hour: those without a valid token, or of another protocol version."""
    refusals: Refusals = request.app.state.refusals
    return Listing(
        items=[
            RefusedView(address=found.address, reason=found.reason, at=found.at, times=found.times)
            for found in refusals.recent()
        ]
    )


@router.post("/{id}/set-aside", status_code=204, summary="Set a worker aside", responses=documented(404, 422))
async def exclude_worker(id: UUID, master: MasterDep, body: Reason | None = None) -> None:
    """It gets no work any more. Its results of open generations are retracted, and played again by others."""
    await master.exclude_worker(id, (body or Reason()).reason)


@router.post("/{id}/let-in", status_code=204, summary="Let a worker in again", responses=documented(404, 422))
async def readmit_worker(id: UUID, master: MasterDep) -> None:
    """One that was set aside gets work again, and is believed until it is found wrong once more."""
    await master.readmit_worker(id)
