"""What a policy's ancestors scored: one statement for a whole line of descent, however long."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from evolution.lineage import Birth
from server.storage import arrays


class Validated(NamedTuple):
    """Validation episodes over all generations in which a policy was a candidate."""

    n: int
    mean: float
    sd: float | None
    distinct: int


# Mean evaluation score of each of these individuals where it was bred.
FITNESS = text(
    """
    SELECT results.generation, results.index, avg(score)
    FROM unnest(:generations, :indices) AS birth(generation, index)
    JOIN results ON run_id = :run AND phase = 0 AND results.generation = birth.generation
                    AND results.index = birth.index AND NOT retracted
    GROUP BY results.generation, results.index
    """
)


async def fitness(connection: AsyncConnection, run: str, births: Sequence[Birth]) -> dict[Birth, float]:
    """Birth to fitness, of the individuals that are there."""
    rows = await connection.execute(FITNESS, _pack(run, births))
    return {Birth(row[0], row[1]): row[2] for row in rows}


# Validation episodes of each of these individuals, wherever it was a candidate.
VALIDATIONS = text(
    """
    SELECT born_generation, born_index, count(*), avg(score), stddev_samp(score), count(DISTINCT digest)
    FROM unnest(:generations, :indices) AS birth(born_generation, born_index)
    JOIN candidates USING (born_generation, born_index)
    JOIN results USING (run_id, generation, index)
    WHERE run_id = :run AND phase = 1 AND NOT retracted
    GROUP BY born_generation, born_index
    """
)


async def validations(connection: AsyncConnection, run: str, births: Sequence[Birth]) -> dict[Birth, Validated]:
    """Birth to validation, of the individuals that were validated."""
    rows = await connection.execute(VALIDATIONS, _pack(run, births))
    return {Birth(row[0], row[1]): Validated(*row[2:]) for row in rows}


def _pack(run: str, births: Sequence[Birth]) -> dict[str, Any]:
    return {
        "run": run,
        "generations": arrays.int4(birth.generation for birth in births),
        "indices": arrays.int4(birth.index for birth in births),
    }
