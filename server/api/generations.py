"""What a run has done: its generations, their individuals, its best policies."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from server.api.dependencies import Cursor, Limit, MasterDep, RunId
from server.api.problems import documented
from server.api.tables import CSV_MEDIA_TYPE, stream_csv
from server.views import GenerationView, IndividualView, Listing, Page, PolicyView

AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {CSV_MEDIA_TYPE: {"schema": {"type": "string"}}}}}

Number = Annotated[int, Path(ge=0, le=2**31 - 1, description="The generation's number.")]

router = APIRouter(prefix="/runs/{id}", tags=["generations"], responses=documented(404, 503))


@router.get("/generations", summary="List closed generations", response_model=Page[GenerationView], responses=AS_CSV)
async def list_generations(
    id: RunId,
    master: MasterDep,
    cursor: Cursor = None,
    limit: Limit = 100,
    order: Annotated[Literal["asc", "desc"], Query(description="By number.")] = "asc",
    chains: Annotated[bool, Query(description="false: without the elites' chains, which are long.")] = True,
    format: Annotated[Literal["json", "csv"], Query(description="csv: all of them in one stream.")] = "json",
) -> Page[GenerationView] | Response:
    """Statistics of each generation's evaluation scores, and its elite with its seed chain."""
    if format == "json":
        return await master.list_generations(id, cursor, limit, order, chains=chains)
    await master.show_run(id)
    name = f"attachment; filename=run-{id}-generations.csv"
    return StreamingResponse(stream_csv(master, id), media_type=CSV_MEDIA_TYPE, headers={"Content-Disposition": name})


@router.get("/generations/{n}", summary="Show a closed generation")
async def show_generation(id: RunId, n: Number, master: MasterDep) -> GenerationView:
    """Its statistics, and its elite with its seed chain."""
    return await master.show_generation(id, n)


@router.get("/generations/{n}/individuals", summary="List the individuals of a closed generation")
async def list_individuals(
    id: RunId,
    n: Number,
    master: MasterDep,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[IndividualView]:
    """By index, each with its rank, its parent and its newest seed; chains of those that were selected."""
    return await master.list_individuals(id, n, cursor, limit)


@router.get("/best", summary="List a run's best policies")
async def list_best(
    id: RunId, master: MasterDep, top: Annotated[int, Query(ge=1, le=1000, description="How many.")] = 10
) -> Listing[PolicyView]:
    """The best distinct seed chains as documents, by test mean, else by validation mean; never by one episode.

    Empty until a generation closes, and for a run whose policies never play again: a block-free one, or one with
    neither candidates nor test episodes. The elites' chains of such a run are in its generations; how good they are,
    `neuroevo policy evaluate` tells.
    """
    return Listing(items=await master.best_policies(id, top))
