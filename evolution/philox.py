"""The counter-based generator Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").

Three forms of one function: `philox4x32` on arrays, `philox_block` on plain integers (quicker for one block), and
`philox_rounds`, which overwrites the arrays that it is given.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_INCREMENTS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
WORD = 0xFFFFFFFF
"""Largest 32-bit word, and the mask of one."""

Words = NDArray[np.uint64]
"""32-bit words, each in the low half of a 64-bit number, so that a product of two is whole."""

_FIRST, _SECOND = (np.uint64(multiplier) for multiplier in MULTIPLIERS)
_MASK, _HALF = np.uint64(WORD), np.uint64(32)


class Block(NamedTuple):
    """Four 32-bit words, lowest first."""

    word0: int
    word1: int
    word2: int
    word3: int


def philox4x32(counters: NDArray[np.uint32], key: tuple[int, int]) -> NDArray[np.uint32]:
    """Shape (..., 4), uint32: the random words of `counters`, shape (..., 4), words lowest first, under `key` (k0, k1).

    Raises:
        ValueError: the last axis of `counters` has not four entries.
    """
    if counters.shape[-1:] != (4,):
        raise ValueError(f"counters have shape {counters.shape}: the last axis must have four words")
    words = philox_rounds([counters[..., word].astype(np.uint64) for word in range(4)], key)
    return np.stack(words, axis=-1).astype(np.uint32)


def philox_block(counter: tuple[int, int, int, int], key: tuple[int, int]) -> Block:
    """The four random words of one counter under `key` (k0, k1); every number an unsigned 32-bit integer."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        first, second = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1 = (second >> 32) ^ c1 ^ k0, second & WORD
        c2, c3 = (first >> 32) ^ c3 ^ k1, first & WORD
        k0, k1 = (k0 + KEY_INCREMENTS[0]) & WORD, (k1 + KEY_INCREMENTS[1]) & WORD
    return Block(c0, c1, c2, c3)


def philox_rounds(words: list[Words], key: tuple[int, int]) -> list[Words]:
    """Four arrays of one shape: the random words of the four counter words, which are overwritten."""
    c0, c1, c2, c3 = words
    first, second = np.empty_like(c0), np.empty_like(c0)
    k0, k1 = key
    for _ in range(ROUNDS):
        np.multiply(c0, _FIRST, out=first)
        np.multiply(c2, _SECOND, out=second)
        _mix(c0, second, c1, k0)
        _mix(c2, first, c3, k1)
        # The products become c1 and c3 unmasked: `_mix` clears the high halves that they bring.
        c1, second = second, c1
        c3, first = first, c3
        k0, k1 = (k0 + KEY_INCREMENTS[0]) & WORD, (k1 + KEY_INCREMENTS[1]) & WORD
    c1 &= _MASK
    c3 &= _MASK
    return [c0, c1, c2, c3]


def _mix(out: Words, product: Words, word: Words, key: int) -> None:
    """Overwrite `out` with the low 32 bits of: high half of `product` ^ `word` ^ `key`."""
    np.right_shift(product, _HALF, out=out)
    out ^= word
    out ^= np.uint64(key)
    out &= _MASK
