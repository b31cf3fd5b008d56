"""Whether the server lives, and whether it can serve."""

from typing import Literal

from fastapi import APIRouter

from evolution.model import Value
from server.api.dependencies import MasterDep
from server.api.problems import documented

router = APIRouter(tags=["health"])


class Health(Value):
    """All is well; else the answer is a problem document."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", summary="Whether the process lives")
async def is_alive() -> Health:
    """Answers as long as the process does: restart it when this fails."""
    return Health()


@router.get("/readyz", summary="Whether the server can serve", responses=documented(503))
async def is_ready(master: MasterDep) -> Health:
    """Answers 503 while the database is away or another server leads: send no requests then, but do not restart it."""
    await master.check_ready()
    return Health()
