"""How values are shown: tables, numbers, durations, JSON."""

import json
from collections.abc import Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from server.views import RunSummary, ScoreSummary

MISSING = "–"


def print_json(value: Any) -> None:
    """The value as indented JSON on stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns; those whose cells all look like numbers are set flush right."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    right = [all(_numeric(row[column]) for row in rows) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def fields(values: Sequence[tuple[str, str]]) -> str:
    """One line for each name with its value, values aligned."""
    width = max(len(name) for name, _ in values)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in values)


def score(value: float | None) -> str:
    """Game points, no more digits than mean something."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.1f}"


def mean_score(summary: "ScoreSummary | None") -> str:
    """A mean, never without its noise: 779 ± 640 (n 10), or (n 9/10) if of ten episodes nine were distinct."""
    if summary is None:
        return MISSING
    spread = f" ± {score(summary.sd)}" if summary.sd is not None else ""
    sample = f"{summary.distinct}/{summary.n}" if summary.distinct < summary.n else f"{summary.n}"
    return f"{score(summary.mean)}{spread} (n {sample})"


def best_score(run: "RunSummary") -> str:
    """The highest validated mean of a run's elites with its noise; without validation the fitness alone."""
    return mean_score(run.best_elite) if run.best_elite else score(run.best)


def dollars(value: float | None) -> str:
    """US dollars to the cent; below ten cents, two digits."""
    if value is None:
        return MISSING
    places = max(2, 1 - floor(log10(value))) if value else 2
    return f"${value:,.{places}f}"


def amount(value: float) -> str:
    """A large count in three digits: 950, 12.3k, 4.05M, 1.2G."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}" if value / size < 1000 else f"{value / size:.0f}{unit}"
    return f"{value:.0f}"


def duration(seconds: float) -> str:
    """42 s, 3:07, 2:05:09."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _numeric(cell: str) -> bool:
    cell = cell.removeprefix("$")
    return cell == MISSING or cell[:1].isdigit() or (cell[:1] == "-" and cell[1:2].isdigit())
