"""Backups as docs/operations.md describes them: its commands are run as they stand there."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cli.postgres import EmbeddedPostgres, installations
from migrations.upgrade import versions
from tests.acceptance.conftest import Up, clean_environment, neuroevo
from tests.conftest import FAST

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


def commands(beginning: str) -> list[str]:
    """The document's command lines that begin so."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines() if beginning in line]


def documented(line: str, *changes: tuple[str, str]) -> None:
    """Runs a documented `neuroevo` line in this folder."""
    for old, new in changes:
        assert old in line
        line = line.replace(old, new)
    done = neuroevo(*shlex.split(line)[1:])
    assert done.returncode == 0, done.stderr


def leave_mark(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO unwanted_policies (id) VALUES (%s)", ["a" * 64])


def kept(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM unwanted_policies WHERE id = %s", ["a" * 64]).fetchone()
        return int(row[0]) if row else 0


def test_a_running_platform_is_backed_up_and_goes_on_elsewhere(
    start_up: Callable[..., Up], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "neuroevo-data").symlink_to(tmp_path / "data")
    up = start_up("--workers", "0")
    up.await_line("dashboard: ")
    leave_mark(EmbeddedPostgres(up.data).url)
    backup, restore = commands("db backup")[0], commands("db restore")[0]
    documented(backup)
    (by_hand,) = commands("pg_dump --format")
    programs = installations()
    environment = clean_environment() | {"PATH": f"{programs[max(programs)]}:/usr/bin:/bin"}
    socket = str(EmbeddedPostgres(up.data).socket_folder)
    line = by_hand.replace("$PWD/neuroevo-data/postgres", socket).replace("neuroevo.dump", "by-hand.dump")
    subprocess.run(line, shell=True, check=True, env=environment)
    assert up.stop() == 0
    documented(restore)
    documented(restore, ("./elsewhere", "./third"), ("neuroevo.dump", "by-hand.dump"))
    for folder in ("elsewhere", "third"):
        with EmbeddedPostgres(tmp_path / folder, FAST) as postgres:
            assert kept(postgres.url) == 1
            found, needed = versions(postgres.url)
            assert found == needed
    refused = neuroevo(*shlex.split(restore)[1:])
    assert refused.returncode == 2
    assert "not empty" in refused.stderr


def test_an_outside_database_is_backed_up_and_restored(
    database_url: str, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    leave_mark(database_url)
    documented(commands("db backup")[1], ("postgresql://user:password@host/name", database_url))
    backup = tmp_path / "neuroevo.dump"
    assert backup.stat().st_mode & 0o777 == 0o600
    restore = ("postgresql://user:password@elsewhere/empty", empty_database_url)
    damaged = tmp_path / "damaged.dump"
    damaged.write_bytes(backup.read_bytes()[:-2000])
    done = neuroevo("db", "restore", damaged, "--database-url", empty_database_url)
    assert done.returncode == 1
    assert done.stderr.startswith("neuroevo: ")
    assert versions(empty_database_url)[0] is None
    documented(commands("db restore")[1], restore)
    assert kept(empty_database_url) == 1


def test_what_is_no_backup_or_no_database_is_said(tmp_path: Path) -> None:
    done = neuroevo("db", "backup", tmp_path / "x.dump", "--data", tmp_path / "none")
    assert (done.returncode, "has no database" in done.stderr) == (2, True)
    assert not (tmp_path / "x.dump").exists()
    done = neuroevo("db", "restore", tmp_path / "x.dump", "--data", tmp_path / "none")
    assert (done.returncode, "is no file" in done.stderr) == (2, True)
