"""The table `runs`: one row an experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Double,
    Integer,
    Text,
    bindparam,
    delete,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.costs import Spent
from server.storage.tables import engines, runs

ACTIVE_STATES = ("waiting", "running", "paused")
"""Of runs that may still go on."""


@dataclass(frozen=True)
class RunRow:
    """A run as stored. Columns as in `tables.runs`; `engine` is the engine's name."""

    id: str
    name: str
    state: str
    state_reason: str | None
    configuration: dict[str, Any]
    architecture: dict[str, Any] | None
    description: dict[str, Any] | None
    engine_id: int | None
    preset: str | None
    cloned_from: str | None
    generation: int
    frames: int
    steps: int
    open_frames: int
    open_steps: int
    active_seconds: float
    unpriced_seconds: float
    paid: float
    best: float | None
    best_elite: dict[str, Any] | None
    mean: float | None
    elite: dict[str, Any] | None
    sparkline: list[float]
    created_at: datetime
    finished_at: datetime | None
    engine: str | None

    @property
    def spent(self) -> Spent:
        """What it had spent by its last close, or by its stop."""
        return Spent(self.unpriced_seconds, self.paid)


@dataclass(frozen=True)
class Meter:
    """What a run has used so far, for display: see `tables.runs`."""

    run: str
    generation: int
    open_frames: int
    open_steps: int
    active_seconds: float


WHOLE = select(*runs.c, engines.c.name.label("engine")).select_from(runs.outerjoin(engines))


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """A new run; False, and nothing is stored, if its id is taken, be it by a run that is being deleted."""
    added = insert(runs).values(**values).on_conflict_do_nothing(index_elements=["id"]).returning(runs.c.id)
    return (await connection.execute(added)).first() is not None


async def find(connection: AsyncConnection, id: str) -> RunRow | None:
    """The run, unless it was deleted."""
    found = await connection.execute(WHOLE.where(runs.c.id == id, runs.c.state != "deleted"))
    return next((RunRow(**row) for row in found.mappings()), None)


async def lock(connection: AsyncConnection, id: str) -> RunRow | None:
    """The run, its row locked against results, closing and changes until the transaction ends."""
    locked = await connection.execute(select(runs.c.id).where(runs.c.id == id).with_for_update())
    return None if locked.first() is None else await find(connection, id)


async def active(connection: AsyncConnection) -> list[RunRow]:
    """All runs that may still go on, oldest first."""
    rows = await connection.execute(WHOLE.where(runs.c.state.in_(ACTIVE_STATES)).order_by(runs.c.created_at, runs.c.id))
    return [RunRow(**row) for row in rows.mappings()]


async def page(
    connection: AsyncConnection, states: Sequence[str] | None, before: tuple[datetime, str] | None, limit: int
) -> list[RunRow]:
    """Up to `limit` runs, newest first, those created `before` (time, id); of some `states`, or all."""
    query = WHOLE.where(runs.c.state != "deleted")
    if states is not None:
        query = query.where(runs.c.state.in_(states))
    if before is not None:
        query = query.where(tuple_(runs.c.created_at, runs.c.id) < tuple_(*before))
    query = query.order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(limit)
    return [RunRow(**row) for row in (await connection.execute(query)).mappings()]


async def change(connection: AsyncConnection, id: str, values: Mapping[str, Any]) -> None:
    """Sets columns of one run."""
    await connection.execute(update(runs).where(runs.c.id == id).values(**values))


# A meter read before its generation closed may come after: it must not count that generation's frames again.
# The rows are locked in the order of their ids, as `results.insert` locks them: no deadlock between the two.
METER = text(
    """
    UPDATE runs SET open_frames = meter.open_frames, open_steps = meter.open_steps,
                    active_seconds = greatest(runs.active_seconds, meter.active_seconds)
    FROM (SELECT id FROM runs WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE) AS locked
    JOIN unnest(:ids, :generations, :open_frames, :open_steps, :active_seconds)
         AS meter(id, generation, open_frames, open_steps, active_seconds) USING (id)
    WHERE runs.id = locked.id AND runs.generation = meter.generation AND runs.state = 'running'
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Text)),
    bindparam("generations", type_=ARRAY(Integer)),
    bindparam("open_frames", type_=ARRAY(BigInteger)),
    bindparam("open_steps", type_=ARRAY(BigInteger)),
    bindparam("active_seconds", type_=ARRAY(Double)),
)


async def meter(connection: AsyncConnection, meters: Sequence[Meter]) -> None:
    """Stores what running runs have used, so that a crash forgets seconds at most."""
    if meters:
        await connection.execute(
            METER,
            {
                "ids": [meter.run for meter in meters],
                "generations": [meter.generation for meter in meters],
                "open_frames": [meter.open_frames for meter in meters],
                "open_steps": [meter.open_steps for meter in meters],
                "active_seconds": [meter.active_seconds for meter in meters],
            },
        )


async def deleted(connection: AsyncConnection) -> list[str]:
    """Runs that are gone for everyone, but whose results are still being removed."""
    return list(await connection.scalars(select(runs.c.id).where(runs.c.state == "deleted")))


async def remove(connection: AsyncConnection, id: str) -> None:
    """The last step of a deletion: the row, with its generations and candidates. Its results must be gone."""
    await connection.execute(delete(runs).where(runs.c.id == id))


async def count(connection: AsyncConnection) -> int:
    """How many runs there are."""
    query = select(func.count()).select_from(runs).where(runs.c.state != "deleted")
    return int((await connection.execute(query)).scalar_one())
