"""Generations as CSV, page by page, so that a long run is never held whole."""

import csv
from collections.abc import AsyncIterator, Iterable, Sequence
from io import StringIO

from server.service.master import Master
from server.views import GenerationView, ScoreSummary

CSV_MEDIA_TYPE = "text/csv"
ROWS = 500
"""Rows read, and sent, at once."""
PLAIN = (
    "number", "closed_at", "frames", "seconds", "episodes", "best", "mean", "median", "sd", "quartile_low",
    "quartile_high", "worst", "elite_index", "elite_carried", "late",
)  # fmt: skip
SCORES = ("mean", "sd", "n", "distinct")
HEADER = (
    *PLAIN,
    "elite_born_generation",
    "elite_born_index",
    *(f"{phase}_{score}" for phase in ("validation", "test") for score in SCORES),
    "elite_seeds",
    "cost",
)


async def stream_csv(master: Master, run: str) -> AsyncIterator[str]:
    """The run's closed generations by number, a header first. Seeds of the elite's chain stand apart by spaces."""
    yield _lines([HEADER])
    cursor: str | None = None
    while True:
        page = await master.list_generations(run, cursor, ROWS, "asc")
        yield _lines(_row(generation) for generation in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(generation: GenerationView) -> Sequence[object]:
    return [
        *(getattr(generation, name) for name in PLAIN),
        *generation.elite_born,
        *_scores(generation.validation),
        *_scores(generation.test),
        " ".join(map(str, generation.elite_seeds or [])),
        generation.cost,
    ]


def _scores(summary: ScoreSummary | None) -> list[object]:
    return [getattr(summary, name) if summary else None for name in SCORES]


def _lines(rows: Iterable[Sequence[object]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
