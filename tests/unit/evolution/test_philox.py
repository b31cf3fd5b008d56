"""Philox4x32-10: the known answers of its authors, and its three forms as one function."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.philox import philox4x32, philox_block

word = st.integers(0, 2**32 - 1)

KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers_hold_in_both_forms(
    counter: tuple[int, int, int, int], key: tuple[int, int], answer: tuple[int, int, int, int]
) -> None:
    assert philox_block(counter, key) == answer
    assert philox4x32(np.array(counter, dtype=np.uint32), key).tolist() == list(answer)


@given(st.lists(st.tuples(word, word, word, word), min_size=1, max_size=20), st.tuples(word, word))
def test_arrays_give_the_words_of_their_single_blocks(
    counters: list[tuple[int, int, int, int]], key: tuple[int, int]
) -> None:
    words = philox4x32(np.array(counters, dtype=np.uint32), key)
    assert words.dtype == np.uint32
    assert [tuple(row) for row in words.tolist()] == [philox_block(counter, key) for counter in counters]


def test_any_shape_of_counters_keeps_its_shape() -> None:
    counters = np.arange(24, dtype=np.uint32).reshape(2, 3, 4)
    words = philox4x32(counters, (1, 2))
    assert words.shape == (2, 3, 4)
    assert (words[1] == philox4x32(counters[1], (1, 2))).all()


def test_counters_are_left_as_they_were() -> None:
    counters = np.ones((5, 4), dtype=np.uint32)
    philox4x32(counters, (1, 2))
    assert (counters == 1).all()


def test_counters_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="four words"):
        philox4x32(np.zeros((4, 3), dtype=np.uint32), (0, 0))
