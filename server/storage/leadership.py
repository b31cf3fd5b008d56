"""The leadership row: which master may write. Its heartbeat is on the database's clock, the same for all masters."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.errors import NotLeading
from server.storage.tables import leadership


class Leadership(NamedTuple):
    """Who leads. `silent_seconds`: age of the last heartbeat, `heartbeat_at`; below 0 after a clock was set back."""

    epoch: int
    holder: str
    released: bool
    silent_seconds: float
    heartbeat_at: datetime


EPOCH = select(leadership.c.epoch).with_for_update(read=True)


async def fence(connection: AsyncConnection, epoch: int) -> None:
    """Locks the leadership row until the transaction ends, so that no successor can rise before it.

    Raises:
        NotLeading: the row has another epoch.
    """
    found = await connection.scalar(EPOCH)
    if found != epoch:
        raise NotLeading(f"this master leads epoch {epoch}, but the database is at epoch {found}")


async def lock(connection: AsyncConnection) -> Leadership | None:
    """The row, locked against every writer; None if there never was a master."""
    row = (
        await connection.execute(
            select(
                leadership.c.epoch,
                leadership.c.holder,
                leadership.c.released,
                func.extract("epoch", func.clock_timestamp() - leadership.c.heartbeat_at),
                leadership.c.heartbeat_at,
            ).with_for_update()
        )
    ).first()
    return None if row is None else Leadership(row[0], row[1], row[2], float(row[3]), row[4])


async def take(connection: AsyncConnection, holder: str) -> int:
    """Raises the epoch, with `holder` as the leader. Gives the new epoch; fences all who had an older one."""
    fresh = {"holder": holder, "released": False, "heartbeat_at": func.clock_timestamp()}
    statement = (
        insert(leadership)
        .values(epoch=1, **fresh)
        .on_conflict_do_update(index_elements=["only"], set_={"epoch": leadership.c.epoch + 1, **fresh})
        .returning(leadership.c.epoch)
    )
    return int((await connection.execute(statement)).scalar_one())


async def beat(connection: AsyncConnection, epoch: int) -> None:
    """Tells that the leader lives.

    Raises:
        NotLeading: another master leads.
    """
    statement = update(leadership).where(leadership.c.epoch == epoch).values(heartbeat_at=func.clock_timestamp())
    if (await connection.execute(statement)).rowcount != 1:
        raise NotLeading(f"this master led epoch {epoch}; another one leads now")


async def release(connection: AsyncConnection, epoch: int) -> None:
    """Gives the leadership up, so that the next master need not wait. Without effect if another leads already."""
    await connection.execute(update(leadership).where(leadership.c.epoch == epoch).values(released=True))
