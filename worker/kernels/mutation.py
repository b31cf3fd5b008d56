"""Mutation: a network's parameters plus noise, made where the network wants them.

Weights are in rows of inputs, noise comes in rows of outputs. A tile of noise is sixteen blocks, each with a counter of
its own: so a vector's sixteen lanes generate blocks of sixteen outputs, and what they give lies as the weights do.
"""

import numpy as np
from numba import njit

from evolution.expansion import Parameters
from evolution.noise import KEY_WORD, LANES, TILE
from evolution.philox import KEY_INCREMENTS, MULTIPLIERS, ROUNDS
from worker.arrays import Places, Words
from worker.kernels.vectors import add_noise_to

_FIRST, _SECOND = (np.uint64(multiplier) for multiplier in MULTIPLIERS)
_KEY_STEPS = tuple(np.uint32(increment) for increment in KEY_INCREMENTS)
_KEY_WORD, _HALF, _LOW, _ZERO = np.uint32(KEY_WORD), np.uint64(32), np.uint32(0xFFFF), np.uint32(0)
_ROWS = TILE // LANES
"""Rows of a tile: a row is of sixteen numbers, one of each block."""
_BLOCKS = LANES * LANES
"""Blocks of a tile for each of sixteen outputs."""
_TILE_WORDS = 4 * _BLOCKS
_RING = 2 * _TILE_WORDS
"""Random words of the latest two tiles."""

CHUNK = 4096
"""Inputs to which all seeds are added before the next: their weights stay in a core's own cache."""
WAYS = 2
"""Neighbouring outputs, whose noise may begin at different rows of a tile."""
WORDS = WAYS * _RING
"""Size of a call's scratch for random words, uint32."""


# Without the interpreter's lock, which other threads need meanwhile: a long chain takes seconds.
@njit(cache=True, nogil=True)
def add_noise(
    weights: Parameters, out: Parameters, rows: Places, outputs: int, group: int, flat: int, seeds: Words,
    factors: Parameters, purpose: int, table: Parameters, words: Words,
) -> None:  # fmt: skip
    """Writes a layer's `weights` plus, for each seed in turn, factor times noise into `out`.

    What belongs to output o and input i is at o // group * group * inputs + rows[i] + o % group, and its noise is
    number flat + o * inputs + i. Places of no output, up to a multiple of 16, become zero.
    """
    inputs, source = len(rows), weights
    if inputs % (TILE // WAYS) or outputs % (WAYS * LANES) or flat % LANES:
        for n in range(len(seeds)):
            _add_in_order(source, out, rows, outputs, group, flat, seeds[n], factors[n], purpose, table, words)
            source = out
        return
    for first in range(0, inputs, CHUNK):
        places = rows[first : first + CHUNK]
        for output in range(0, outputs, WAYS * LANES):
            start, source = output // group * group * inputs + output % group, weights
            for number in range(len(seeds)):
                _add_tiles(
                    source, out, places, start, flat + output * inputs + first, inputs, seeds[number],
                    factors[number], purpose, table, words,
                )  # fmt: skip
                source = out


@njit(cache=True)
def _add_tiles(
    values: Parameters, out: Parameters, places: Places, start: int, flat: int, inputs: int, seed: np.uint32,
    factor: np.float32, purpose: int, table: Parameters, words: Words,
) -> None:  # fmt: skip
    """Adds the noise of 32 outputs: from tile to tile, the rows that are there of all outputs."""
    begin, rows_apart, count = flat // LANES, inputs // LANES, len(places) // LANES
    latest = max(begin % _ROWS, (begin + rows_apart) % _ROWS)
    for tile in range(-(-(count + latest) // _ROWS)):
        for way in range(WAYS):
            number = ((begin + way * rows_apart) // _ROWS + tile) * LANES
            ring = words[way * _RING + tile % 2 * _TILE_WORDS :]
            _generate(ring, np.uint32(number), np.uint32(WAYS * inputs // _ROWS), seed, np.uint32(purpose))
        for row in range(max(0, tile * _ROWS - latest), min(count, (tile + 1) * _ROWS - latest)):
            even = _place_in_ring(row + begin % _ROWS)
            odd = _RING + _place_in_ring(row + (begin + rows_apart) % _ROWS)
            # The rows of both ways are even, or both odd: they are a multiple of four apart.
            shift = np.uint32(16 * ((row + begin) % 2))
            for column in range(LANES):
                place, block = start + places[row * LANES + column], column * LANES
                add_noise_to(values, out, place, words, even + block, odd + block, shift, table, factor)


@njit(cache=True)
def _place_in_ring(row: int) -> int:
    """Where the words of a row begin, counted from the start of the first tile."""
    return row // _ROWS % 2 * _TILE_WORDS + row % _ROWS // 2 * _BLOCKS


@njit(cache=True)
def _add_in_order(
    values: Parameters, out: Parameters, rows: Places, outputs: int, group: int, flat: int, seed: np.uint32,
    factor: np.float32, purpose: int, table: Parameters, words: Words,
) -> None:  # fmt: skip
    """The same for a layer of any size, number by number."""
    inputs, number = len(rows), 0
    output = place = 0
    for first in range(flat // TILE, (flat + outputs * inputs - 1) // TILE + 1, LANES):
        _generate(words, np.uint32(first * LANES), np.uint32(LANES), seed, np.uint32(purpose))
        while number < outputs * inputs and (flat + number) // TILE < first + LANES:
            element = flat + number
            row, block = element % TILE // LANES, element % LANES * LANES + element // TILE - first
            word = words[row // 2 * _BLOCKS + block] >> np.uint32(16 * (row % 2))
            output, place = number // inputs, rows[number % inputs]
            place += output // group * group * inputs + output % group
            out[place] = values[place] + factor * table[word & _LOW]
            number += 1
    for output in range(outputs, -(-outputs // LANES) * LANES):
        for place in rows:
            out[place + output] = 0


@njit(cache=True)
def _generate(words: Words, first: np.uint32, apart: np.uint32, seed: np.uint32, purpose: np.uint32) -> None:
    """Philox4x32-10 of the counters (first + column + lane * apart, 0, purpose, 0), for 16 columns of 16 lanes.

    `evolution.philox` is the reference.
    """
    for column in range(LANES):
        for lane in range(LANES):
            c0, c1, c2, c3 = np.uint32(first + np.uint32(column) + np.uint32(lane) * apart), _ZERO, purpose, _ZERO
            k0, k1 = seed, _KEY_WORD
            for _ in range(ROUNDS):
                low, high = np.uint64(c0) * _FIRST, np.uint64(c2) * _SECOND
                c0, c1 = np.uint32(np.uint32(high >> _HALF) ^ c1 ^ k0), np.uint32(high)
                c2, c3 = np.uint32(np.uint32(low >> _HALF) ^ c3 ^ k1), np.uint32(low)
                k0, k1 = np.uint32(k0 + _KEY_STEPS[0]), np.uint32(k1 + _KEY_STEPS[1])
            block = column * LANES + lane
            words[block], words[_BLOCKS + block] = c0, c1
            words[2 * _BLOCKS + block], words[3 * _BLOCKS + block] = c2, c3
