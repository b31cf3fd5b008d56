"""Mutation: a network's parameters plus noise, made where the network wants them.

Weights are in rows of inputs, noise comes in rows of outputs: it is made for some rows and columns at a time, which
stay in the core's own cache, and added transposed.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evolution.expansion import Parameters
from evolution.noise import KEY_WORD, LANES, TILE
from evolution.philox import KEY_INCREMENTS, MULTIPLIERS, ROUNDS
from worker.kernels.vectors import Places, add_transposed

Words = NDArray[np.uint32]

_FIRST, _SECOND = (np.uint64(multiplier) for multiplier in MULTIPLIERS)
_KEY_STEPS = tuple(np.uint32(increment) for increment in KEY_INCREMENTS)
_KEY_WORD, _HALF, _LOW, _ZERO = np.uint32(KEY_WORD), np.uint64(32), np.uint32(0xFFFF), np.uint32(0)
_WORDS = 4

CHUNK = 512
"""Inputs whose noise is made at once, for GROUP outputs: so much fits into a core's own cache."""
GROUP = 256
PITCH = CHUNK + TILE + LANES
"""From the noise of one output to that of the next: not a multiple of what would send all to one set of the cache."""
SCRATCH = (GROUP * PITCH + TILE, (_WORDS, (PITCH // TILE + 1) * LANES))
"""Shapes of a call's scratch: for noise, float32, and for random words, uint32."""


# Without the interpreter's lock, which other threads need meanwhile: a long chain takes seconds.
@njit(cache=True, nogil=True)
def add_noise(
    weights: Parameters, out: Parameters, rows: Places, outputs: int, flat: int, seeds: Words, factors: Parameters,
    purpose: int, table: Parameters, words: Words, noise: Parameters,
) -> None:  # fmt: skip
    """Writes `weights` plus, for each seed in turn, factor times noise into `out`, both of shape (inputs, width).

    All seeds are added to one chunk before the next: a long chain reads and writes its weights in the cache only.
    """
    inputs, starts = len(rows), np.empty(GROUP + LANES, np.int64)
    for first in range(0, inputs, CHUNK):
        places = rows[first : first + CHUNK]
        for group in range(0, outputs, GROUP):
            lanes, source = min(GROUP, outputs - group), weights[group:]
            for number in range(len(seeds)):
                for lane in range(lanes):
                    start = flat + (group + lane) * inputs + first
                    starts[lane] = lane * PITCH + _make_noise(
                        noise[lane * PITCH :], words, seeds[number], purpose, start, len(places), table
                    )
                _add_chunk(source, out[group:], places, lanes, noise, starts, factors[number])
                source = out[group:]


@njit(cache=True)
def _add_chunk(
    weights: Parameters, out: Parameters, places: Places, lanes: int, noise: Parameters, starts: Places,
    factor: np.float32,
) -> None:  # fmt: skip
    """Adds noise, in rows of outputs, to weights, in rows of inputs; the lanes of no output become zero."""
    for column in range(0, len(places), LANES):
        for first in range(0, lanes, LANES):
            if column + LANES <= len(places) and first + LANES <= lanes:
                add_transposed(weights, out, places, column, first, noise, starts, factor)
                continue
            for number in range(column, min(column + LANES, len(places))):
                for lane in range(first, first + LANES):
                    place = places[number] + lane
                    value = weights[place] + factor * noise[starts[lane] + number] if lane < lanes else np.float32(0)
                    out[place] = value


@njit(cache=True)
def _make_noise(
    noise: Parameters, words: Words, seed: np.uint32, purpose: int, start: int, count: int, table: Parameters
) -> int:
    """Puts elements start..start+count-1 of z(seed, purpose), and what shares their tiles, into `noise`: from where."""
    first_tile = start // TILE
    tiles = -(-(start + count) // TILE) - first_tile
    _generate(words, tiles * LANES, np.uint32(first_tile * LANES), seed, np.uint32(purpose))
    for tile in range(tiles):
        for word in range(_WORDS):
            place, block = tile * TILE + word * 2 * LANES, tile * LANES
            for lane in range(LANES):
                noise[place + lane] = table[words[word, block + lane] & _LOW]
            for lane in range(LANES):
                noise[place + LANES + lane] = table[words[word, block + lane] >> np.uint32(16)]
    return start - first_tile * TILE


@njit(cache=True)
def _generate(words: Words, blocks: int, first_block: np.uint32, seed: np.uint32, purpose: np.uint32) -> None:
    """Philox4x32-10 of the counters (first_block + b, 0, purpose, 0); `evolution.philox` is the reference."""
    for block in range(blocks):
        c0, c1, c2, c3 = np.uint32(first_block + block), _ZERO, purpose, _ZERO
        k0, k1 = seed, _KEY_WORD
        for _ in range(ROUNDS):
            first, second = np.uint64(c0) * _FIRST, np.uint64(c2) * _SECOND
            c0, c1 = np.uint32(np.uint32(second >> _HALF) ^ c1 ^ k0), np.uint32(second)
            c2, c3 = np.uint32(np.uint32(first >> _HALF) ^ c3 ^ k1), np.uint32(first)
            k0, k1 = np.uint32(k0 + _KEY_STEPS[0]), np.uint32(k1 + _KEY_STEPS[1])
        words[0, block], words[1, block], words[2, block], words[3, block] = c0, c1, c2, c3
