"""The table `exclusions`: workers that were set aside."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.check_tables import exclusions


class Exclusion(NamedTuple):
    """A worker that was set aside, and why."""

    worker: UUID
    name: str
    host: str
    reason: str
    excluded_at: datetime


async def add(connection: AsyncConnection, added: Sequence[Exclusion]) -> None:
    """Sets workers aside; one that is stays so for its first reason."""
    await connection.execute(insert(exclusions).values([one._asdict() for one in added]).on_conflict_do_nothing())


async def current(connection: AsyncConnection) -> list[Exclusion]:
    """Those that were not let in again, oldest first."""
    columns = [exclusions.c[name] for name in Exclusion._fields]
    query = select(*columns).where(exclusions.c.readmitted_at.is_(None)).order_by(exclusions.c.id)
    return [Exclusion(*row) for row in await connection.execute(query)]


async def readmit(connection: AsyncConnection, workers: Sequence[UUID], at: datetime) -> None:
    """Lets workers in again."""
    known = (exclusions.c.worker.in_(list(workers)), exclusions.c.readmitted_at.is_(None))
    await connection.execute(update(exclusions).where(*known).values(readmitted_at=at))
