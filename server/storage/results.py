"""The table `results`: the ledger, one row an episode, inserted once."""

from collections.abc import Collection, Sequence
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import CursorResult, bindparam, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from evolution.messages import EpisodeResult
from server.storage import arrays
from server.storage.tables import results

Key = tuple[int, int, int, int]
"""Names an episode of a run for ever: generation, index, phase, episode."""


class Delivery(NamedTuple):
    """Results as they go into the ledger, with what all of one submission have in common."""

    run: str
    engine_id: int
    submission: UUID
    worker: UUID
    results: Sequence[EpisodeResult]


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
               entry.score, entry.steps, entry.frames, entry.seconds, delivery.engine_id, delivery.submission,
               delivery.worker, entry.digest
        FROM unnest(:deliveries, :generations, :indices, :phases, :episodes, :scores, :steps, :frames, :seconds,
                    :digests) WITH ORDINALITY
             AS entry(delivery, generation, index, phase, episode, score, steps, frames, seconds, digest, place)
        JOIN unnest(CAST(:runs AS text[]), :engine_ids, :submissions, :workers) WITH ORDINALITY
             AS delivery(run, engine_id, submission, worker, place) ON delivery.place = entry.delivery
        JOIN open ON open.id = delivery.run
        WHERE entry.generation = open.generation OR (open.open_ended AND entry.generation < open.generation)
        ORDER BY entry.place
        ON CONFLICT DO NOTHING
        RETURNING run_id, generation, index, phase, episode, late, frames, steps
    )
    SELECT run_id, generation, late, sum(frames), sum(steps),
           array_send(array_agg(index)), array_send(array_agg(phase)), array_send(array_agg(episode))
    FROM added GROUP BY run_id, generation, late ORDER BY run_id, generation
    """
)
ROW = attrgetter("generation", "index", "phase", "episode", "score", "steps", "frames", "seconds", "digest")

# Adds what late results cost to their run, and counts them in their generation.
COUNT_LATE = text(
    """
    WITH counted AS (
        UPDATE generations SET late = late + :count WHERE run_id = :run AND number = :generation
    )
    UPDATE runs SET frames = frames + :frames, steps = steps + :steps WHERE id = :run
    """
)


async def insert(connection: AsyncConnection, deliveries: Sequence[Delivery]) -> dict[str, dict[Key, bool]]:
    """Adds the results that are missing or retracted, of several for one episode the first, and counts late ones.

    Gives the keys added, by run, each with whether it came late.
    """
    if not any(delivery.results for delivery in deliveries):
        return {}
    added: dict[str, dict[Key, bool]] = {}
    for run, generation, late, frames, steps, *packed in await connection.execute(INSERT, _pack(deliveries)):
        keys = list(zip(repeat(generation), *map(arrays.unpack, packed)))
        added.setdefault(run, {}).update(dict.fromkeys(keys, late))
        if late:
            values = {"run": run, "generation": generation, "count": len(keys), "frames": frames, "steps": steps}
            await connection.execute(COUNT_LATE, values)
    return added


def _pack(deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """What `INSERT` takes: the deliveries' columns, and the results', each with its delivery's number."""
    runs, engine_ids, submissions, workers, results = zip(*deliveries, strict=True)
    rows = map(ROW, chain.from_iterable(results))
    generations, indices, phases, episodes, scores, steps, frames, seconds, digests = zip(*rows, strict=True)
    numbers = np.repeat(np.arange(1, len(deliveries) + 1), [len(some) for some in results])
    return {
        "runs": list(runs),
        "engine_ids": arrays.int4(engine_ids),
        "submissions": arrays.uuid(submissions),
        "workers": arrays.uuid(workers),
        "deliveries": arrays.int4(numbers),
        "generations": arrays.int4(generations),
        "indices": arrays.int4(indices),
        "phases": arrays.int2(phases),
        "episodes": arrays.int4(episodes),
        "scores": arrays.float8(scores),
        "steps": arrays.int4(steps),
        "frames": arrays.int4(frames),
        "seconds": arrays.float8(seconds),
        "digests": arrays.digest(digests),
    }


# Which of these episodes have a row.
STORED = text(
    """
    SELECT generation, index, phase, episode FROM results
    JOIN unnest(:generations, :indices, :phases, :episodes) AS asked(generation, index, phase, episode)
         USING (generation, index, phase, episode)
    WHERE run_id = :run AND NOT retracted
    """
)


async def stored(connection: AsyncConnection, run: str, keys: Collection[Key]) -> set[Key]:
    """Which of the run's episodes have a row."""
    if not keys:
        return set()
    generations, indices, phases, episodes = zip(*keys, strict=True)
    values = {
        "run": run,
        "generations": arrays.int4(generations),
        "indices": arrays.int4(indices),
        "phases": arrays.int2(phases),
        "episodes": arrays.int4(episodes),
    }
    return {tuple(row) for row in await connection.execute(STORED, values)}


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
