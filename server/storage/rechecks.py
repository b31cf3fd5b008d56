"""The table `rechecks`, and what of the ledger is held against it: who says that what came of an episode."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage import arrays
from server.storage.check_tables import rechecks
from server.storage.results import Delivery
from server.storage.tables import results


class Place(NamedTuple):
    """An episode's key within its generation."""

    index: int  # type: ignore[assignment]  # hides a tuple's search method, which nobody misses
    phase: int
    episode: int


class Finding(NamedTuple):
    """What came of an episode, which must be the same whoever plays it. `digest`: 32 bytes."""

    score: float
    steps: int
    frames: int
    digest: bytes


class Testimony(NamedTuple):
    """A worker's word on an episode."""

    place: Place
    worker: UUID
    finding: Finding


async def insert(connection: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
    """Adds evaluations of episodes that have a row in the ledger. A worker's first word on an episode stays."""
    rows = [
        {
            **result.model_dump(),
            "digest": bytes.fromhex(result.digest),
            "run_id": delivery.run,
            "submission": delivery.submission,
            "worker": delivery.worker,
        }
        for delivery in deliveries
        for result in delivery.results
    ]
    if rows:
        await connection.execute(upsert(rechecks).values(rows).on_conflict_do_nothing())


async def of_generation(connection: AsyncConnection, run: str, generation: int) -> list[Testimony]:
    """All of one generation that count."""
    table = rechecks.c
    columns = [table[name] for name in (*Place._fields, "worker", *Finding._fields)]
    query = select(*columns).where(table.run_id == run, table.generation == generation, ~table.retracted)
    return [_testimony(*row) for row in await connection.execute(query)]


# Rows of the ledger at given places.
AUTHORS = text(
    """
    SELECT index, phase, episode, worker, score, steps, frames, digest FROM results
    JOIN unnest(:indices, :phases, :episodes) AS asked(index, phase, episode) USING (index, phase, episode)
    WHERE run_id = :run AND generation = :generation AND NOT retracted
    """
)


async def authors(
    connection: AsyncConnection, run: str, generation: int, places: Sequence[Place]
) -> dict[Place, Testimony]:
    """The ledger's word on each of these episodes."""
    values = {
        "run": run,
        "generation": generation,
        "indices": arrays.int4(place.index for place in places),
        "phases": arrays.int2(place.phase for place in places),
        "episodes": arrays.int4(place.episode for place in places),
    }
    found = [_testimony(*row) for row in await connection.execute(AUTHORS, values)]
    return {testimony.place: testimony for testimony in found}


# One row of the ledger of each worker that played before tests, as chance would have it.
SAMPLES = text(
    """
    SELECT DISTINCT ON (worker) index, phase, episode, worker, score, steps, frames, digest FROM results
    WHERE run_id = :run AND generation = :generation AND NOT retracted AND phase < 2
    ORDER BY worker, md5(concat_ws(' ', CAST(:salt AS text), index, phase, episode))
    """
)


async def samples(connection: AsyncConnection, run: str, generation: int, salt: str) -> list[Testimony]:
    """One result of each worker, chosen by `salt` alone, in the order of the workers' ids."""
    rows = await connection.execute(SAMPLES, {"run": run, "generation": generation, "salt": salt})
    return [_testimony(*row) for row in rows]


async def count_retracted(connection: AsyncConnection, run: str, generation: int) -> int:
    """How many rows of the generation were retracted."""
    table = results.c
    query = select(func.count()).where(table.run_id == run, table.generation == generation, table.retracted)
    return int((await connection.execute(query)).scalar_one())


# What follows from a retracted episode: who plays in the later phases.
RETRACT = text(
    """
    UPDATE results SET retracted = true
    WHERE run_id = :run AND generation = :generation AND NOT retracted AND (worker = ANY(:workers) OR phase > (
        SELECT min(phase) FROM results
        WHERE run_id = :run AND generation = :generation AND NOT retracted AND worker = ANY(:workers)
    ))
    """
)


async def retract(connection: AsyncConnection, run: str, generation: int, workers: Sequence[UUID]) -> int:
    """Marks the workers' rows of the generation, and what was played on them. Gives how many rows of the ledger."""
    values = {"run": run, "generation": generation, "workers": arrays.uuid(workers)}
    retracted = (await connection.execute(RETRACT, values)).rowcount
    table = rechecks.c
    theirs = (table.run_id == run, table.generation == generation, table.worker.in_(list(workers)), ~table.retracted)
    await connection.execute(update(rechecks).where(*theirs).values(retracted=True))
    return int(retracted)


async def remove(connection: AsyncConnection, run: str) -> None:
    """Of a run that is being deleted."""
    await connection.execute(delete(rechecks).where(rechecks.c.run_id == run))


def _testimony(
    index: int, phase: int, episode: int, worker: UUID, score: float, steps: int, frames: int, digest: bytes
) -> Testimony:
    return Testimony(Place(index, phase, episode), worker, Finding(score, steps, frames, digest))
