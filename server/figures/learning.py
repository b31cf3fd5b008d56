"""The learning curve: best, mean and median of each generation, its middle half, and the elite's validated score."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from server.figures.axes import XAxis, axis, is_placed, thin
from server.figures.drawing import FEW, UNPRICED, band, confess_thinning, empty, framed, line
from server.figures.theme import PALETTES, Palette, Theme, faded
from server.views import GenerationView, RunDetail, ScoreSummary


def learning(
    generations: Sequence[GenerationView], run: RunDetail | None = None, x: XAxis = "generation", theme: Theme = "light"
) -> go.Figure:
    """Scores in game points by generation, frames, time or cost, of closed generations in order.

    The elite's line is the mean of its validation episodes, with one standard deviation to each side: the best score of
    a single episode rewards luck. `run`: draws its target score too.
    """
    if not generations:
        return empty(theme)
    if not is_placed(generations, x):
        return empty(theme, UNPRICED)
    rows = _drawn(generations)
    along, palette = axis(rows, x), PALETTES[theme]
    figure = framed(theme, along, "score", "learning")
    figure.add_traces(_population(rows, along.values, palette))
    figure.add_traces(_elite([row.validation for row in rows], rows, along.values, palette))
    figure.add_traces(_test([row.test for row in rows], along.values, palette))
    _draw_target(figure, run, palette)
    confess_thinning(figure, len(rows), len(generations), theme)
    return figure


def _drawn(generations: Sequence[GenerationView]) -> list[GenerationView]:
    elite = [row.validation.mean if row.validation else None for row in generations]
    kept = thin([[row.best for row in generations], elite])
    return [generations[row] for row in kept]


def _population(rows: Sequence[GenerationView], x: Sequence[float | None], palette: Palette) -> list[go.Scatter]:
    low, high = [row.quartile_low for row in rows], [row.quartile_high for row in rows]
    return [
        *band(x, low, high, "middle half", palette.muted, 0.18),
        line(x, [row.best for row in rows], "best", palette.second, dash="dot", hovertemplate="%{y:,.5~r}"),
        line(x, [row.mean for row in rows], "mean", palette.muted, hovertemplate="%{y:,.5~r}"),
        line(x, [row.median for row in rows], "median", palette.muted, dash="dash", hovertemplate="%{y:,.5~r}"),
    ]


def _elite(
    scores: Sequence[ScoreSummary | None], rows: Sequence[GenerationView], x: Sequence[float | None], palette: Palette
) -> list[go.Scatter]:
    """The validated elite with its spread: bars while they can be told apart, then a band. Nothing if none is known."""
    if not any(scores):
        return []
    means = [score.mean if score else None for score in scores]
    spread = [(score.sd or 0.0) if score else None for score in scores]
    notes = [_note(score, row) if score else "" for score, row in zip(scores, rows, strict=True)]
    few = len(rows) <= FEW
    bars = {"type": "data", "array": spread, "color": faded(palette.accent, 0.45), "thickness": 1, "width": 2}
    more: dict[str, Any] = {"error_y": bars} if few else {}
    elite = line(
        x,
        means,
        "elite, validated",
        palette.accent,
        width=2.5,
        size=6,
        customdata=notes,
        hovertemplate="%{y:,.5~r} %{customdata}",
        **more,
    )
    if few:
        return [elite]
    low = [mean - sd if mean is not None and sd is not None else None for mean, sd in zip(means, spread, strict=True)]
    high = [mean + sd if mean is not None and sd is not None else None for mean, sd in zip(means, spread, strict=True)]
    return [*band(x, low, high, "elite ± sd", palette.accent, 0.15), elite]


def _note(score: ScoreSummary, row: GenerationView | None = None) -> str:
    spread = "" if score.sd is None else f"± {score.sd:,.4g} "
    origin = "" if row is None else f", bred in {row.elite_born[0]}" + (" and carried" if row.elite_carried else "")
    return f"{spread}({score.n} episodes, {score.distinct} distinct{origin})"


def _test(scores: Sequence[ScoreSummary | None], x: Sequence[float | None], palette: Palette) -> list[go.Scatter]:
    if not any(scores):
        return []
    means = [score.mean if score else None for score in scores]
    notes = [_note(score) if score else "" for score in scores]
    return [
        line(
            x,
            means,
            "elite, tested",
            palette.ink,
            size=5,
            customdata=notes,
            hovertemplate="%{y:,.5~r} %{customdata}",
        )
    ]


def _draw_target(figure: go.Figure, run: RunDetail | None, palette: Palette) -> None:
    target = run.configuration.budget.target_score if run else None
    if target is not None:
        figure.add_hline(
            y=target,
            line={"color": palette.muted, "width": 1, "dash": "dash"},
            annotation={"text": f"target {target:,g}", "font": {"color": palette.muted, "size": 10}},
        )
