"""Descent: what chains share, and what an elite's ancestors scored."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import Any

from evolution.lineage import Birth, Lineage
from server.policy_views import Ancestor, LineageNode
from server.service.load_run import find_run
from server.service.memory import Memory
from server.service.pages import read_cursor, unreadable, write_cursor
from server.service.show_policy import find_policy
from server.storage import descent, policies
from server.views import Page, ScoreSummary

Step = tuple[int, float | None]
"""A seed, and the power of its mutation; of a first seed that is none, None."""
Members = list[tuple[str, list[Step]]]
"""Id and whole chain of each policy."""


async def trace_lineage(memory: Memory, ids: Sequence[str]) -> list[LineageNode]:
    """The tree of the beginnings that these policies' chains share: parents before children, roots without a parent.

    Only chains of one format and architecture share anything.

    Raises:
        NotFound, AmbiguousPolicy: one of them.
    """
    async with memory.storage.reading() as connection:
        found = {row.id: insides.document for row, insides in [await find_policy(connection, id) for id in ids]}
    return await asyncio.to_thread(build_tree, found)


def build_tree(documents: Mapping[str, Mapping[str, Any]]) -> list[LineageNode]:
    """The tree of policies' documents, by id."""
    families: dict[tuple[str, str, Step], Members] = {}
    for id, document in documents.items():
        steps = _steps(document)
        kind = json.dumps(document["architecture"], sort_keys=True)
        families.setdefault((document["format"], kind, steps[0]), []).append((id, steps))
    nodes: list[LineageNode] = []
    for members in families.values():
        _grow(nodes, None, members, 1)
    return nodes


def _steps(document: Mapping[str, Any]) -> list[Step]:
    seeds, power = document["seeds"], document["power"]
    powers = power if isinstance(power, list) else [power] * (len(seeds) - 1)
    # Where a format has one power for each seed, its first seed is a mutation too.
    unmutated: list[float | None] = [None] * (len(seeds) - len(powers))
    return list(zip(seeds, [*unmutated, *powers], strict=True))


def _grow(nodes: list[LineageNode], parent: int | None, members: Members, length: int) -> None:
    """Adds the node at the end of what `members` share, who share `length` steps at least, and those below it."""
    _, first = members[0]
    shared = sum(1 for _ in takewhile(lambda place: _agree(members, first, place), range(length, len(first)))) + length
    place = len(nodes)
    nodes.append(
        LineageNode(parent=parent, length=shared, policies=[id for id, steps in members if len(steps) == shared])
    )
    branches: dict[Step, Members] = {}
    for id, steps in members:
        if len(steps) > shared:
            branches.setdefault(steps[shared], []).append((id, steps))
    for branch in branches.values():
        _grow(nodes, place, branch, shared + 1)


def _agree(members: Members, first: list[Step], place: int) -> bool:
    return all(len(steps) > place and steps[place] == first[place] for _, steps in members)


async def list_ancestors(memory: Memory, id: str, cursor: str | None, limit: int) -> Page[Ancestor]:
    """The policy and those that it descends from, newest first; nothing if no run that is still there bred it.

    Raises:
        NotFound, AmbiguousPolicy, InvalidConfiguration (the cursor).
    """
    (start,) = read_cursor(cursor, int) or (0,)
    if start < 0:
        raise unreadable()
    async with memory.storage.reading() as connection:
        row, _ = await find_policy(connection, id)
    if row.run is None or row.birth is None:
        return Page(items=[])
    run = await find_run(memory, row.run)
    births = await asyncio.to_thread(_descend, run.lineage, row.birth, start, limit + 1)
    more = len(births) > limit
    items = await _view_births(memory, row.run, births[:limit])
    return Page(items=items, next_cursor=write_cursor(start + limit) if more else None)


async def _view_births(memory: Memory, run: str, births: list[Birth]) -> list[Ancestor]:
    async with memory.storage.reading() as connection:
        fitness = await descent.fitness(connection, run, births)
        validations = await descent.validations(connection, run, births)
        kept = await policies.bred_by(connection, run)
    return [
        Ancestor(
            generation=birth.generation,
            index=birth.index,
            fitness=fitness.get(birth),
            validation=ScoreSummary(**validations[birth]._asdict()) if birth in validations else None,
            policy=kept.get(birth),
        )
        for birth in births
    ]


def _descend(lineage: Lineage, birth: Birth, start: int, most: int) -> list[Birth]:
    """Up to `most` of the line of descent, without the `start` newest."""
    return list(islice(_line(lineage, birth), start, start + most))


def _line(lineage: Lineage, birth: Birth | None) -> Iterator[Birth]:
    while birth:
        yield birth
        birth = lineage.parent(*birth)
