"""Runs between servers: whole, to be gone on with."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from server.api.dependencies import MasterDep, RunId
from server.api.problems import documented
from server.views import RunDetail

GZIP = "application/gzip"
LARGEST_FILE = 2**36
"""Bytes. Nothing of it is held in memory but one line."""
BINARY = {"schema": {"type": "string", "format": "binary"}}
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {GZIP: BINARY}, "description": "The run's file."}}

router = APIRouter(prefix="/runs", tags=["runs"], responses=documented(503))


@router.get(
    "/{id}/export",
    summary="Export a run whole",
    response_class=Response,
    responses=FILE | documented(404),
)
async def export_run(id: RunId, master: MasterDep) -> Response:
    """Configuration, generations, every result: another server goes on from it with the same outcome."""
    row, content = await master.export_run(id)
    # It is packed already: the compression of responses leaves it alone.
    headers = {"Content-Disposition": f'attachment; filename="{row.id}.run.gz"', "Content-Encoding": "identity"}
    return StreamingResponse(content, 200, headers, media_type=GZIP)


@router.post(
    "/imports",
    status_code=201,
    summary="Import a run",
    responses=documented(413, 422),
    openapi_extra={"requestBody": {"required": True, "content": {GZIP: BINARY}}},
)
async def import_run(request: Request, master: MasterDep, response: Response) -> RunDetail:
    """Takes the file of an export. A run that was going on is paused: resume it when its workers are there."""
    run = await master.import_run(_bounded(request))
    response.headers["Location"] = f"/api/v1/runs/{run.id}"
    return run


async def _bounded(request: Request) -> AsyncIterator[bytes]:
    read = 0
    async for part in request.stream():
        read += len(part)
        if read > LARGEST_FILE:
            raise HTTPException(413, f"At most {LARGEST_FILE:,} bytes are taken.")
        yield part
