"""What may happen to the data folder while `neuroevo up` runs on it: it works on, or stops and says why."""

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.errors import DamagedDatabase
from cli.postgres import EmbeddedPostgres
from tests.acceptance.conftest import Done, Up, neuroevo_process
from tests.acceptance.processes import await_end, is_alive
from tests.acceptance.test_up import ENDLESS
from tests.disks import fill, small_disk

StartUp = Callable[..., Up]
DISK_MEGABYTES = 400
"""Enough for a database with its first hundreds of megabytes of write-ahead log."""


def postmaster(data: Path) -> int:
    """Postgres's process id."""
    return int((data / "postgres" / "postmaster.pid").read_text().split()[0])


def second_start(up: Up) -> Done:
    """What another `up` on the same folder comes to; no database may be touched by it."""
    before = postmaster(up.data)
    done = neuroevo_process("up", "--data", up.data, "--port", "0", "--workers", "0")
    assert postmaster(up.data) == before
    assert is_alive(before)
    return done


@pytest.mark.parametrize("accident", ["none", "removed", "replaced"])
def test_whatever_becomes_of_the_lock_file_a_second_start_is_refused(start_up: StartUp, accident: str) -> None:
    up = start_up("--workers", "0")
    up.await_line("dashboard: ")
    lock = up.data / "lock"
    if accident != "none":
        lock.unlink()
    if accident == "replaced":
        lock.write_text("1\n")
    refused = second_start(up)
    assert refused.returncode == 9, refused.stderr
    assert "runs on" in refused.stderr
    assert up.run("run", "list") is not None
    assert up.stop() == 0


def test_a_second_start_is_refused_while_the_first_stands_still(start_up: StartUp) -> None:
    up = start_up("--workers", "0")
    up.await_line("dashboard: ")
    up.process.send_signal(signal.SIGSTOP)
    try:
        assert second_start(up).returncode == 9
    finally:
        up.process.send_signal(signal.SIGCONT)
    assert up.run("run", "list") is not None
    assert up.stop() == 0


def remove(data: Path) -> None:
    """All of it, though Postgres may be making files in it."""
    while data.exists():
        shutil.rmtree(data, ignore_errors=True)


def move(data: Path) -> None:
    """Away it is."""
    data.rename(data.with_name("elsewhere"))


def replace(data: Path) -> None:
    """Another folder is in its place."""
    move(data)
    data.mkdir()


@pytest.mark.parametrize("accident", [remove, move, replace])
def test_a_folder_lost_in_use_ends_everything_with_one_clear_line(
    start_up: StartUp, accident: Callable[[Path], None]
) -> None:
    up = start_up("--workers", "1", "--preset", "quick")
    up.await_line("has been created")
    below = up.descendants()
    accident(up.data)
    assert up.process.wait(100) == 1
    await_end(below, seconds=10)
    last = up.output.splitlines()[-1]
    assert last.startswith(f"neuroevo: {up.data} was removed or replaced while it was in use: put it back"), up.output
    assert "Traceback" not in up.output


def test_a_database_that_was_moved_away_in_use_is_missed_and_not_made_anew(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, {"fsync": "off"}) as postgres:
        pass
    postgres.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(DamagedDatabase, match="was removed while it was in use: put it back"):
        postgres.start()
    assert not postgres.folder.exists()
    (tmp_path / "elsewhere").rename(postgres.folder)
    with postgres:
        assert (postgres.folder / "postmaster.pid").exists()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk where `up` has its data folder."""
    with small_disk(tmp_path / "data", DISK_MEGABYTES) as place:
        yield place


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_space(disk: Path, start_up: StartUp) -> None:
    up = start_up("--workers", "1", "--preset", "quick")
    up.await_line("has been created")
    run = up.run(*ENDLESS)["id"]
    before = up.await_run(run, lambda detail: detail["generation"] >= 1, seconds=60)
    ballast = fill(disk)
    up.await_line("(no disk space left|No space left on device)")
    ballast.unlink()

    def has_gone_on(detail: dict[str, Any]) -> bool:
        return bool(detail["generation"] > before["generation"] + 1)

    up.await_run(run, has_gone_on, seconds=100)
    assert "Traceback" not in up.output
    assert up.stop() == 0
