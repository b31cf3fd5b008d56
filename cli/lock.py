"""One `neuroevo up` for a data folder: a lock that the kernel lets go of however its holder ends.

It is on the folder itself, so that it stands whatever becomes of the files within, and on the file `lock`, which tells
who holds it and which alone is locked where folders cannot be (some network file systems).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cli.connection import read_connection
from cli.errors import BadInput, DataFolderInUse, DataFolderLost


class Lock:
    """The data folder's lock, as its holder has it: `folder` is open for as long as it is held."""

    def __init__(self, data: Path, folder: int) -> None:
        self._data = data
        self._folder = folder

    def check(self) -> None:
        """Returns if the folder is still the one that is locked.

        Raises:
            DataFolderLost: it was removed, or another is in its place.
        """
        try:
            is_there = os.path.samestat(os.fstat(self._folder), self._data.stat())
        except OSError as error:
            is_there = not isinstance(error, FileNotFoundError | NotADirectoryError)  # its disk may hang for a moment
        if not is_there:
            raise DataFolderLost(
                f"{self._data} was removed or replaced while it was in use: put it back and start again, or start anew "
                "with another folder (--data)"
            )


@contextmanager
def held(data: Path) -> Iterator[Lock]:
    """Makes the folder if need be and holds its lock.

    Raises:
        DataFolderInUse: another process holds it.
        BadInput: the folder cannot be made or written to.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
        try:
            file = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            os.close(folder)
            raise
    except OSError as error:
        raise BadInput(f"{data} cannot be used as data folder ({error.strerror}): choose another with --data") from None
    try:
        if not (_locks(folder) and _locks(file)):
            raise DataFolderInUse(_whose(data, os.read(file, 32).decode(errors="replace").strip()))
        _sign(data, file)
        yield Lock(data, folder)
    finally:
        os.close(file)
        os.close(folder)


def is_held(data: Path) -> bool:
    """Whether some process holds the folder's lock now."""
    for path, mode in ((data, os.O_RDONLY), (data / "lock", os.O_RDWR)):
        with suppress(OSError):
            handle = os.open(path, mode)
            try:
                if not _locks(handle):
                    return True
            finally:
                os.close(handle)
    return False


def _locks(handle: int) -> bool:
    """Locks it; False if another process has. What the file system cannot lock counts as locked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _sign(data: Path, file: int) -> None:
    try:
        os.truncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
    except OSError as error:
        raise BadInput(
            f"{data} cannot be written to ({error.strerror}): see to its disk, or choose another with --data"
        ) from None


def _whose(data: Path, pid: str) -> str:
    connection = read_connection(data)
    where = (
        f"its dashboard: {connection.url} (neuroevo token link lets a browser in)"
        if connection
        else "it is just starting or stopping"
    )
    return f"neuroevo up runs on {data} already (pid {pid or 'unknown'}); {where}"
