"""The embedded Postgres as a real process, in the folders and after the accidents that users have."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from cli.errors import DamagedDatabase, OtherPostgresVersion
from cli.postgres import EmbeddedPostgres
from tests.acceptance.processes import await_end, children_of, is_alive

FAST = {"fsync": "off"}
"""Nothing here survives that a power cut could spoil; kills are no power cuts."""


def _ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row
    return row[0]


def _write(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")


@pytest.fixture
def postmaster() -> Callable[[EmbeddedPostgres], int]:
    def pid(postgres: EmbeddedPostgres) -> int:
        return int((postgres.folder / "postmaster.pid").read_text().split()[0])

    return pid


def test_a_database_is_made_once_and_kept_with_its_socket_private(tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        postgres = EmbeddedPostgres(tmp_path, FAST)
        _write(postgres.start(told.append))
        assert postgres.socket_folder.stat().st_mode & 0o777 == 0o700
        assert _ask(postgres.url, "SELECT current_setting('listen_addresses')") == ""
        postgres.stop()
    with EmbeddedPostgres(tmp_path, FAST) as postgres:
        assert _ask(postgres.url, "SELECT count(*) FROM kept") == 2
    assert told == ["making a new database"]


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("d" * 100), FAST) as postgres:
        assert _ask(postgres.url, "SELECT 1") == 1
        assert postgres.socket_folder.stat().st_mode & 0o777 == 0o700
    assert not postgres.socket_folder.exists()


def test_it_starts_again_after_kill_9_and_keeps_what_was_committed(
    tmp_path: Path, postmaster: Callable[[EmbeddedPostgres], int]
) -> None:
    first = EmbeddedPostgres(tmp_path, FAST)
    _write(first.start())
    pid = postmaster(first)
    backends = children_of(pid)
    os.kill(pid, signal.SIGKILL)
    await_end([pid], seconds=5)
    with EmbeddedPostgres(tmp_path, FAST) as second:
        assert _ask(second.url, "SELECT count(*) FROM kept") == 1
        assert not any(is_alive(backend) for backend in backends)
    first.stop()


def test_a_pid_file_that_names_a_living_stranger_is_no_obstacle(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, FAST) as postgres:
        stale = (postgres.folder / "postmaster.pid").read_text().splitlines()
    owner = (tmp_path / "postgres").stat()
    # A process of the same user: the only kind that Postgres takes for a living server of the folder.
    stranger = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, user=owner.st_uid)
    try:
        (tmp_path / "postgres" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *stale[1:], ""]))
        with EmbeddedPostgres(tmp_path, FAST) as postgres:
            assert _ask(postgres.url, "SELECT 1") == 1
    finally:
        stranger.communicate()


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys\nfrom cli.postgres import EmbeddedPostgres\n"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1]), {'fsync': 'off'}).start()\nos.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with suppress(FileNotFoundError):  # It has ended already.
        pid = int(((tmp_path / "postgres" / "postmaster.pid").read_text() or "0").split()[0])
        await_end([pid], seconds=10)


def test_a_kill_while_the_database_is_made_leaves_nothing_half_made(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path, FAST) as postgres:
        assert _ask(postgres.url, "SELECT 1") == 1
    assert not unfinished.exists()


def test_another_major_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "global").mkdir(parents=True)
    (tmp_path / "postgres" / "global" / "pg_control").touch()
    (tmp_path / "postgres" / "PG_VERSION").write_text("13\n")
    with pytest.raises(OtherPostgresVersion, match=r"written by Postgres 13; this release brings .*18"):
        EmbeddedPostgres(tmp_path).start()


@pytest.mark.parametrize("lost", ["PG_VERSION", "global/pg_control"])
def test_a_folder_without_its_main_files_is_called_damaged(tmp_path: Path, lost: str) -> None:
    with EmbeddedPostgres(tmp_path, FAST) as postgres:
        pass
    (postgres.folder / lost).unlink()
    with pytest.raises(DamagedDatabase, match="no whole database: put a copy of it back, or start anew"):
        postgres.start()


def test_what_postgres_says_of_a_damaged_file_is_passed_on(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, FAST) as postgres:
        pass
    control = postgres.folder / "global" / "pg_control"
    control.write_bytes(b"\xff" * control.stat().st_size)
    with pytest.raises(DamagedDatabase, match=r"Postgres does not start on .*postgres: \w.* start anew"):
        postgres.start()
