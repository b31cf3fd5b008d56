"""The children's log files."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli.logs import OLD_FILES, ChildLog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ChildLog]:
    with closing(ChildLog(tmp_path / "logs" / "server.log")) as log:
        yield log


def test_important_lines_are_given_back_whole_however_they_arrive(log: ChildLog, tmp_path: Path) -> None:
    assert log.write(b"12:00 INFO fine\n12:01 WARN") == []
    assert log.write(b"ING disk\n12:02 ERR") == ["12:01 WARNING disk"]
    assert log.write(b"OR out of luck\n") == ["12:02 ERROR out of luck"]
    assert (tmp_path / "logs" / "server.log").read_text().count("\n") == 3
    assert list(log.tail) == ["12:00 INFO fine", "12:01 WARNING disk", "12:02 ERROR out of luck"]


def test_files_are_bounded_in_size_and_number(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "worker.log", largest=100)
    for number in range(200):
        log.write(f"line {number:05}\n".encode())
    log.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) <= OLD_FILES + 1
    assert all(file.stat().st_size <= 110 for file in files)
    newest_first = [tmp_path / "worker.log.1", tmp_path / "worker.log.2"]
    assert newest_first[0].read_text() > newest_first[1].read_text()


def test_a_log_goes_on_after_it_was_closed(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "worker.log")
    log.write(b"one\n")
    log.close()
    log.write(b"two\n")
    log.close()
    assert (tmp_path / "worker.log").read_text() == "one\ntwo\n"


def test_an_endless_line_takes_no_endless_memory(log: ChildLog) -> None:
    for _ in range(100):
        log.write(b"x" * 10_000)
    assert len(log.write(b" ERROR\n")[0]) < 70_000


def test_a_log_without_disk_is_told_once_and_goes_on_with_it(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    path.symlink_to("/dev/full")
    with closing(ChildLog(path)) as log:
        assert log.write(b"ERROR one\n") == [
            f"{path} cannot be written (No space left on device); its lines are lost meanwhile",
            "ERROR one",
        ]
        assert log.write(b"two\n") == []
        log.close()
        path.unlink()
        assert log.write(b"three\n") == []
        assert path.read_text() == "three\n"
        assert list(log.tail) == ["ERROR one", "two", "three"]
