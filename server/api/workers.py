"""Who plays."""

from fastapi import APIRouter

from server.api.dependencies import MasterDep
from server.views import Listing, WorkerView

router = APIRouter(prefix="/workers", tags=["workers"])


@router.get("", summary="List the workers")
async def list_workers(master: MasterDep) -> Listing[WorkerView]:
    """Those connected and those that left within the last hour, with their speed and what they play."""
    return Listing(items=master.list_workers())
