"""The log files of `up`'s children: bounded in size, their important lines picked out."""

import re
from collections import deque
from io import FileIO
from pathlib import Path

LARGEST_BYTES = 5_000_000
OLD_FILES = 2
TAIL_LINES = 40
LONGEST_LINE_BYTES = 64_000

IMPORTANT = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL|PANIC)\b|^neuroevo: ")


class ChildLog:
    """A child's log file, `NAME.log`, with `NAME.log.1` and so on before it. Takes bytes as they come."""

    def __init__(self, path: Path, largest: int = LARGEST_BYTES) -> None:
        self._path = path
        self._largest = largest
        self._file: FileIO | None = None
        self._is_in_trouble = False
        self._partial = b""
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        """The last lines, oldest first."""

    def write(self, chunk: bytes) -> list[str]:
        """Writes what a child printed; gives the whole lines in it that a user should see.

        A log that cannot be written, on a full disk say, is told once: its child goes on, and so does it when it can.
        """
        trouble = self._keep(chunk)
        *whole, self._partial = (self._partial + chunk).split(b"\n")
        self._partial = self._partial[-LONGEST_LINE_BYTES:]
        lines = [line.decode(errors="replace").rstrip() for line in whole]
        self.tail.extend(lines)
        return trouble + [line for line in lines if IMPORTANT.search(line)]

    def close(self) -> None:
        """Closes the file; a later write opens it again."""
        if self._file:
            self._file.close()
            self._file = None

    def _keep(self, chunk: bytes) -> list[str]:
        """Writes to the file; gives what its user should know of that."""
        try:
            file = self._open()
            file.write(chunk)
            if file.tell() >= self._largest:
                self._rotate()
        except OSError as error:
            was_told, self._is_in_trouble = self._is_in_trouble, True
            told = f"{self._path} cannot be written ({error.strerror}); its lines are lost meanwhile"
            return [] if was_told else [told]
        self._is_in_trouble = False
        return []

    def _open(self) -> FileIO:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what could not be written is lost, and not in the way of what comes.
            self._file = self._path.open("ab", buffering=0)
        return self._file

    def _rotate(self) -> None:
        self.close()
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{age}") for age in range(1, OLD_FILES + 1))]
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)
