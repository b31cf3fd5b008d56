"""What can be played."""

from fastapi import APIRouter

from server.api.dependencies import MasterDep
from server.views import EnvironmentView, Listing

router = APIRouter(prefix="/environments", tags=["environments"])


@router.get("", summary="List the environments that connected workers can make")
async def list_environments(master: MasterDep) -> Listing[EnvironmentView]:
    """Each with how many workers make it and, once a run asked for it, its description."""
    return Listing(items=master.list_environments())
