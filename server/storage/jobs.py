"""The tables `jobs` and `job_results`: tests, recordings, verifications, and what each of their episodes gave."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import CursorResult, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.tables import engines, job_results, jobs

JobState = Literal["open", "done", "failed", "cancelled"]
JobKind = Literal["test", "recording", "verification"]


@dataclass(frozen=True)
class JobRow:
    """A job as listed. Columns as in `tables.jobs`, but for the document."""

    id: str
    kind: JobKind
    asked_by: Literal["person", "library"]
    policy: str
    environment: dict[str, Any]
    rollout_id: str | None
    episodes: int
    state: JobState
    problem: str | None
    created_at: datetime
    finished_at: datetime | None


class JobScore(NamedTuple):
    """One episode's result, as it is summed up."""

    episode: int
    seed: int
    score: float
    steps: int
    frames: int
    digest: bytes
    engine: str


WHOLE = select(*(column for column in jobs.c if column.name != "document"))


async def add(connection: AsyncConnection, values: Sequence[Mapping[str, Any]]) -> None:
    """New jobs."""
    if values:
        await connection.execute(insert(jobs).values(list(values)))


async def find(connection: AsyncConnection, id: str) -> JobRow | None:
    """The job with this id."""
    return next((JobRow(**row) for row in (await connection.execute(WHOLE.where(jobs.c.id == id))).mappings()), None)


async def lock(connection: AsyncConnection, id: str) -> JobRow | None:
    """The job, its row locked until the transaction ends."""
    query = WHOLE.where(jobs.c.id == id).with_for_update()
    return next((JobRow(**row) for row in (await connection.execute(query)).mappings()), None)


async def open_of(connection: AsyncConnection, rollout: str, kind: JobKind) -> JobRow | None:
    """The job that records, or verifies, this rollout now."""
    query = WHOLE.where(jobs.c.rollout_id == rollout, jobs.c.kind == kind, jobs.c.state == "open").limit(1)
    return next((JobRow(**row) for row in (await connection.execute(query)).mappings()), None)


async def open_ids(connection: AsyncConnection) -> dict[str, datetime]:
    """Id to creation of all open jobs, oldest first."""
    query = select(jobs.c.id, jobs.c.created_at).where(jobs.c.state == "open")
    return {row[0]: row[1] for row in await connection.execute(query.order_by(jobs.c.created_at, jobs.c.id))}


async def opened(connection: AsyncConnection, ids: Collection[str]) -> list[tuple[JobRow, dict[str, Any]]]:
    """Those of these jobs that are open, with their documents, oldest first."""
    query = select(*WHOLE.selected_columns, jobs.c.document).where(jobs.c.state == "open", jobs.c.id.in_(ids))
    rows = (await connection.execute(query.order_by(jobs.c.created_at, jobs.c.id))).mappings()
    return [(JobRow(**{name: row[name] for name in row if name != "document"}), row["document"]) for row in rows]


async def page(
    connection: AsyncConnection,
    policy: str | None,
    states: Sequence[str] | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[JobRow]:
    """Up to `limit` jobs that people asked for, newest first, those created `before` (time, id)."""
    query = WHOLE.where(jobs.c.asked_by == "person")
    if policy is not None:
        query = query.where(jobs.c.policy == policy)
    if states is not None:
        query = query.where(jobs.c.state.in_(states))
    if before is not None:
        query = query.where(tuple_(jobs.c.created_at, jobs.c.id) < tuple_(*before))
    rows = await connection.execute(query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit))
    return [JobRow(**row) for row in rows.mappings()]


async def change(connection: AsyncConnection, id: str, values: Mapping[str, Any]) -> None:
    """Sets columns of one job."""
    await connection.execute(update(jobs).where(jobs.c.id == id).values(**values))


async def add_results(connection: AsyncConnection, values: Sequence[Mapping[str, Any]]) -> set[int]:
    """Results of one job; of episodes that have one already, nothing. Gives the episodes that were added."""
    if not values:
        return set()
    statement = insert(job_results).values(list(values)).on_conflict_do_nothing().returning(job_results.c.episode)
    return set(await connection.scalars(statement))


async def scores(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[JobScore]]:
    """Job to its results, by episode; every job asked for is named."""
    found: dict[str, list[JobScore]] = {id: [] for id in ids}
    columns = [job_results.c[name] for name in JobScore._fields if name != "engine"]
    query = select(job_results.c.job_id, *columns, engines.c.name).join(engines).where(job_results.c.job_id.in_(ids))
    for row in await connection.execute(query.order_by(job_results.c.job_id, job_results.c.episode)):
        found[row[0]].append(JobScore(*tuple(row)[1:]))
    return found


async def of_policy(connection: AsyncConnection, policy: str, limit: int = 100) -> list[JobRow]:
    """The newest jobs of a policy that people asked for, newest first."""
    return await page(connection, policy, None, None, limit)


async def remove_past(connection: AsyncConnection, age: timedelta) -> int:
    """Removes the library's own jobs that ended long ago: their rollouts hold all that they gave."""
    statement = delete(jobs).where(jobs.c.asked_by == "library", jobs.c.finished_at < func.now() - age)
    return cast(CursorResult[Any], await connection.execute(statement)).rowcount


async def remove_open(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """Removes jobs that nobody has begun: their rollouts stay, to be recorded when somebody wants to see them."""
    await connection.execute(delete(jobs).where(jobs.c.id.in_(ids), jobs.c.state == "open"))
