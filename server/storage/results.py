"""The table `results`: the ledger, one row an episode, inserted once."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage import arrays
from server.storage.tables import results


class Key(NamedTuple):
    """What names an episode for ever."""

    run: str
    generation: int
    index: int  # type: ignore[assignment]  # hides a tuple's search method, which nobody misses
    phase: int
    episode: int


class Entry(NamedTuple):
    """An episode's result as it goes into the ledger. `digest`: 32 bytes; `seconds`: of the slot that played it."""

    key: Key
    score: float
    steps: int
    frames: int
    digest: bytes
    seconds: float
    engine_id: int
    submission: UUID
    worker: UUID


class Scored(NamedTuple):
    """A stored result, as selection reads it."""

    index: int  # type: ignore[assignment]  # hides a tuple's search method, which nobody misses
    phase: int
    episode: int
    score: float
    steps: int
    frames: int
    digest: bytes
    sequence: int
    late: bool


# One statement for the results of many requests. The runs' rows are locked, in the order of their ids: no run is
# deleted or closes a generation meanwhile. A closed generation takes further results only where they may come late,
# and an open generation's successor takes none.
INSERT = text(
    """
    WITH open AS (
        SELECT id, generation, configuration->>'algorithm' = 'block-free' AS open_ended
        FROM runs WHERE id = ANY(CAST(:runs AS text[])) AND state <> 'deleted' ORDER BY id FOR SHARE
    ), added AS (
        INSERT INTO results (run_id, generation, index, phase, episode, late, score, steps, frames, seconds, engine_id,
                             submission, worker, digest)
        SELECT open.id, entry.generation, entry.index, entry.phase, entry.episode, entry.generation < open.generation,
               entry.score, entry.steps, entry.frames, entry.seconds, entry.engine_id, entry.submission, entry.worker,
               entry.digest
        FROM unnest(:run_places, :generations, :indices, :phases, :episodes, :scores, :steps, :frames, :seconds,
                    :engine_ids, :submissions, :workers, :digests) WITH ORDINALITY
             AS entry(run_place, generation, index, phase, episode, score, steps, frames, seconds, engine_id,
                      submission, worker, digest, place)
        JOIN open ON open.id = (CAST(:runs AS text[]))[entry.run_place]
        WHERE entry.generation = open.generation OR (open.open_ended AND entry.generation < open.generation)
        ORDER BY entry.place
        ON CONFLICT DO NOTHING
        RETURNING run_id, generation, index, phase, episode, late
    )
    SELECT run_id, generation, late,
           array_send(array_agg(index)), array_send(array_agg(phase)), array_send(array_agg(episode))
    FROM added GROUP BY run_id, generation, late
    """
)


async def insert(connection: AsyncConnection, entries: Sequence[Entry]) -> dict[Key, bool]:
    """Adds the results that are missing or retracted. Gives the keys added, each with whether it came late."""
    rows = await connection.execute(
        INSERT,
        {
            **_pack_keys([entry.key for entry in entries]),
            "scores": arrays.float8(entry.score for entry in entries),
            "steps": arrays.int4(entry.steps for entry in entries),
            "frames": arrays.int4(entry.frames for entry in entries),
            "seconds": arrays.float8(entry.seconds for entry in entries),
            "engine_ids": arrays.int4(entry.engine_id for entry in entries),
            "submissions": arrays.uuid(entry.submission for entry in entries),
            "workers": arrays.uuid(entry.worker for entry in entries),
            "digests": arrays.digest([entry.digest for entry in entries]),
        },
    )
    added: dict[Key, bool] = {}
    for run, generation, late, *packed in rows:
        for index, phase, episode in zip(*map(arrays.unpack, packed), strict=True):
            added[Key(run, generation, index, phase, episode)] = late
    return added


# Adds what late results cost to their run, and counts them in their generation.
COUNT_LATE = text(
    """
    WITH counted AS (
        UPDATE generations SET late = late + :count WHERE run_id = :run AND number = :generation
    )
    UPDATE runs SET frames = frames + :frames, steps = steps + :steps WHERE id = :run
    """
)


async def count_late(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Counts late results of closed generations, in the transaction that added them."""
    for run, generation in sorted({(entry.key.run, entry.key.generation) for entry in entries}):
        late = [entry for entry in entries if entry.key.run == run and entry.key.generation == generation]
        frames, steps = sum(entry.frames for entry in late), sum(entry.steps for entry in late)
        values = {"run": run, "generation": generation, "count": len(late), "frames": frames, "steps": steps}
        await connection.execute(COUNT_LATE, values)


# Which of these episodes have a row.
STORED = text(
    """
    SELECT run_id, generation, index, phase, episode FROM results
    JOIN (
        SELECT (CAST(:runs AS text[]))[run_place] AS run_id, generation, index, phase, episode
        FROM unnest(:run_places, :generations, :indices, :phases, :episodes)
             AS asked(run_place, generation, index, phase, episode)
    ) AS asked USING (run_id, generation, index, phase, episode)
    WHERE NOT retracted
    """
)


async def stored(connection: AsyncConnection, keys: Sequence[Key]) -> set[Key]:
    """Which of the keys have a row."""
    return {Key(*row) for row in await connection.execute(STORED, _pack_keys(keys))} if keys else set()


def _pack_keys(keys: Sequence[Key]) -> dict[str, Any]:
    runs = sorted({key.run for key in keys})
    places = {run: place for place, run in enumerate(runs, 1)}
    return {
        "runs": runs,
        "run_places": arrays.int4(places[key.run] for key in keys),
        "generations": arrays.int4(key.generation for key in keys),
        "indices": arrays.int4(key.index for key in keys),
        "phases": arrays.int2(key.phase for key in keys),
        "episodes": arrays.int4(key.episode for key in keys),
    }


SCORED = [results.c[name] for name in Scored._fields]
COUNTS = ~results.c.retracted
"""Rows that are retracted stay for the record alone. The ledger's key is an index of the others."""


async def of_generation(connection: AsyncConnection, run: str, generation: int) -> list[Scored]:
    """All results of one generation, by index, phase and episode."""
    query = select(*SCORED).where(results.c.run_id == run, results.c.generation == generation, COUNTS)
    rows = await connection.execute(query.order_by(results.c.index, results.c.phase, results.c.episode))
    return [Scored(*row) for row in rows]


async def of_places(connection: AsyncConnection, run: str, places: Sequence[tuple[int, int]]) -> list[Scored]:
    """All results of the individuals at these (generation, index)."""
    query = select(*SCORED).where(
        results.c.run_id == run, tuple_(results.c.generation, results.c.index).in_(list(places)), COUNTS
    )
    return [Scored(*row) for row in await connection.execute(query)]


class Placed(NamedTuple):
    """A stored result with where it was played."""

    generation: int
    index: int  # type: ignore[assignment]  # hides a tuple's search method, which nobody misses
    phase: int
    episode: int
    score: float
    steps: int
    frames: int
    digest: bytes


async def at_places(connection: AsyncConnection, run: str, places: Sequence[tuple[int, int]]) -> list[Placed]:
    """All results of the individuals at these (generation, index), in the order of their keys."""
    columns = [results.c[name] for name in Placed._fields]
    query = select(*columns).where(
        results.c.run_id == run, tuple_(results.c.generation, results.c.index).in_(list(places)), COUNTS
    )
    return [Placed(*row) for row in await connection.execute(query.order_by(*columns[:4]))]


async def mark_late(connection: AsyncConnection, run: str, generation: int, after: int) -> int:
    """Flags the generation's results committed after the sequence number `after`. Gives their number."""
    statement = update(results).where(
        results.c.run_id == run, results.c.generation == generation, results.c.sequence > after, COUNTS
    )
    return int((await connection.execute(statement.values(late=True))).rowcount)


# Some results of a run that is being deleted. Either part has an index of its own.
REMOVE = text(
    """
    DELETE FROM results WHERE ctid IN (
        SELECT ctid FROM results WHERE run_id = :run AND NOT retracted
        UNION ALL SELECT ctid FROM results WHERE run_id = :run AND retracted
        LIMIT :limit
    )
    """
).bindparams(bindparam("run"), bindparam("limit"))


async def remove(connection: AsyncConnection, run: str, limit: int) -> int:
    """Removes up to `limit` results of the run. Gives how many."""
    removed: CursorResult[object] = await connection.execute(REMOVE, {"run": run, "limit": limit})
    return removed.rowcount
