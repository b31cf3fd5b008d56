"""Looking at the processes of this machine."""

import select
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

POLL_SECONDS = 0.1


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(pid: int) -> list[int]:
    """The living processes whose parent this one is."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and is_alive(int(process.name)):
            with suppress(OSError):
                if int((process / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(process.name))
    return found


def descendants_of(pid: int) -> list[int]:
    """All living processes below this one."""
    found = children_of(pid)
    return found + [below for child in found for below in descendants_of(child)]


def command_line(pid: int) -> str:
    """The process's command line; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        return ""


def await_end(pids: Iterable[int], seconds: float) -> None:
    """Waits until all these have ended; fails with what is left after so long."""
    left = list(pids)

    def all_ended() -> bool:
        left[:] = [pid for pid in left if is_alive(pid)]
        return not left

    try:
        until(all_ended, seconds)
    except TimeoutError:
        raise AssertionError(f"still there: {[(pid, command_line(pid)) for pid in left]}") from None


T = TypeVar("T")


def until(look: Callable[[], T], seconds: float) -> T:
    """Looks again and again until it gives something true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {getattr(look, '__doc__', None) or look}")
        pause()
    return found


def pause() -> None:
    """Between two looks."""
    select.select([], [], [], POLL_SECONDS)
