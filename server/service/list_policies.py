"""Pages of the library, and what they can be narrowed to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from server.policy_views import Facet, PolicyFacets, PolicySummary
from server.service.memory import Memory
from server.service.names import short_id
from server.service.pages import read_cursor, read_moment, unreadable, write_cursor
from server.service.policy_views import summarize_policy
from server.storage import facets, policies, rollouts
from server.storage.policies import PolicyRow, SortKey, Wish
from server.views import Page

Sort = Literal["score", "normalised", "created", "length", "name"]
OriginKind = Literal["run", "imported", "shipped"]

KEYS: dict[Sort, SortKey] = {
    "score": "mean",
    "normalised": "normalised",
    "created": "created_at",
    "length": "length",
    "name": "name",
}
READERS: dict[Sort, Callable[[str], Any]] = {
    "score": float,
    "normalised": float,
    "created": read_moment,
    "length": int,
    "name": str,
}
"""How a cursor's text is the place of a page's last policy."""


@dataclass(frozen=True)
class PolicyFilter:
    """What is asked for. `run`: id or slug; `search`: in names, environments and tags, or an id's beginning."""

    environment: str | None = None
    origin: OriginKind | None = None
    run: str | None = None
    tag: str | None = None
    search: str | None = None
    sort: Sort = "score"
    descending: bool = True


async def list_policies(memory: Memory, asked: PolicyFilter, cursor: str | None, limit: int) -> Page[PolicySummary]:
    """Policies of the library; without a score they come after all others, or before, by the order.

    Raises:
        InvalidConfiguration: the cursor is not of this list in this order.
    """
    after = _place(asked, cursor)
    wish = _wish(asked)
    async with memory.storage.reading() as connection:
        rows = await policies.page(connection, wish, after, limit + 1)
        recorded = await rollouts.of_policies(connection, [row.id for row in rows[:limit]])
    items = [summarize_policy(row, recorded[row.id]) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursor(asked, rows[limit - 1]) if len(rows) > limit else None)


async def count_policies(memory: Memory, asked: PolicyFilter) -> PolicyFacets:
    """What the list can be narrowed to."""
    async with memory.storage.reading() as connection:
        counted = await facets.count(connection, _wish(asked))
    kinds = {kind: [Facet.model_validate(vars(row)) for row in rows] for kind, rows in counted.kinds.items()}
    return PolicyFacets(total=counted.total, **kinds)


def _wish(asked: PolicyFilter) -> Wish:
    return Wish(
        environment=_sayable(asked.environment),
        origin=asked.origin,
        run=None if asked.run is None else short_id(_sayable(asked.run) or ""),
        tag=_sayable(asked.tag),
        search=_sayable(asked.search),
        sort=KEYS[asked.sort],
        descending=asked.descending,
    )


def _sayable(text: str | None) -> str | None:
    """The text without NUL, which Postgres knows not and so no policy has."""
    return None if text is None else text.replace("\0", "\ufffd")


def _cursor(asked: PolicyFilter, row: PolicyRow) -> str:
    key = getattr(row, KEYS[asked.sort])
    place = key.isoformat() if asked.sort == "created" else str(key)
    return write_cursor(asked.sort, _order(asked), place, row.id)


def _place(asked: PolicyFilter, cursor: str | None) -> tuple[Any, str] | None:
    parts = read_cursor(cursor, str, str, str, str)
    if parts is None:
        return None
    if parts[:2] != (asked.sort, _order(asked)):
        raise unreadable()
    try:
        place = READERS[asked.sort](parts[2])
    except ValueError as error:
        raise unreadable() from error
    if isinstance(place, int) and not 0 <= place < 2**31:
        raise unreadable()
    return place, parts[3]


def _order(asked: PolicyFilter) -> str:
    return "desc" if asked.descending else "asc"
