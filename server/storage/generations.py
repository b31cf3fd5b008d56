"""The tables `generations` and `candidates`: what each closed generation came to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from evolution.lineage import Birth
from server.storage.tables import candidates, generations, policy_births, rollouts

READ_AT_ONCE = 500
ALL_BUT_CHAINS = [
    column for column in generations.c if column not in {generations.c.elite_seeds, generations.c.parents}
]


@dataclass(frozen=True)
class Elite:
    """The individual chosen at a generation's close. `fitness`: of the evaluation after which it first became elite."""

    birth: Birth
    fitness: float
    seeds: list[int]


@dataclass(frozen=True)
class Candidate:
    """What a policy scored over all generations of its run in which it was validated or tested."""

    birth: Birth
    validation_episodes: int
    validation_mean: float | None
    test_episodes: int
    test_mean: float | None


async def add(connection: AsyncConnection, values: Mapping[str, Any], tried: Sequence[Mapping[str, Any]]) -> None:
    """A closed generation and those of its individuals that were validated or tested.

    Raises:
        sqlalchemy.exc.IntegrityError: it was closed before.
    """
    await connection.execute(insert(generations).values(**values))
    if tried:
        await connection.execute(insert(candidates), list(tried))


async def find(connection: AsyncConnection, run: str, number: int) -> dict[str, Any] | None:
    """One closed generation, all columns."""
    query = select(generations).where(generations.c.run_id == run, generations.c.number == number)
    return next((dict(row) for row in (await connection.execute(query)).mappings()), None)


async def elite(connection: AsyncConnection, run: str, number: int) -> Elite | None:
    """The elite that `number` chose, carried into the next generation."""
    row = await find(connection, run, number)
    if row is None:
        return None
    birth = Birth(row["elite_born_generation"], row["elite_born_index"])
    return Elite(birth, row["elite_fitness"], list(row["elite_seeds"]))


class ChosenElite(NamedTuple):
    """A generation's elite: its policy in the library, its mean in validation, or its fitness where there was none, and
    how many recordings it has or waits for."""

    generation: int
    policy: str
    mean: float
    recordings: int


async def elites(connection: AsyncConnection, run: str) -> list[ChosenElite]:
    """The elite of every closed generation that the library has, by number."""
    validated = generations.c.validation["mean"].as_float()
    mean = func.coalesce(validated, generations.c.elite_fitness)
    born = (
        (policy_births.c.run_id == generations.c.run_id)
        & (policy_births.c.generation == generations.c.elite_born_generation)
        & (policy_births.c.index == generations.c.elite_born_index)
    )
    counted = select(rollouts.c.policy, func.count().label("recordings")).group_by(rollouts.c.policy).subquery()
    query = (
        select(generations.c.number, policy_births.c.policy_id, mean, func.coalesce(counted.c.recordings, 0))
        .join(policy_births, born)
        .outerjoin(counted, counted.c.policy == policy_births.c.policy_id)
        .where(generations.c.run_id == run)
        .order_by(generations.c.number)
    )
    return [ChosenElite(*row) for row in await connection.execute(query)]


async def page(
    connection: AsyncConnection, run: str, after: int | None, limit: int, *, newest_first: bool, chains: bool = True
) -> list[dict[str, Any]]:
    """Up to `limit` generations by number, those beyond `after`.

    Without `chains`, `elite_length` tells how long the elite's is.
    """
    number = generations.c.number
    length = func.cardinality(generations.c.elite_seeds).label("elite_length")
    query = select(generations) if chains else select(*ALL_BUT_CHAINS, length)
    query = query.where(generations.c.run_id == run)
    if after is not None:
        query = query.where(number < after if newest_first else number > after)
    query = query.order_by(number.desc() if newest_first else number).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def all_but_chains(connection: AsyncConnection, run: str) -> list[dict[str, Any]]:
    """All generations by number, without the elites' chains, which are long."""
    query = select(*ALL_BUT_CHAINS).where(generations.c.run_id == run).order_by(generations.c.number)
    rows = await connection.execute(query)
    # Of thousands of rows the library's own mappings take longer to turn into dicts than the rows to come.
    names = list(rows.keys())
    return [dict(zip(names, row, strict=True)) for row in rows]


async def parents(connection: AsyncConnection, run: str) -> AsyncIterator[tuple[int, list[Birth]]]:
    """Whom each generation selected, by number; read in parts, since there may be very many."""
    query = select(generations.c.number, generations.c.parents).where(generations.c.run_id == run)
    query = query.order_by(generations.c.number).limit(READ_AT_ONCE)
    last = -1
    while rows := (await connection.execute(query.where(generations.c.number > last))).all():
        for number, births in rows:
            yield number, [Birth(*birth) for birth in births]
            last = number


async def best(connection: AsyncConnection, run: str, top: int) -> list[Candidate]:
    """The `top` policies by mean test score, else by mean validation score; those of one episode do not count."""
    validated, tested = func.sum(candidates.c.validation_episodes), func.sum(candidates.c.test_episodes)
    validation_mean = func.sum(candidates.c.validation_sum) / func.nullif(validated, 0)
    test_mean = func.sum(candidates.c.test_sum) / func.nullif(tested, 0)
    births = (candidates.c.born_generation, candidates.c.born_index)
    query = (
        select(*births, validated, validation_mean, tested, test_mean)
        .where(candidates.c.run_id == run)
        .group_by(*births)
        .having(func.greatest(validated, tested) > 1)
        .order_by(func.coalesce(test_mean, validation_mean).desc(), *births)
        .limit(top)
    )
    return [Candidate(Birth(row[0], row[1]), *row[2:]) for row in (await connection.execute(query)).all()]


async def places(connection: AsyncConnection, run: str, birth: Birth) -> list[tuple[int, int]]:
    """(generation, index) wherever this policy was validated or tested."""
    query = select(candidates.c.generation, candidates.c.index).where(
        candidates.c.run_id == run,
        candidates.c.born_generation == birth.generation,
        candidates.c.born_index == birth.index,
    )
    return [(row[0], row[1]) for row in (await connection.execute(query)).all()]
