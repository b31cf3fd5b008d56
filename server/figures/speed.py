"""How fast a run goes: frames a second of each generation."""

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from server.figures.axes import XAxis, axis, is_placed, thin
from server.figures.drawing import UNPRICED, confess_thinning, empty, framed, line
from server.figures.theme import PALETTES, Theme, faded
from server.views import GenerationView, RunDetail


def speed(
    generations: Sequence[GenerationView], run: RunDetail | None = None, x: XAxis = "generation", theme: Theme = "light"
) -> go.Figure:
    """Emulator frames of evaluation and validation, skipped ones included, by second of wall time without pauses.

    Frames of tests do not count, as in the budget. `run` is taken so that every figure is called alike.
    """
    del run
    if not generations:
        return empty(theme)
    if not is_placed(generations, x):
        return empty(theme, UNPRICED)
    speeds = speeds_of(generations)
    kept = thin([speeds])
    rows, palette = [generations[row] for row in kept], PALETTES[theme]
    along = axis(rows, x)
    figure = framed(theme, along, "frames a second", "speed")
    figure.add_trace(
        line(
            along.values,
            [speeds[row] for row in kept],
            "this generation",
            palette.accent,
            width=2,
            fill="tozeroy",
            fillcolor=faded(palette.accent, 0.12),
            hovertemplate="%{y:,.4~s} frames/s",
        )
    )
    figure.add_trace(
        line(
            along.values,
            [row.frames / row.seconds if row.seconds > 0 else None for row in rows],
            "whole run so far",
            palette.muted,
            dash="dash",
            hovertemplate="%{y:,.4~s} frames/s",
        )
    )
    figure.update_yaxes(rangemode="tozero")
    confess_thinning(figure, len(rows), len(generations), theme)
    return figure


def speeds_of(generations: Sequence[GenerationView]) -> list[float | None]:
    """Frames a second of each of these consecutive generations; None where no time passed.

    Counted from the generation before; if the first row is not generation 0, its speed is unknown.
    """
    first = generations[0]
    head = _rate(first.frames, first.seconds) if first.number == 0 else None
    return [head] + [_rate(b.frames - a.frames, b.seconds - a.seconds) for a, b in pairwise(generations)]


def _rate(frames: int, seconds: float) -> float | None:
    return frames / seconds if seconds > 0 else None
