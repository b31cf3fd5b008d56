"""The way to Postgres, when it is closed."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text

from server.storage.database import Storage
from server.storage.errors import DatabaseUnavailable
from tests.storage.conftest import EPOCH

pytestmark = pytest.mark.anyio


async def ping(storage: Storage) -> int:
    async with storage.reading() as connection:
        return int((await connection.execute(text("SELECT 1"))).scalar_one())


async def test_an_unreachable_database_is_one_error_whatever_the_cause() -> None:
    for url in ("postgresql://postgres@127.0.0.1:1/nowhere", "postgresql://postgres@/nowhere?host=/nonexistent"):
        storage = Storage(url)
        with pytest.raises(DatabaseUnavailable, match="does not answer"):
            await ping(storage)
        with pytest.raises(DatabaseUnavailable):
            async with storage.transaction(EPOCH):
                pass
        await storage.close()


async def test_a_wrong_password_is_no_unknown_error(database_url: str) -> None:
    storage = Storage(database_url.replace("/test_", "/absent_"))
    with pytest.raises(DatabaseUnavailable, match="absent_"):
        await ping(storage)
    await storage.close()


async def test_after_a_restart_of_the_database_the_next_request_succeeds(storage: Storage, database_url: str) -> None:
    await asyncio.gather(*(ping(storage) for _ in range(5)))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await ping(storage) == 1


async def test_a_backend_that_dies_in_a_transaction_is_the_database_being_away(
    storage: Storage, database_url: str
) -> None:
    async def lose_the_backend() -> None:
        async with storage.transaction(EPOCH) as connection:
            backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            with psycopg.connect(database_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
            await connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable):
        await lose_the_backend()
    assert await ping(storage) == 1


async def test_who_waits_too_long_for_an_answer_is_told(storage: Storage) -> None:
    with pytest.raises(DatabaseUnavailable, match="no answer in time"):
        async with storage.transaction(EPOCH, seconds=0.1) as connection:
            await connection.execute(text("SELECT pg_sleep(60)"))
    assert await ping(storage) == 1


async def test_who_waits_too_long_for_a_connection_is_told(database_url: str) -> None:
    storage = Storage(database_url, connections=1)
    async with storage.reading():
        with pytest.raises(DatabaseUnavailable):
            async with storage.reading(seconds=0.1):
                pass
    assert await ping(storage) == 1
    await storage.close()


async def test_a_mistake_in_a_query_is_not_taken_for_an_absent_database(storage: Storage) -> None:
    with pytest.raises(Exception, match="no_such_table") as caught:
        async with storage.reading() as connection:
            await connection.execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(caught.value, DatabaseUnavailable)
