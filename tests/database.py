"""What tests see and do in the database past the code that they test."""

from sqlalchemy import Interval, cast, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.tables import leadership, results


async def age_heartbeat(connection: AsyncConnection, seconds: float) -> None:
    """Sets the leader's heartbeat back: what a silent master looks like."""
    back = cast(literal(f"{seconds} seconds"), Interval)
    await connection.execute(update(leadership).values(heartbeat_at=leadership.c.heartbeat_at - back))


async def count_results(connection: AsyncConnection, run: str) -> int:
    """How many results of the run are in the ledger."""
    query = select(func.count()).select_from(results).where(results.c.run_id == run)
    return int((await connection.execute(query)).scalar_one())
