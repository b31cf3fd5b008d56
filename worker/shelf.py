"""Vectors that the processes of one worker share: each is made once, by one of them, and read by all.

They lie in a file without a name, that is in memory which ends with its last process, however that ends. Who makes or
reads a vector holds a record lock of the kernel on its place (the lock's offset in the file, not its bytes): locks end
with their holder too, so that what a killed process left half made is known by its free lock and made again.
"""

import errno
import fcntl
import mmap
import os
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import numpy as np

from evolution.expansion import Parameters
from worker.allowance import parents_allowance

PLACES = 1024
"""Vectors at most."""
ALIGNMENT_BYTES = 4096

_EMPTY, _MAKING, _READY = range(3)
_COLUMNS = 8
"""Of the index, each PLACES numbers of 64 bits: state, last use, start, bytes, and four of the key."""
_FIRST_BYTE = 8 * PLACES * _COLUMNS
_INDEX_LOCK, _FIRST_LOCK = 0, 1


def open_memory(memory_bytes: int | None = None) -> int:
    """The descriptor of a new shelf's file: for vectors of `memory_bytes` in all. Memory is taken as it is used.

    None: what the machine's only worker may take.
    """
    file = _nameless_file()
    os.ftruncate(file, _FIRST_BYTE + (parents_allowance() if memory_bytes is None else memory_bytes))
    return file


def _nameless_file() -> int:
    with suppress(AttributeError, OSError):  # not every system has it
        return os.memfd_create("neuroevolution-parents")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Place:
    """A vector on the shelf, held: it stays until it is released. `ready`: it may be read, else it is to be made."""

    def __init__(self, shelf: "Shelf", number: int, vector: Parameters, *, ready: bool) -> None:
        self.vector, self.ready = vector, ready
        """Shape (size,), float32; not to be written to once it is ready."""
        self._shelf, self._number = shelf, number

    def publish(self) -> None:
        """The vector is made: all may read it."""
        self._shelf.publish(self._number)
        self.ready = True

    def release(self) -> None:
        """The vector is not read any more; if it was to be made and is not ready, it is given up."""
        self._shelf.release(self._number, ready=self.ready)


class Shelf:
    """One process's view, for one thread: a process opens a shelf's file but once, since its locks end together.

    The least recently used vector that nobody holds is dropped for a new one. To wait for each other in a circle is
    impossible as long as a process that is making vectors asks for others in one order that all processes share.
    """

    def __init__(self, file: int | None = None) -> None:
        self._file = open_memory() if file is None else file
        if file is None:
            weakref.finalize(self, os.close, self._file)
        self._memory = mmap.mmap(self._file, 0)
        index = np.frombuffer(self._memory, np.uint64, PLACES * _COLUMNS).reshape(_COLUMNS, PLACES)
        self._state, self._used, self._start, self._bytes = index[:4]
        self._keys = index[4:]
        self._held: Counter[int] = Counter()

    def pin(self, key: bytes) -> Place | None:
        """The vector of this key (32 bytes) if it is ready, held."""
        with self._index():
            number = self._find(key)
            if number is None or self._state[number] != _READY:
                return None
            return self._hold(number)

    def open(self, key: bytes, size: int) -> Place | None:
        """The vector of this key, held: ready, or for this process to make. None: there is no room for `size` numbers.

        Waits as long as another process is making it.
        """
        while True:
            with self._index():
                number = self._find(key)
                if number is None:
                    number = self._reserve(key, 4 * size)
                    return None if number is None else self._hold(number)
                if self._state[number] == _READY or self._lock(number, fcntl.LOCK_EX):
                    return self._hold(number)
            self._await(number)

    def lengths(self, keys: Sequence[bytes]) -> tuple[list[int], list[int]]:
        """How many of the keys, each a longer beginning of one chain, lead to a vector: ready ones, those in making."""
        with self._index():
            states = self._states()
        found = [(length, states[key]) for length, key in enumerate(keys, 1) if key in states]
        ready = [length for length, state in found if state == _READY]
        return ready, [length for length, state in found if state == _MAKING]

    def publish(self, number: int) -> None:
        """See `Place`."""
        with self._index():
            self._state[number] = _READY
            self._lock(number, fcntl.LOCK_SH)

    def release(self, number: int, *, ready: bool) -> None:
        """See `Place`."""
        self._held[number] -= 1
        if self._held[number]:
            return
        del self._held[number]
        with self._index():
            if not ready:
                self._state[number] = _EMPTY
            self._unlock(number)

    @contextmanager
    def _index(self) -> Iterator[None]:
        """The index is this process's alone. Each change is made so that a kill leaves them right."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _INDEX_LOCK)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _INDEX_LOCK)

    def _find(self, key: bytes) -> int | None:
        wanted = np.frombuffer(key, np.uint64)
        for number in np.flatnonzero(self._keys[0] == wanted[0]).tolist():
            if self._state[number] != _EMPTY and (self._keys[:, number] == wanted).all():
                return int(number)
        return None

    def _states(self) -> Mapping[bytes, int]:
        live = self._live()
        return {self._keys[:, number].tobytes(): int(self._state[number]) for number in live}

    def _live(self) -> list[int]:
        found: list[int] = np.flatnonzero(self._state != _EMPTY).tolist()
        return found

    def _hold(self, number: int) -> Place:
        """The index is held, and the place is ready or this process's to make."""
        ready = bool(self._state[number] == _READY)
        if ready:
            self._lock(number, fcntl.LOCK_SH)
        self._held[number] += 1
        self._used[number] = self._used.max() + 1
        vector = np.frombuffer(self._memory, np.float32, int(self._bytes[number]) // 4, int(self._start[number]))
        return Place(self, number, vector, ready=ready)

    def _reserve(self, key: bytes, length: int) -> int | None:
        """A place of so many bytes for this process to make, whatever must be dropped for it; the index is held."""
        if length > len(self._memory) - _FIRST_BYTE:
            return None
        while (start := self._gap(length)) is None or (number := self._free_number()) is None:
            if not self._drop_one():
                return None
        self._keys[:, number], self._start[number], self._bytes[number] = np.frombuffer(key, np.uint64), start, length
        self._state[number] = _MAKING  # last: until then the place is empty, whatever else was written
        return number

    def _gap(self, length: int) -> int | None:
        """Where so many bytes are free."""
        end = _FIRST_BYTE
        for start, taken in sorted((int(self._start[number]), int(self._bytes[number])) for number in self._live()):
            if start - end >= length:
                return end
            end = -(-(start + taken) // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
        return end if len(self._memory) - end >= length else None

    def _free_number(self) -> int | None:
        empty = np.flatnonzero(self._state == _EMPTY).tolist()
        return next((number for number in empty if self._lock(number, fcntl.LOCK_EX)), None)

    def _drop_one(self) -> bool:
        """Drops the least recently used vector that nobody holds: whether there was one."""
        for number in sorted(self._live(), key=self._used.__getitem__):
            if number not in self._held and self._lock(number, fcntl.LOCK_EX):
                self._state[number] = _EMPTY
                self._unlock(number)
                return True
        return False

    def _lock(self, number: int, kind: int) -> bool:
        try:
            fcntl.lockf(self._file, kind | fcntl.LOCK_NB, 1, _FIRST_LOCK + number)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(self, number: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _FIRST_LOCK + number)

    def _await(self, number: int) -> None:
        """Returns when the place's maker is done, or dead, or perhaps before: look again."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_SH, 1, _FIRST_LOCK + number)
        except OSError as error:
            # The place went to another vector before this process had its lock, one whose maker waits for this process.
            if error.errno != errno.EDEADLK:
                raise
        else:
            self._unlock(number)
