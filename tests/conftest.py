"""What every test may use: one real Postgres a session, a fresh migrated database a test, an injected clock."""

import asyncio
import functools
import inspect
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.postgres import EmbeddedPostgres
from migrations.upgrade import upgrade

TEMPLATE = "template_migrated"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
"""For tests alone: nothing survives them that a power cut could spoil."""

PATIENCE_SECONDS = 100.0
"""For one asynchronous test, on a busy machine."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Bounds asynchronous tests: a signal, by which pytest-timeout ends the others, does not wake uvloop."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = _in_time(item.obj)


def _in_time(test: Any) -> Any:
    @functools.wraps(test)
    async def bounded(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await test(*args, **kwargs)

    return bounded


class Postgres:
    """The product's own embedded Postgres, with a fresh database for whoever asks."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._numbers = count()

    def url(self, database: str) -> str:
        """Where `database` is reached."""
        return self._server.url_of(database)

    def run(self, statement: str) -> None:
        """One statement of administration."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create_database(self, template: str = "template1") -> str:
        """A new database, a copy of `template`; gives its URL."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Removes the database, connections or not."""
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running Postgres with a migrated template database; each process of pytest-xdist has its own."""
    with (
        tempfile.TemporaryDirectory(prefix="neuroevo-test-") as folder,
        EmbeddedPostgres(Path(folder), FAST) as server,
    ):
        postgres = Postgres(server)
        postgres.run(f"CREATE DATABASE {TEMPLATE}")
        upgrade(postgres.url(TEMPLATE))
        yield postgres


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """A fresh database with all migrations applied."""
    url = postgres.create_database(TEMPLATE)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """A fresh database without a table."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that the product runs on."""
    return "asyncio", {"use_uvloop": True}
