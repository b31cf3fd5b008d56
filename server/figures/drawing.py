"""Parts that the figures have in common."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from server.figures.axes import Axis
from server.figures.theme import PALETTES, Theme, faded, template

FEW = 60
"""Up to so many points are marked one by one; more make a line."""
MANY = 300
"""More points than this are drawn with a thinner line, which would else fill the figure."""
NOTHING = "No generation has closed yet"
UNPRICED = "No price for a core-hour is known: set NEUROEVO_CORE_HOUR_PRICE for the server or its workers"


def empty(theme: Theme, why: str = NOTHING) -> go.Figure:
    """A figure that says why there is nothing to draw."""
    figure = go.Figure(layout=go.Layout(template=template(theme), xaxis={"visible": False}, yaxis={"visible": False}))
    figure.add_annotation(
        text=why, showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5, font={"color": PALETTES[theme].muted}
    )
    return figure


def framed(theme: Theme, along: Axis, y_title: str, name: str) -> go.Figure:
    """An empty figure with its axes. A reader's zoom outlasts an update as long as the x axis stays the same."""
    return go.Figure(
        layout=go.Layout(
            template=template(theme),
            xaxis={
                "title": {"text": along.title},
                "unifiedhovertitle": {"text": along.hover},
                "dtick": 1 if along.whole else None,
            },
            yaxis={"title": {"text": y_title}},
            uirevision=f"{name} by {along.title}",
        )
    )


def line(x: Sequence[float | None], y: Sequence[float | None], name: str, colour: str, **more: Any) -> go.Scatter:
    """A series: marked points while they are few."""
    width = more.pop("width", 1.5) * (0.6 if len(x) > MANY else 1)
    look = {"color": colour, "width": width, "dash": more.pop("dash", "solid")}
    mode = "lines+markers" if len(x) <= FEW else "lines"
    return go.Scatter(x=x, y=y, name=name, mode=mode, line=look, marker={"size": more.pop("size", 4)}, **more)


def band(
    x: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    name: str,
    colour: str,
    opacity: float,
) -> list[go.Scatter]:
    """The area between `low` and `high`, as two traces of which the legend shows one."""
    edge: dict[str, Any] = {"x": x, "mode": "lines", "line": {"width": 0}, "legendgroup": name, "hoverinfo": "skip"}
    return [
        go.Scatter(y=low, showlegend=False, **edge),
        go.Scatter(y=high, name=name, fill="tonexty", fillcolor=faded(colour, opacity), **edge),
    ]


def confess_thinning(figure: go.Figure, drawn: int, closed: int, theme: Theme) -> None:
    """Say in the figure that it does not draw every generation."""
    if drawn == closed:
        return
    figure.add_annotation(
        text=f"{drawn:,} of {closed:,} generations drawn, peaks kept",
        showarrow=False,
        xref="paper",
        yref="paper",
        x=1,
        y=0,
        xanchor="right",
        yanchor="bottom",
        font={"size": 10, "color": PALETTES[theme].muted},
    )
