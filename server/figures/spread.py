"""How the scores of each generation are distributed: boxes while they are few, then a fan."""

from collections.abc import Sequence

import plotly.graph_objects as go

from server.figures.axes import XAxis, axis, is_placed, thin
from server.figures.drawing import FEW, UNPRICED, band, confess_thinning, empty, framed, line
from server.figures.theme import PALETTES, Palette, Theme, faded
from server.views import GenerationView, RunDetail


def spread(
    generations: Sequence[GenerationView], run: RunDetail | None = None, x: XAxis = "generation", theme: Theme = "light"
) -> go.Figure:
    """Worst, quartiles, median, mean and best of the evaluation scores, in game points, of closed generations in order.

    `run` is taken so that every figure is called alike; this one needs nothing of it.
    """
    del run
    if not generations:
        return empty(theme)
    if not is_placed(generations, x):
        return empty(theme, UNPRICED)
    kept = thin([[row.best for row in generations], [row.worst for row in generations]])
    rows, palette = [generations[row] for row in kept], PALETTES[theme]
    along = axis(rows, x)
    figure = framed(theme, along, "score of an individual", "spread")
    figure.add_traces(_boxes(rows, along.values, palette) if len(rows) <= FEW else _fan(rows, along.values, palette))
    confess_thinning(figure, len(rows), len(generations), theme)
    return figure


def _boxes(rows: Sequence[GenerationView], x: Sequence[float | None], palette: Palette) -> list[go.Box]:
    return [
        go.Box(
            x=x,
            lowerfence=[row.worst for row in rows],
            q1=[row.quartile_low for row in rows],
            median=[row.median for row in rows],
            q3=[row.quartile_high for row in rows],
            upperfence=[row.best for row in rows],
            mean=[row.mean for row in rows],
            name="worst to best",
            line={"color": palette.accent, "width": 1.2},
            fillcolor=faded(palette.accent, 0.2),
            showlegend=False,
        )
    ]


def _fan(rows: Sequence[GenerationView], x: Sequence[float | None], palette: Palette) -> list[go.Scatter]:
    worst, best = [row.worst for row in rows], [row.best for row in rows]
    low, high = [row.quartile_low for row in rows], [row.quartile_high for row in rows]
    return [
        *band(x, worst, best, "worst to best", palette.accent, 0.14),
        *band(x, low, high, "middle half", palette.accent, 0.28),
        line(x, [row.median for row in rows], "median", palette.accent, width=2, hovertemplate="%{y:,.5~r}"),
        line(x, [row.mean for row in rows], "mean", palette.second, dash="dot", hovertemplate="%{y:,.5~r}"),
    ]
