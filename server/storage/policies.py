"""The tables `policies` and `policy_births`: the library. Lists read no chains, which may be long."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, String, any_, delete, func, literal, or_, select, text, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from evolution.lineage import Birth
from server.storage.tables import policies, policy_births, runs, unwanted_policies

SortKey = Literal["mean", "normalised", "created_at", "length", "name"]


@dataclass(frozen=True)
class PolicyRow:
    """A policy in a list. Columns as in `tables.policies`; run, its name, generation and index: its first birth."""

    id: str
    name: str
    environment: dict[str, Any]
    architecture: dict[str, Any]
    format: str
    length: int
    origin: Literal["run", "imported", "shipped"]
    tags: list[str]
    score: dict[str, Any] | None
    mean: float
    normalised: float
    created_at: datetime
    run: str | None
    run_name: str | None
    generation: int | None
    index: int | None

    @property
    def birth(self) -> Birth | None:
        """Where its run bred it; None if no run that is still there did."""
        return None if self.generation is None or self.index is None else Birth(self.generation, self.index)


class Insides(NamedTuple):
    """What lists leave out: see `tables.policies`."""

    document: dict[str, Any]
    scores: list[dict[str, Any]]
    parameters_sha256: str | None


@dataclass(frozen=True)
class Wish:
    """Which policies a list shall have. `search`: a part of name, environment or tag, or the beginning of an id."""

    environment: str | None = None
    origin: str | None = None
    run: str | None = None
    tag: str | None = None
    search: str | None = None
    sort: SortKey = "mean"
    descending: bool = True


class Pooled(NamedTuple):
    """A phase's scores over all generations in which a policy played."""

    phase: int
    n: int
    mean: float
    sd: float | None
    distinct: int


class Elite(NamedTuple):
    """An elite that is not in the library yet, as its run's generations have it."""

    run: str
    birth: Birth
    seeds: list[int]
    closed_at: datetime


BRIEF = [
    policies.c[name]
    for name in (
        *("id", "name", "environment", "architecture", "format", "length", "origin", "tags", "score", "mean"),
        *("normalised", "created_at"),
    )
]


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """A new policy; one that is there already stays as it is. Gives whether it is new."""
    statement = insert(policies).values(**values).on_conflict_do_nothing().returning(policies.c.id)
    return (await connection.execute(statement)).first() is not None


async def add_birth(connection: AsyncConnection, run: str, birth: Birth, policy: str) -> None:
    """Where a run bred a policy of the library."""
    values = {"run_id": run, "generation": birth.generation, "index": birth.index, "policy_id": policy}
    await connection.execute(insert(policy_births).values(**values).on_conflict_do_nothing())


async def find(connection: AsyncConnection, id: str) -> PolicyRow | None:
    """The policy with this id."""
    query = shown(select(*BRIEF).where(policies.c.id == id))
    return next((PolicyRow(**row) for row in (await connection.execute(query)).mappings()), None)


async def beginning_with(connection: AsyncConnection, prefix: str) -> list[str]:
    """Ids that begin so: two at most, since more than one is too many."""
    query = select(policies.c.id).where(policies.c.id >= prefix, policies.c.id <= prefix + "g").limit(2)
    return list(await connection.scalars(query))


async def insides(connection: AsyncConnection, id: str) -> Insides | None:
    """Document, stored scores and fingerprint of a policy."""
    query = select(policies.c.document, policies.c.scores, policies.c.parameters_sha256).where(policies.c.id == id)
    return next((Insides(*row) for row in await connection.execute(query)), None)


async def documents(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Id to document, of those that are there."""
    query = select(policies.c.id, policies.c.document).where(policies.c.id.in_(ids))
    return {row[0]: row[1] for row in await connection.execute(query)}


def page_query(wish: Wish, after: tuple[Any, str] | None, limit: int) -> Select[Any]:
    """Up to `limit` policies in the wished order, those beyond `after` (sort key, id)."""
    key = policies.c[wish.sort]
    query = select(*BRIEF).where(*conditions(wish))
    if after is not None:
        place = tuple_(literal(after[0], key.type), literal(after[1], policies.c.id.type))
        query = query.where(
            tuple_(key, policies.c.id) < place if wish.descending else tuple_(key, policies.c.id) > place
        )
    order = (key.desc(), policies.c.id.desc()) if wish.descending else (key, policies.c.id)
    return shown(query.order_by(*order).limit(limit), wish)


async def page(connection: AsyncConnection, wish: Wish, after: tuple[Any, str] | None, limit: int) -> list[PolicyRow]:
    """As `page_query`."""
    return [PolicyRow(**row) for row in (await connection.execute(page_query(wish, after, limit))).mappings()]


def conditions(wish: Wish) -> list[Any]:
    """What a policy of the wished list fulfils."""
    found: list[Any] = []
    if wish.environment is not None:
        found.append(policies.c.environment_id == wish.environment)
    if wish.origin is not None:
        found.append(policies.c.origin == wish.origin)
    if wish.run is not None:
        bred = select(policy_births.c.policy_id).where(policy_births.c.run_id == wish.run)
        found.append(policies.c.id.in_(bred))
    if wish.tag is not None:
        found.append(literal(wish.tag, String) == any_(policies.c.tags))
    if wish.search:
        term = wish.search.lower()
        words = policies.c.name + " " + policies.c.environment_id + " " + func.array_to_string(policies.c.tags, " ")
        found.append(or_(func.strpos(func.lower(words), term) > 0, func.starts_with(policies.c.id, term)))
    return found


def shown(query: Select[Any], wish: Wish | None = None) -> Select[Any]:
    """The policies of `query` with where they were bred first (of a run's list: there), in its order."""
    found = query.subquery("found")
    births = select(policy_births).where(policy_births.c.policy_id == found.c.id)
    if wish and wish.run is not None:
        births = births.where(policy_births.c.run_id == wish.run)
    first = births.order_by(policy_births.c.run_id, policy_births.c.generation).limit(1).lateral("birth")
    whole = select(
        found, first.c.run_id.label("run"), runs.c.name.label("run_name"), first.c.generation, first.c.index
    ).select_from(found.outerjoin(first, true()).outerjoin(runs, runs.c.id == first.c.run_id))
    if wish is None:
        return whole
    key = found.c[wish.sort]
    return whole.order_by(*((key.desc(), found.c.id.desc()) if wish.descending else (key, found.c.id)))


async def change(connection: AsyncConnection, id: str, values: Mapping[str, Any]) -> bool:
    """Sets columns of one policy. Gives whether it is there."""
    statement = update(policies).where(policies.c.id == id).values(**values).returning(policies.c.id)
    return (await connection.execute(statement)).first() is not None


async def remove(connection: AsyncConnection, id: str) -> None:
    """Takes a policy out of the library."""
    await connection.execute(delete(policies).where(policies.c.id == id))


async def refuse(connection: AsyncConnection, id: str) -> None:
    """The policy came with the product and shall not come back."""
    await connection.execute(insert(unwanted_policies).values(id=id).on_conflict_do_nothing())


async def refused(connection: AsyncConnection) -> set[str]:
    """Policies that came with the product and shall not come back."""
    return set(await connection.scalars(select(unwanted_policies.c.id)))


# What a policy scored wherever its run validated or tested it.
POOL = text(
    """
    SELECT phase, count(*), avg(score), stddev_samp(score), count(DISTINCT digest)
    FROM candidates JOIN results USING (run_id, generation, index)
    WHERE run_id = :run AND born_generation = :generation AND born_index = :index AND phase > 0
          AND NOT retracted
    GROUP BY phase
    """
)


async def pool(connection: AsyncConnection, run: str, birth: Birth) -> dict[int, Pooled]:
    """Phase to scores, of one individual of a run."""
    values = {"run": run, "generation": birth.generation, "index": birth.index}
    return {row[0]: Pooled(*row) for row in await connection.execute(POOL, values)}


# Elites of closed generations that nobody has put into the library yet, each as its first generation has it.
MISSING = text(
    """
    SELECT run_id, elite_born_generation, elite_born_index, elite_seeds, closed_at
    FROM (
        SELECT run_id, min(number) AS number FROM generations JOIN runs ON runs.id = run_id AND state <> 'deleted'
        WHERE NOT EXISTS (
            SELECT FROM policy_births
            WHERE policy_births.run_id = generations.run_id AND policy_births.generation = elite_born_generation
                  AND policy_births.index = elite_born_index
        )
        GROUP BY run_id, elite_born_generation, elite_born_index
        ORDER BY run_id, number LIMIT :limit
    ) AS first
    JOIN generations USING (run_id, number)
    ORDER BY run_id, number
    """
)


async def missing(connection: AsyncConnection, limit: int) -> list[Elite]:
    """Up to `limit` elites that are not in the library."""
    rows = await connection.execute(MISSING, {"limit": limit})
    return [Elite(row[0], Birth(row[1], row[2]), list(row[3]), row[4]) for row in rows]


async def bred_by(connection: AsyncConnection, run: str) -> dict[Birth, str]:
    """Birth to id, of the policies that the run bred."""
    query = select(policy_births.c.generation, policy_births.c.index, policy_births.c.policy_id)
    rows = await connection.execute(query.where(policy_births.c.run_id == run))
    return {Birth(row[0], row[1]): row[2] for row in rows}


async def bred_in(connection: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    """Policy to a run that bred it, of those that one did."""
    query = select(policy_births.c.policy_id, func.min(policy_births.c.run_id)).group_by(policy_births.c.policy_id)
    return {row[0]: row[1] for row in await connection.execute(query.where(policy_births.c.policy_id.in_(ids)))}


# Policies of a run that stay in the library when it is deleted, but whose scores no other run's ledger has.
STAYING = text(
    """
    SELECT policy_id, generation, index FROM policy_births AS birth JOIN policies ON policies.id = policy_id
    WHERE run_id = :run AND (origin <> 'run' OR tags <> '{}')
          AND NOT EXISTS (SELECT FROM policy_births WHERE policy_id = birth.policy_id AND run_id <> birth.run_id)
    """
)


async def staying(connection: AsyncConnection, run: str) -> dict[str, Birth]:
    """Id to birth, of those policies of the run that stay when it goes, and whose episodes would go with it."""
    return {row[0]: Birth(row[1], row[2]) for row in await connection.execute(STAYING, {"run": run})}


# What only this run bred and nobody tagged or imported goes with it.
LEAVE = text(
    """
    DELETE FROM policies WHERE id = ANY(:ids) AND origin = 'run' AND tags = '{}'
           AND NOT EXISTS (SELECT FROM policy_births WHERE policy_id = policies.id)
    """
)


async def leave(connection: AsyncConnection, run: str) -> None:
    """The run is deleted: its births go, and the policies that were in the library for their sake alone."""
    gone = delete(policy_births).where(policy_births.c.run_id == run).returning(policy_births.c.policy_id)
    ids = list(await connection.scalars(gone))
    if ids:
        await connection.execute(LEAVE, {"ids": ids})
