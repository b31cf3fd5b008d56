"""What a killed Postgres leaves: processes that are still ending, and files that name a process long gone.

After a kill -9 of the postmaster its other processes end by themselves, but a new one must not start before. The files
`postmaster.pid` and the socket's lock may name a pid that another process has since been given (always so in a
container started anew); Postgres would then refuse to start. Whoever calls this holds the data folder's lock, so no
other server is wanted.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
SOCKET = ".s.PGSQL.5432"
PATIENCE_SECONDS = 30.0
"""How long a server that is shutting down may take before it is killed; its database then recovers by itself."""


def clear(folder: Path, report: Callable[[str], None]) -> None:
    """Waits for the processes of a former server of this folder to end, then removes what names their pids."""
    if not PROC.is_dir():
        return  # no way to tell whose the pid is: Postgres's own check decides
    _end(folder, report)
    for name in ("postmaster.pid", SOCKET, f"{SOCKET}.lock"):
        (folder / name).unlink(missing_ok=True)


def _end(folder: Path, report: Callable[[str], None]) -> None:
    left = list(_processes(folder))
    if not left:
        return
    report("waiting for a former Postgres of this folder to end")
    for pid in filter(_is_postmaster, left):
        _tell(pid, signal.SIGINT)
    _await_end(left, PATIENCE_SECONDS)
    left = list(_processes(folder))
    for pid in left:
        _tell(pid, signal.SIGKILL)
    _await_end(left, PATIENCE_SECONDS)


def _processes(folder: Path) -> Iterator[int]:
    """Every process of Postgres works in its database's folder."""
    for process in PROC.iterdir():
        if process.name.isdigit():
            try:
                if (process / "comm").read_text() == "postgres\n" and (process / "cwd").readlink() == folder:
                    yield int(process.name)
            except OSError:  # it has just ended, or is another user's
                continue


def _is_postmaster(pid: int) -> bool:
    """Only the postmaster keeps its command line; the others show there what they do. SIGINT is not for those."""
    try:
        return b"\0-D\0" in (PROC / str(pid) / "cmdline").read_bytes()
    except FileNotFoundError:
        return False


def _tell(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _await_end(pids: Iterable[int], seconds: float) -> None:
    """Waits until all have ended, at most so long."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
            finally:
                os.close(handle)
