"""Runs: start, look, change, pause, resume, stop, clone, delete."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Response

from server.api.bodies import NewRun, RunChanges, RunCopy
from server.api.dependencies import Cursor, Limit, MasterDep, RunId
from server.api.problems import documented
from server.service.errors import InvalidConfiguration
from server.views import Page, RunDetail, RunState, RunSummary

router = APIRouter(prefix="/runs", tags=["runs"], responses=documented(503))


@router.post("", status_code=201, summary="Start a run", responses=documented(422))
async def create_run(body: NewRun, master: MasterDep, response: Response) -> RunDetail:
    """The configuration is the preset's with the changes given. Without connected workers the run waits for one."""
    with _inside_configuration():
        return _created(await master.create_run(body.preset, body.name, body.configuration), response)


@router.get("", summary="List runs, newest first")
async def list_runs(
    master: MasterDep,
    state: Annotated[RunState | None, Query(description="Only runs in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RunSummary]:
    """Each with its progress and a small curve of its validated elites."""
    return await master.list_runs(state, cursor, limit)


@router.get("/{id}", summary="Show a run", responses=documented(404))
async def show_run(id: RunId, master: MasterDep) -> RunDetail:
    """Its configuration, engine, environment and progress."""
    return await master.show_run(id)


@router.patch("/{id}", summary="Change a run's name, share or budget", responses=documented(404, 409, 422))
async def change_run(id: RunId, body: RunChanges, master: MasterDep) -> RunDetail:
    """Nothing else of a run can change: its outcome follows from the rest."""
    return await master.change_run(id, body.name, body.weight, body.budget)


@router.delete("/{id}", status_code=204, summary="Delete a run and all that it stored", responses=documented(404))
async def delete_run(id: RunId, master: MasterDep) -> None:
    """For good. Workers drop its work; results of it that still arrive are not wanted."""
    await master.delete_run(id)


@router.post("/{id}/pause", summary="Pause a run", responses=documented(404, 409))
async def pause_run(id: RunId, master: MasterDep) -> RunDetail:
    """No more of its work is handed out; what workers bring back is still taken. It stays paused over restarts."""
    return await master.pause_run(id)


@router.post("/{id}/resume", summary="Resume a paused run", responses=documented(404, 409))
async def resume_run(id: RunId, master: MasterDep) -> RunDetail:
    """It goes on where it stood."""
    return await master.resume_run(id)


@router.post("/{id}/stop", summary="Stop a run for good", responses=documented(404, 409))
async def stop_run(id: RunId, master: MasterDep) -> RunDetail:
    """Its open generation is given up; what was closed stays. Clone it to go on from its configuration."""
    return await master.stop_run(id)


@router.post("/{id}/clone", status_code=201, summary="Clone a run", responses=documented(404, 422))
async def clone_run(id: RunId, body: RunCopy, master: MasterDep, response: Response) -> RunDetail:
    """A new run with this one's configuration and the changes given."""
    with _inside_configuration():
        return _created(await master.clone_run(id, body.name, body.configuration), response)


@contextmanager
def _inside_configuration() -> Iterator[None]:
    """Errors of a configuration's fields, named by their paths in the body."""
    try:
        yield
    except InvalidConfiguration as error:
        raise InvalidConfiguration([{**item, "field": _path(item["field"])} for item in error.errors]) from error


def _path(field: str) -> str:
    return field if field in NewRun.model_fields else f"configuration.{field}"


def _created(run: RunDetail, response: Response) -> RunDetail:
    response.headers["Location"] = f"/api/v1/runs/{run.id}"
    return run
