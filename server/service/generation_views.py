"""Closed generations and their individuals as they are shown."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from evolution.lineage import Birth
from evolution.messages import Phase
from evolution.selection import rank, summarize
from server.service.active_run import ActiveRun
from server.service.errors import NotFound
from server.service.load_run import find_row, find_run
from server.service.memory import Memory
from server.service.open_generation import group, means
from server.service.pages import read_cursor, write_cursor
from server.storage import generations, results
from server.storage.costs import Spent
from server.storage.generations import Elite
from server.storage.results import Scored
from server.views import GenerationView, IndividualView, Page, ScoreSummary

PLAIN = (
    "number", "closed_at", "frames", "seconds", "episodes", "best", "mean", "median", "sd", "quartile_low",
    "quartile_high", "worst", "elite_index", "late", "confirmed", "unconfirmed",
)  # fmt: skip
"""Columns that are shown as they are."""


def view_generation(memory: Memory, row: Mapping[str, Any]) -> GenerationView:
    """A row of the table `generations`, shown; without `elite_seeds` in it, the chain is left out."""
    seeds = row.get("elite_seeds")
    born = (row["elite_born_generation"], row["elite_born_index"])
    return GenerationView.model_validate(
        {
            **{name: row[name] for name in PLAIN},
            "cost": Spent(row["unpriced_seconds"], row["paid"]).dollars(memory.settings.core_hour_price),
            "elite_born": born,
            # A carried elite has a number that nobody is bred with.
            "elite_carried": born != (row["number"], row["elite_index"]),
            "elite_length": row.get("elite_length") if seeds is None else len(seeds),
            "elite_seeds": seeds,
            "validation": row["validation"],
            "test": row["test"],
        }
    )


async def list_generations(
    memory: Memory, id: str, cursor: str | None, limit: int, order: Literal["asc", "desc"], *, chains: bool
) -> Page[GenerationView]:
    """Closed generations by number. Raises NotFound, InvalidConfiguration (the cursor)."""
    await find_row(memory, id)
    after = read_cursor(cursor, int)
    async with memory.storage.reading() as connection:
        rows = await generations.page(
            connection, id, after[0] if after else None, limit + 1, newest_first=order == "desc", chains=chains
        )
    items = [view_generation(memory, row) for row in rows[:limit]]
    return Page(items=items, next_cursor=write_cursor(items[-1].number) if len(rows) > limit else None)


async def show_generation(memory: Memory, id: str, number: int) -> GenerationView:
    """One closed generation, with its elite's chain. Raises NotFound."""
    await find_row(memory, id)
    async with memory.storage.reading() as connection:
        row = await generations.find(connection, id, number)
    if row is None:
        raise NotFound(f"Run {id} has no generation {number} that is closed.")
    return view_generation(memory, row)


async def all_generations(memory: Memory, id: str) -> list[GenerationView]:
    """All closed generations by number, for figures: without the elites' chains. Raises NotFound."""
    await find_row(memory, id)
    async with memory.storage.reading() as connection:
        rows = await generations.all_but_chains(connection, id)
    # In a thread: of thousands it takes a while, in which no worker should wait.
    return await asyncio.to_thread(lambda: [view_generation(memory, row) for row in rows])


async def list_individuals(
    memory: Memory, id: str, number: int, cursor: str | None, limit: int
) -> Page[IndividualView]:
    """Individuals of a generation that is closed or open, by index; ranks by fitness once it is closed.

    Raises:
        NotFound: no such run or generation.
        InvalidConfiguration: the cursor.
    """
    run = await find_run(memory, id)
    after = read_cursor(cursor, int)
    if not 0 <= number <= run.open.number:
        raise NotFound(f"Run {id} has no generation {number}; its open generation is {run.open.number}.")
    async with memory.storage.reading() as connection:
        closed = await generations.find(connection, id, number)
        carried = await generations.elite(connection, id, number - 1)
        stored = await results.of_generation(connection, id, number)
    indices = sorted({result.index for result in stored if after is None or result.index > after[0]})
    gallery = Gallery(run, number, carried, closed, stored)
    items = [gallery.show(index) for index in indices[:limit]]
    return Page(items=items, next_cursor=write_cursor(indices[limit - 1]) if len(indices) > limit else None)


class Gallery:
    """One generation's individuals, put together from its results and the run's descent."""

    def __init__(
        self,
        run: ActiveRun,
        number: int,
        carried: Elite | None,
        closed: Mapping[str, Any] | None,
        stored: Sequence[Scored],
    ) -> None:
        self._run = run
        self._number = number
        self._carried = carried
        self._closed = closed
        self._scores = group(stored)
        members = [result for result in stored if not result.late]
        self._fitness = means(group(members)[Phase.EVALUATION])
        self._ranks = {index: place for place, index in enumerate(rank(self._fitness), 1)} if closed else {}
        self._selected = {Birth(*birth) for birth in closed["parents"]} if closed else set()

    def show(self, index: int) -> IndividualView:
        """One individual; the carried elite has the number `population`."""
        carried = index == self._run.configuration.population
        birth = self._birth(index)
        parent = None if carried else self._run.lineage.parent(self._number, index)
        elite = self._closed is not None and self._closed["elite_index"] == index
        selected = birth in self._selected
        return IndividualView(
            index=index,
            parent=(parent.generation, parent.index) if parent else None,
            seed=None if carried else self._run.lineage.mutation(self._number, index),
            carried=carried,
            fitness=self._fitness.get(index),
            evaluation=self._summary(Phase.EVALUATION, index),
            validation=self._summary(Phase.VALIDATION, index),
            test=self._summary(Phase.TEST, index),
            rank=self._ranks.get(index),
            selected=selected,
            elite=elite,
            seeds=self._run.lineage.seeds(birth) if selected or elite else None,
        )

    def _birth(self, index: int) -> Birth:
        is_carried = index == self._run.configuration.population
        return self._carried.birth if is_carried and self._carried else Birth(self._number, index)

    def _summary(self, phase: Phase, index: int) -> ScoreSummary | None:
        found = self._scores[phase].get(index)
        if not found:
            return None
        summary = summarize([result.score for result in found], [result.digest for result in found])
        return ScoreSummary.model_validate(summary._asdict())
