"""The nightly backup, run container by container, and the restore that docs/deploy.md tells."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import psycopg
import pytest

from cli.postgres import installations
from migrations.upgrade import versions
from tests.conftest import Postgres
from tests.k8s.manifests import ROOT, expand, load, pod

DOCUMENT = ROOT.joinpath("docs", "deploy.md").read_text(encoding="utf-8")
DAYS = 86_400
POD = "backup-29876543-x7k2p"


def run_backup(folder: Path, url: str) -> list[int]:
    """Each container's program, in order, until one fails: their exit codes. `folder` stands for /backups."""
    codes: list[int] = []
    for container in pod(load(), "CronJob/backup").containers:
        words = [expand(word, {"POD_NAME": POD, "DATABASE_URL": url}) for word in container["command"]]
        words = [re.sub("(^|=)/backups", rf"\1{folder}", word) for word in words]
        codes.append(subprocess.run(words, check=False, env=environment(), timeout=100).returncode)
        if codes[-1]:
            break
    return codes


def environment(**more: str) -> dict[str, str]:
    """Postgres's own programs come first, as in its image."""
    programs = installations()
    return os.environ | {"PATH": f"{programs[max(programs)]}:{os.environ['PATH']}"} | more


def test_a_backup_gets_its_name_when_it_is_whole_and_old_ones_go(tmp_path: Path, database_url: str) -> None:
    old, young = tmp_path / "old.dump", tmp_path / "young.dump"
    for path, days in ((old, 16), (young, 13)):
        path.touch()
        os.utime(path, (path.stat().st_mtime - days * DAYS,) * 2)

    assert run_backup(tmp_path, database_url) == [0, 0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{POD}.dump", "young.dump"]


def test_without_a_new_backup_no_old_one_goes(tmp_path: Path) -> None:
    old = tmp_path / "old.dump"
    old.touch()
    os.utime(old, (old.stat().st_mtime - 99 * DAYS,) * 2)

    (code,) = run_backup(tmp_path, "postgresql://nobody@127.0.0.1:1/none")
    assert code != 0
    assert old.exists()
    assert not list(tmp_path.glob(f"{POD}.dump"))


@pytest.fixture
def restored(postgres: Postgres, database_url: str, tmp_path: Path) -> str:
    """A database that was backed up, lost and restored, as docs/deploy.md says."""
    name = psycopg.conninfo.conninfo_to_dict(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO unwanted_policies (id) VALUES (%s)", ["a" * 64])
    run_backup(tmp_path, database_url)
    section = DOCUMENT.split("Restore, into an emptied database")[1].split("```")[1].replace("\\\n", "")
    lines = [line for line in section.splitlines() if "exec" in line]
    assert len(lines) == 3
    for line in lines:
        words = shlex.split(line.partition(" -- ")[2].partition(" < ")[0])
        words = [
            re.sub(r"\bneuroevo\b", str(name["dbname"]), word) if "username" not in word else word for word in words
        ]
        with (tmp_path / f"{POD}.dump").open("rb") as dump:
            subprocess.run(words, check=True, env=environment(PGHOST=str(name["host"])), stdin=dump, timeout=100)
    return database_url


def test_a_backup_brings_everything_back(restored: str) -> None:
    found, wanted = versions(restored)
    assert found == wanted
    with psycopg.connect(restored) as connection:
        assert connection.execute("SELECT count(*) FROM unwanted_policies").fetchone() == (1,)
