"""How many policies of the library have each environment, origin, run and tag."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, Text, cast, func, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.policies import Wish, conditions
from server.storage.tables import policies, policy_births, runs

MOST = 200
"""Values of one kind: more are no choice for people, who can search."""


@dataclass(frozen=True)
class Tally:
    """A value, its name where it has one, and how many policies have it."""

    value: str
    name: str | None
    count: int


@dataclass(frozen=True)
class Counted:
    """`total`: policies of the wished list; `kinds`: environments, origins, runs, tags."""

    total: int
    kinds: dict[str, list[Tally]]


async def count(connection: AsyncConnection, wish: Wish) -> Counted:
    """Each kind is counted under all conditions but its own, so that it tells what another choice would give."""
    kinds = {
        "environments": _by_column(policies.c.environment_id, replace(wish, environment=None)),
        "origins": _by_column(policies.c.origin, replace(wish, origin=None)),
        "runs": by_run(replace(wish, run=None)),
        "tags": _by_tag(replace(wish, tag=None)),
    }
    total = await connection.scalar(select(func.count()).select_from(policies).where(*conditions(wish)))
    return Counted(
        total or 0,
        {kind: [Tally(*row) for row in await connection.execute(query)] for kind, query in kinds.items()},
    )


def _by_column(column: Any, wish: Wish) -> Select[Any]:
    number = func.count()
    query = select(column, cast(null(), Text), number).where(*conditions(wish))
    return query.group_by(column).order_by(number.desc(), column).limit(MOST)


def _by_tag(wish: Wish) -> Select[Any]:
    tags = select(func.unnest(policies.c.tags).label("tag")).where(*conditions(wish)).subquery()
    number = func.count()
    query = select(tags.c.tag, cast(null(), Text), number).group_by(tags.c.tag)
    return query.order_by(number.desc(), tags.c.tag).limit(MOST)


def by_run(wish: Wish) -> Select[Any]:
    """The newest runs that bred policies; a policy that two runs bred counts for both, one bred twice in a run once."""
    found = select(policies.c.id).where(*conditions(wish)).subquery()
    number = func.count(policy_births.c.policy_id.distinct())
    query = select(runs.c.id, runs.c.name, number).select_from(policy_births)
    query = query.join(found, found.c.id == policy_births.c.policy_id).join(runs, runs.c.id == policy_births.c.run_id)
    return query.group_by(runs.c.id, runs.c.name, runs.c.created_at).order_by(runs.c.created_at.desc()).limit(MOST)
