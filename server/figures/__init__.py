"""Figures: pure functions from closed generations to Plotly figures, for the dashboard, `run plot` and the README."""

from collections.abc import Sequence
from typing import Literal, Protocol

import plotly.graph_objects as go

from server.figures.axes import XAxis
from server.figures.learning import learning
from server.figures.speed import speed
from server.figures.spread import spread
from server.figures.theme import Theme
from server.views import GenerationView, RunDetail

FigureName = Literal["learning", "spread", "speed"]


class Draw(Protocol):
    """How every figure is called."""

    def __call__(
        self, generations: Sequence[GenerationView], run: RunDetail | None = None, x: XAxis = ..., theme: Theme = ...
    ) -> go.Figure: ...


FIGURES: dict[FigureName, Draw] = {"learning": learning, "spread": spread, "speed": speed}

__all__ = ["FIGURES", "Draw", "FigureName", "Theme", "XAxis", "learning", "speed", "spread"]
