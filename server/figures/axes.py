"""What runs along the x axis: generations, frames or time; and which generations of a long run are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from server.views import GenerationView

XAxis = Literal["generation", "frames", "time", "cost"]
MAX_POINTS = 1000
"""Points of a series that a browser draws and a person can tell apart."""
UNITS = ((2 * 86400, 86400, "days"), (2 * 3600, 3600, "hours"), (120, 60, "minutes"), (0, 1, "seconds"))
"""(shortest span in seconds that is shown in the unit, seconds in it, its name)."""


@dataclass(frozen=True)
class Axis:
    """`values`: one for each generation, None where it has no place; `title`: with the unit.

    `hover`: what a hover calls a value. `whole`: ticks only at whole numbers, which few values need to be told.
    """

    values: list[float | None]
    title: str
    hover: str
    whole: bool = False


def axis(generations: Sequence[GenerationView], x: XAxis) -> Axis:
    """The x axis of these closed generations. All but their numbers is cumulative, at each generation's close."""
    if x == "cost":
        return Axis([row.cost for row in generations], "cost (US dollars)", "$%{x:,.4~r}")
    if x == "frames":
        return Axis([row.frames for row in generations], "frames", "%{x:.4s} frames")
    if x == "time":
        span = generations[-1].seconds if generations else 0.0
        seconds, name = next((size, name) for shortest, size, name in UNITS if span >= shortest)
        return Axis(
            [row.seconds / seconds for row in generations], f"time without pauses ({name})", f"%{{x:.2f}} {name}"
        )
    return Axis([row.number for row in generations], "generation", "generation %{x}", whole=len(generations) < 8)


def is_placed(generations: Sequence[GenerationView], x: XAxis) -> bool:
    """Whether any of them has a place on the axis: none has a cost where nobody told a price."""
    return x != "cost" or any(row.cost is not None for row in generations)


def thin(series: Sequence[Sequence[float | None]], limit: int = MAX_POINTS) -> list[int]:
    """Indices, ascending, of at most `limit` rows to draw: all of them if they fit.

    Otherwise the rows are cut into equal stretches, and of each those are kept where a series is highest and lowest,
    with the first and the last row: what is drawn is real, and no peak is lost.
    """
    count = len(series[0])
    if count <= limit:
        return list(range(count))
    stretches = max(1, (limit - 2) // (2 * len(series)))
    kept = {0, count - 1}
    for stretch in range(stretches):
        rows = range(stretch * count // stretches, (stretch + 1) * count // stretches)
        for values in series:
            known = [(value, row) for row in rows if (value := values[row]) is not None]
            if known:
                kept |= {max(known)[1], min(known)[1]}
    return sorted(kept)
