"""Vectors that processes share: made once, never seen half made, gone with the last process."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.shelf import ALIGNMENT_BYTES, Place, Shelf, open_memory

PAGE = ALIGNMENT_BYTES // 4
"""Numbers that fill the smallest piece of memory."""
KEYS = [bytes([number]) * 32 for number in range(20)]
MAKES_ONE = """
import sys
from worker.shelf import Shelf
shelf = Shelf(int(sys.argv[1]))
place = shelf.open(bytes.fromhex(sys.argv[2]), int(sys.argv[3]))
place.vector[:] = 1
print("ready" if place.ready else "making", flush=True)
if sys.stdin.readline():
    place.publish()
    print("published", flush=True)
sys.stdin.readline()
"""
Maker = subprocess.Popen[str]


@pytest.fixture
def file() -> Iterator[int]:
    memory = open_memory(3 * ALIGNMENT_BYTES)
    yield memory
    os.close(memory)


@pytest.fixture
def another(file: int) -> Iterator[Callable[[bytes], Maker]]:
    """Starts processes that open a vector of the file, and wait for a line before they publish it, for one more after.

    None outlives the test.
    """
    started: list[Maker] = []

    def start(key: bytes) -> Maker:
        arguments = [sys.executable, "-c", MAKES_ONE, str(file), key.hex(), str(PAGE)]
        started.append(
            subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[file])
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def said(process: Maker) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: Maker) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def put(shelf: Shelf, key: bytes, size: int = PAGE, value: float = 1.0) -> None:
    place = opened(shelf, key, size)
    place.vector[:] = value
    place.publish()
    place.release()


def opened(shelf: Shelf, key: bytes, size: int = PAGE) -> Place:
    place = shelf.open(key, size)
    assert place is not None
    return place


def is_kept(shelf: Shelf, key: bytes) -> bool:
    place = shelf.pin(key)
    if place is not None:
        place.release()
    return place is not None


def test_a_vector_is_not_read_before_it_is_published(file: int) -> None:
    shelf = Shelf(file)
    place = opened(shelf, KEYS[0])
    assert not place.ready
    assert shelf.pin(KEYS[0]) is None
    assert shelf.lengths([KEYS[1], KEYS[0]]) == ([], [2])
    place.publish()
    assert shelf.lengths([KEYS[1], KEYS[0]]) == ([2], [])
    assert is_kept(shelf, KEYS[0])


def test_a_vector_given_up_leaves_its_room(file: int) -> None:
    shelf = Shelf(file)
    opened(shelf, KEYS[0], 3 * PAGE).release()
    assert shelf.lengths(KEYS[:1]) == ([], [])
    assert not opened(shelf, KEYS[1], 3 * PAGE).ready


def test_the_least_recently_used_that_nobody_holds_is_dropped(file: int) -> None:
    shelf = Shelf(file)
    for key in KEYS[:3]:
        put(shelf, key)
    held = shelf.pin(KEYS[0])
    assert held is not None
    assert is_kept(shelf, KEYS[1])
    put(shelf, KEYS[3])
    assert [is_kept(shelf, key) for key in KEYS[:4]] == [True, True, False, True]
    held.release()
    put(shelf, KEYS[4])
    assert not is_kept(shelf, KEYS[0])


def test_what_is_held_is_not_dropped_even_if_there_is_no_room(file: int) -> None:
    shelf = Shelf(file)
    held = [opened(shelf, key) for key in KEYS[:3]]
    assert shelf.open(KEYS[3], PAGE) is None
    held[1].release()
    assert not opened(shelf, KEYS[3]).ready


def test_a_vector_larger_than_the_shelf_drops_nothing(file: int) -> None:
    shelf = Shelf(file)
    put(shelf, KEYS[0])
    assert shelf.open(KEYS[1], 3 * PAGE + 1) is None
    assert is_kept(shelf, KEYS[0])


def test_another_process_reads_what_this_one_made(file: int, another: Callable[[bytes], Maker]) -> None:
    put(Shelf(file), KEYS[0])
    assert said(another(KEYS[0])) == "ready"


def test_what_another_process_is_making_is_waited_for(file: int, another: Callable[[bytes], Maker]) -> None:
    maker = another(KEYS[0])
    assert said(maker) == "making"
    shelf = Shelf(file)
    assert shelf.pin(KEYS[0]) is None
    later = threading.Timer(0.2, tell, [maker])
    later.start()
    place = opened(shelf, KEYS[0])
    assert place.ready
    assert (place.vector == 1).all()
    later.join()


def test_what_another_process_holds_is_not_dropped(file: int, another: Callable[[bytes], Maker]) -> None:
    shelf = Shelf(file)
    maker = another(KEYS[0])
    assert said(maker) == "making"
    put(shelf, KEYS[1])
    reader = another(KEYS[1])
    assert said(reader) == "ready"
    assert shelf.open(KEYS[2], 2 * PAGE) is None
    reader.kill()
    reader.wait()
    assert not opened(shelf, KEYS[2], 2 * PAGE).ready


def test_what_a_killed_process_left_half_made_is_made_again(file: int, another: Callable[[bytes], Maker]) -> None:
    maker = another(KEYS[0])
    assert said(maker) == "making"
    waiting = another(KEYS[0])
    maker.send_signal(signal.SIGKILL)
    assert said(waiting) == "making"
    waiting.kill()
    waiting.wait()
    shelf = Shelf(file)
    assert shelf.pin(KEYS[0]) is None
    assert not opened(shelf, KEYS[0]).ready


def test_what_killed_processes_left_half_made_leaves_its_room(file: int, another: Callable[[bytes], Maker]) -> None:
    for key in KEYS[:3]:
        maker = another(key)
        assert said(maker) == "making"
        maker.kill()
        maker.wait()
    assert not opened(Shelf(file), KEYS[3], 3 * PAGE).ready


def test_the_memory_has_no_name_and_is_inherited_only_where_it_is_passed_on(file: int) -> None:
    assert not Path(f"/proc/self/fd/{file}").readlink().exists()
    assert not os.get_inheritable(file)


def test_a_system_without_nameless_memory_uses_a_file_that_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    file = open_memory(ALIGNMENT_BYTES)
    assert Path(f"/proc/self/fd/{file}").readlink().name.endswith("(deleted)")
    shelf = Shelf(file)
    put(shelf, KEYS[0])
    assert is_kept(shelf, KEYS[0])


@given(
    steps=st.lists(st.tuples(st.sampled_from(range(8)), st.booleans()), max_size=60), sizes=st.permutations(range(8))
)
def test_vectors_never_overlap_and_keep_their_numbers(steps: list[tuple[int, bool]], sizes: list[int]) -> None:
    file = open_memory(10 * ALIGNMENT_BYTES)
    shelf, held = Shelf(file), dict[int, Place]()
    for number, publish in steps:
        if number in held:
            place = held.pop(number)
            if not place.ready and publish:
                place.publish()
            place.release()
        elif (found := shelf.open(KEYS[number], sizes[number] * PAGE + 1)) is not None:
            if not found.ready:
                found.vector[:] = number
            held[number] = found
        assert all((place.vector == number).all() for number, place in held.items())
        assert all(place.vector.ctypes.data % ALIGNMENT_BYTES == 0 for place in held.values())
    os.close(file)
