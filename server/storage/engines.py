"""Engines by number: results name theirs by four bytes."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.tables import engines


async def number(connection: AsyncConnection, name: str) -> int:
    """The engine's number, given to it now if it has none."""
    await connection.execute(insert(engines).values(name=name).on_conflict_do_nothing())
    return int((await connection.execute(select(engines.c.id).where(engines.c.name == name))).scalar_one())
