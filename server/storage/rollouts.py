"""The table `rollouts`: recorded episodes, and those to be recorded. Lists read no actions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.tables import engines, policies, rollouts, videos

verifiers = engines.alias("verifiers")
VERIFIED = ("verified_at", "verified_engine_id", "verified_problem")
"""Columns of a verification: it holds of the actions that are stored then."""

HIDDEN = {"actions", "engine_id", "verified_engine_id", "tended"}


@dataclass(frozen=True)
class RolloutRow:
    """A rollout as listed. Columns as in `tables.rollouts`; engines by name; `video`, `poster`: whether stored."""

    id: str
    policy: str
    seed: int
    label: str
    state: str
    problem: str | None
    score: float | None
    steps: int | None
    frames: int | None
    digest: bytes | None
    created_at: datetime
    engine: str | None
    verified_at: datetime | None
    verified_engine: str | None
    verified_problem: str | None
    environment: dict[str, Any]
    policy_origin: str
    policy_mean: float
    video: bool
    poster: bool


WHOLE = (
    select(
        *(column for column in rollouts.c if column.name not in HIDDEN),
        engines.c.name.label("engine"),
        verifiers.c.name.label("verified_engine"),
        policies.c.environment,
        policies.c.origin.label("policy_origin"),
        policies.c.mean.label("policy_mean"),
        (func.coalesce(videos.c.size, 0) > 0).label("video"),
        videos.c.poster.is_not(None).label("poster"),
    )
    .select_from(
        rollouts.join(policies)
        .outerjoin(engines, engines.c.id == rollouts.c.engine_id)
        .outerjoin(verifiers, verifiers.c.id == rollouts.c.verified_engine_id)
        .outerjoin(videos)
    )
    .order_by(rollouts.c.created_at, rollouts.c.id)
)

UNRECORDED = select(policies.c.id, policies.c.document).where(
    ~select(rollouts.c.id).where(rollouts.c.policy == policies.c.id).exists()
)


async def add(connection: AsyncConnection, values: Sequence[Mapping[str, Any]]) -> set[str]:
    """New rollouts; of those whose policy and seed there are already, nothing. Gives the ids that were added."""
    if not values:
        return set()
    statement = insert(rollouts).values(list(values)).on_conflict_do_nothing().returning(rollouts.c.id)
    return set(await connection.scalars(statement))


async def find(connection: AsyncConnection, id: str) -> RolloutRow | None:
    """The rollout with this id."""
    return await _first(connection, WHOLE.where(rollouts.c.id == id))


async def lock(connection: AsyncConnection, id: str) -> None:
    """One transaction after the other may open a job for the rollout."""
    await connection.execute(select(rollouts.c.id).where(rollouts.c.id == id).with_for_update())


async def find_episode(connection: AsyncConnection, policy: str, seed: int) -> RolloutRow | None:
    """The policy's rollout of this episode."""
    return await _first(connection, WHOLE.where(rollouts.c.policy == policy, rollouts.c.seed == seed))


async def _first(connection: AsyncConnection, query: Select[Any]) -> RolloutRow | None:
    return next((RolloutRow(**row) for row in (await connection.execute(query)).mappings()), None)


async def of_policies(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[RolloutRow]]:
    """Policy to its rollouts, oldest first; every policy asked for is named."""
    found: dict[str, list[RolloutRow]] = {id: [] for id in ids}
    for row in (await connection.execute(WHOLE.where(rollouts.c.policy.in_(ids)))).mappings():
        found[row["policy"]].append(RolloutRow(**row))
    return found


async def actions(connection: AsyncConnection, id: str) -> bytes | None:
    """What was chosen in it; None before it was recorded."""
    return await connection.scalar(select(rollouts.c.actions).where(rollouts.c.id == id))


async def change(connection: AsyncConnection, id: str, values: Mapping[str, Any]) -> None:
    """Sets columns of one rollout."""
    await connection.execute(update(rollouts).where(rollouts.c.id == id).values(**values))


async def shipped_without(
    connection: AsyncConnection,
) -> list[tuple[str, dict[str, Any], list[dict[str, Any]], float]]:
    """(id, document, scores, mean score) of the policies that came with the product and were never recorded, the best
    first."""
    query = UNRECORDED.add_columns(policies.c.scores, policies.c.mean).where(policies.c.origin == "shipped")
    query = query.order_by(policies.c.mean.desc(), policies.c.id)
    return [(row[0], row[1], row[2], row[3]) for row in await connection.execute(query)]


# Looked at once each, however large the library is.
BROUGHT = text(
    """
    UPDATE policies SET tended = true
    WHERE id IN (
        SELECT id FROM policies WHERE origin = 'imported' AND NOT tended AND environment_id = ANY(:environments)
        ORDER BY created_at DESC, id LIMIT :limit
    )
    RETURNING id, document, created_at, EXISTS (SELECT FROM rollouts WHERE policy = policies.id)
    """
)
UNPICTURED = text(
    """
    UPDATE rollouts SET tended = true
    WHERE id IN (
        SELECT rollouts.id FROM rollouts JOIN policies ON policies.id = policy
        WHERE state = 'recorded' AND problem IS NULL AND NOT rollouts.tended
              AND environment_id = ANY(:environments) AND rollouts.id <> ALL(:awaited)
              AND NOT EXISTS (SELECT FROM jobs WHERE rollout_id = rollouts.id AND kind = 'recording' AND state = 'open')
        ORDER BY rollouts.created_at DESC LIMIT :limit
    )
    RETURNING id
    """
)


async def take_brought(
    connection: AsyncConnection, environments: Collection[str], limit: int
) -> list[tuple[str, dict[str, Any]]]:
    """(id, document) of policies that people brought and that were never recorded, the newest first: each is given
    once.

    `environments`: ids; of others none is given. `limit`: of those that are looked at.
    """
    rows = await connection.execute(BROUGHT, {"environments": list(environments), "limit": limit})
    found = sorted((row for row in rows if not row[3]), key=lambda row: row[2], reverse=True)
    return [(row[0], row[1]) for row in found]


async def take_unpictured(
    connection: AsyncConnection, environments: Collection[str], awaited: Collection[str], limit: int
) -> list[tuple[RolloutRow, dict[str, Any]]]:
    """Up to `limit` recorded episodes, each with its policy's document, whose poster never came and is not being made,
    newest first: each is given once.

    `environments`: ids; of others none is given. `awaited`: rollouts whose poster may be on its way.
    """
    values = {"environments": list(environments), "awaited": list(awaited), "limit": limit}
    taken = list(await connection.scalars(UNPICTURED, values))
    query = select(*WHOLE.selected_columns, policies.c.document).select_from(*WHOLE.get_final_froms())
    query = query.where(rollouts.c.id.in_(taken)).order_by(rollouts.c.created_at.desc())
    found = (await connection.execute(query)).mappings()
    return [(RolloutRow(**{name: row[name] for name in row if name != "document"}), row["document"]) for row in found]
