"""One `neuroevo up` for a data folder: a lock that the kernel lets go of however its holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.connection import read_connection
from cli.errors import BadInput, DataFolderInUse


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Makes the folder if need be and holds its lock.

    Raises:
        DataFolderInUse: another process holds it.
        BadInput: the folder cannot be made or written to.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BadInput(f"{data} cannot be used as data folder ({error.strerror}): choose another with --data") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderInUse(_whose(data, os.read(lock, 32).decode(errors="replace").strip())) from None
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(lock)


def is_held(data: Path) -> bool:
    """Whether some process holds the folder's lock now."""
    try:
        lock = os.open(data / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _whose(data: Path, pid: str) -> str:
    connection = read_connection(data)
    where = (
        f"its dashboard: {connection.url} (neuroevo token link lets a browser in)"
        if connection
        else "it is just starting or stopping"
    )
    return f"neuroevo up runs on {data} already (pid {pid or 'unknown'}); {where}"
