"""The way to Postgres: a bounded pool of connections, fenced write transactions, reads.

Laws: every write goes through `transaction(epoch)`, which locks the leadership row FOR SHARE and compares epochs, so
that a master that was replaced writes nothing. Nothing is held between requests: a request that waits for work holds no
connection.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from server.storage import arrays, leadership
from server.storage.errors import DatabaseUnavailable

Connection = AsyncConnection
"""What a query runs on."""

POOL_CONNECTIONS = 10
CONNECT_SECONDS = 5
PATIENCE_SECONDS = 10
"""How long a transaction may take before the database counts as unavailable."""

SESSION = {
    # An answer to a worker promises that its results are on disk.
    "synchronous_commit": "on",
    # A stopped master's open transaction must not hold the leadership row against its successor.
    "idle_in_transaction_session_timeout": "5s",
    "timezone": "UTC",
    "application_name": "neuroevo",
}
"""Settings of every connection."""

REFUSING = {
    "53100": "has no disk space left: free some on its disk, nothing else need be done",
    "53200": "has no memory left: give its machine more, or end other programs there",
    "53300": "takes no more connections: raise its max_connections, or end other clients of it",
    "58030": "cannot read or write its files: look at its disk, and at Postgres's own log",
    "25006": "is read-only: a standby, or set so (default_transaction_read_only); name the one that is written to",
}
"""What is the matter when Postgres answers, but does not do it, by its code of the error. It passes, or is mended."""
NOT_LET_IN = ("too many clients", "too many connections", "remaining connection slots")


def driver_url(database_url: str) -> str:
    """`postgresql://…` with the driver named, as SQLAlchemy wants it."""
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


class Storage:
    """Postgres, as the service sees it."""

    def __init__(self, database_url: str, *, connections: int = POOL_CONNECTIONS) -> None:
        """`database_url`: postgresql://… Connects at the first use, not here."""
        self._engine = create_async_engine(
            driver_url(database_url),
            pool_size=connections,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_SECONDS, "options": _options()},
        )
        event.listen(self._engine.sync_engine, "connect", _teach)
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Closes the idle connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self, epoch: int, *, seconds: float = PATIENCE_SECONDS) -> AsyncIterator[AsyncConnection]:
        """One write transaction of the master of this epoch, committed at the end of the block.

        Raises:
            NotLeading: another master leads; nothing is written.
            DatabaseUnavailable: no answer within `seconds`; whether a commit under way took place is unknown.
        """
        async with self.unfenced(seconds=seconds) as connection:
            await leadership.fence(connection, epoch)
            yield connection

    @asynccontextmanager
    async def unfenced(self, *, seconds: float = PATIENCE_SECONDS) -> AsyncIterator[AsyncConnection]:
        """A write transaction without an epoch: for gaining and giving up the leadership itself."""
        with _translated():
            async with asyncio.timeout(seconds), self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self, *, seconds: float = PATIENCE_SECONDS) -> AsyncIterator[AsyncConnection]:
        """A connection for reads, each statement seeing what is committed when it starts.

        Raises:
            DatabaseUnavailable: no answer within `seconds`.
        """
        with _translated():
            async with asyncio.timeout(seconds), self._reader.connect() as connection:
                yield connection


def _teach(connection: Any, _: object) -> None:
    arrays.register(connection.driver_connection)


def _options() -> str:
    return " ".join(f"-c {name}={value}" for name, value in SESSION.items())


@contextmanager
def _translated() -> Iterator[None]:
    """Turns the driver's many ways to say that the database is away into one error."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, TimeoutError) as error:
        raise DatabaseUnavailable(_reason(error)) from error
    except DBAPIError as error:
        if error.connection_invalidated or _state(error) in REFUSING:
            raise DatabaseUnavailable(_reason(error)) from error
        raise


def _state(error: BaseException) -> str | None:
    """Postgres's code of the error."""
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def _reason(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    said = str(cause).strip()
    # Who is not let in is told no code.
    code = "53300" if any(words in said for words in NOT_LET_IN) else _state(error)
    if code in REFUSING:
        return f"the database {REFUSING[code]} ({said})"
    why = f"{type(cause).__name__}: {said or 'no answer in time'}"
    return f"the database does not answer: see that Postgres runs ({why})"
