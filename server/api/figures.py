"""Figures of a run, as Plotly draws them."""

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from evolution.model import Value
from server.api.dependencies import MasterDep, RunId
from server.api.problems import documented
from server.figures import FIGURES, FigureName, Theme, XAxis

router = APIRouter(prefix="/runs/{id}/figures", tags=["figures"], responses=documented(404, 503))


class FigureView(Value):
    """A Plotly figure: what `Plotly.newPlot` and `plotly.graph_objects.Figure` take."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]


@router.get("/{name}", summary="Draw a figure of a run", response_model=FigureView)
async def draw_figure(
    id: RunId,
    name: Annotated[FigureName, Path(description="learning: scores; spread: their distribution; speed: frames/s.")],
    master: MasterDep,
    x: Annotated[XAxis, Query(description="What runs along the x axis.")] = "generation",
    theme: Annotated[Theme, Query(description="Colours for a light or a dark page.")] = "light",
) -> Response:
    """Of a long run at most a thousand generations are drawn; the figure says so."""
    run, generations = await master.show_run(id), await master.all_generations(id)
    # In a thread: some ten milliseconds of arithmetic, for which no worker should wait.
    content = await run_sync(lambda: FIGURES[name](generations, run, x, theme).to_json())
    return Response(content, media_type="application/json")
