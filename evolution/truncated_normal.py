"""Truncated normal numbers as format cshenton-2018 fills its initial weights with: the same for every policy.

Philox4x32-10 under one key; four numbers a group, whose words are those of the group's own blocks, in order. A pair of
words makes a pair of numbers by Box-Muller; those two standard deviations or more from zero are dropped.
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from evolution.philox import Words, philox_rounds

KEY = (87654321, 0)
STREAM = 1234
"""The third counter word."""
GROUP = 4
"""Numbers of a group, which read four words a block."""
BLOCKS = 256
"""Block numbers set aside for a group."""
FRACTION_BITS = 0x7FFFFF
SMALLEST = np.float32(1e-7)
"""A uniform number's least value under the logarithm."""
BOUND = np.float32(2)
CHUNK_GROUPS = 16384
"""Groups made at once, so that intermediate arrays stay small."""

LARGEST = 17280 * 256
"""Numbers of the largest tensor."""
SHA256 = "d0eb374f527c805ec21b5251ba87e696e5c655cec89344a1ac73db4e2d8e48f8"
"""Of those, as little-endian float32."""

Numbers = NDArray[np.float32]


class DifferentTruncatedNormal(RuntimeError):
    """This machine's arithmetic would rebuild other weights than format cshenton-2018 prescribes.

    Use a standard build of NumPy on a platform with IEEE 754 arithmetic.
    """


def truncated_normal() -> Numbers:
    """Shape (17280 * 256,), float32: the numbers that the largest tensor begins as; each smaller one with the first.

    Sine, cosine and logarithm are computed in float64 and rounded, so that no library's float32 versions decide.

    Raises:
        DifferentTruncatedNormal: this platform's arithmetic gives other bits.
    """
    numbers = np.empty((LARGEST // GROUP, GROUP), np.float32)
    for start in range(0, len(numbers), CHUNK_GROUPS):
        end = min(start + CHUNK_GROUPS, len(numbers))
        numbers[start:end] = _make_groups(np.arange(start, end, dtype=np.uint64))
    if hashlib.sha256(numbers.astype("<f4").tobytes()).hexdigest() != SHA256:
        raise DifferentTruncatedNormal(
            "the initial weights of format cshenton-2018 come out differently on this machine: "
            "use a standard build of NumPy on a platform with IEEE 754 arithmetic"
        )
    return numbers.ravel()


def _make_groups(groups: Words) -> Numbers:
    """Shape (n, 4): the numbers of these groups, n of them."""
    numbers = np.empty((len(groups), GROUP), np.float32)
    filled, unfinished, block = np.zeros(len(groups), np.int64), np.arange(len(groups)), 0
    while len(unfinished):
        made = _make_block(groups[unfinished] * np.uint64(BLOCKS) + np.uint64(block))
        for column in range(GROUP):
            kept = (np.abs(made[:, column]) < BOUND) & (filled[unfinished] < GROUP)
            rows = unfinished[kept]
            numbers[rows, filled[rows]] = made[kept, column]
            filled[rows] += 1
        unfinished, block = unfinished[filled[unfinished] < GROUP], block + 1
    return numbers


def _make_block(blocks: Words) -> Numbers:
    """Shape (n, 4): the normal numbers, before any is dropped, of the words of these blocks, n of them."""
    low, high = blocks & np.uint64(0xFFFFFFFF), blocks >> np.uint64(32)
    words = philox_rounds([low, high, np.full_like(low, STREAM), np.zeros_like(low)], KEY)
    return np.stack([*_box_muller(words[0], words[1]), *_box_muller(words[2], words[3])], axis=1)


def _box_muller(first: Words, second: Words) -> tuple[Numbers, Numbers]:
    radius = np.sqrt(np.float32(-2) * _rounded(np.log, np.maximum(_unit(first), SMALLEST)))
    angle = np.float32(2 * math.pi) * _unit(second)
    return _rounded(np.sin, angle) * radius, _rounded(np.cos, angle) * radius


def _unit(words: Words) -> Numbers:
    """Numbers from 0 to below 1, whose fraction's 23 bits are the lowest 23 of the words."""
    return (words & np.uint64(FRACTION_BITS)).astype(np.float32) / np.float32(FRACTION_BITS + 1)


def _rounded(function: np.ufunc, numbers: Numbers) -> Numbers:
    result: NDArray[np.float64] = function(numbers.astype(np.float64))
    return result.astype(np.float32)
