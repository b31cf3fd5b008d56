"""Normal noise from a seed, bit by bit as GENOME.md, sections "Normal table" and "Noise"."""

import hashlib
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from evolution.philox import Words, philox_rounds

INITIAL_WEIGHTS = 0
"""Purpose of the noise that a chain's first seed gives."""
MUTATION = 1
"""Purpose of the noise that each further seed gives."""

TABLE_SIZE = 65536
TABLE_SHA256 = "1cfbba1e07e34386a57626f82aeb43e6ed54ba70a3ea6b7d964dc66a841074a8"
KEY_WORD = 0x65766F6C
TILE = 128
"""Elements of a tile: sixteen blocks of four words of two halves."""
LANES = 16
"""Blocks of a tile."""
LONGEST = 2**32 * TILE // LANES
"""Elements that the 32-bit block number can reach."""
CHUNK_TILES = 256
"""Tiles made at once, so that all intermediate arrays stay in a core's own cache."""

_LOW_HALF, _HALF_BITS = np.uint64(0xFFFF), np.uint64(16)


class DifferentNormalTable(RuntimeError):
    """This machine's arithmetic would rebuild other weights than format philox-1 prescribes.

    Use a standard build of CPython on a platform with IEEE 754 arithmetic.
    """


@cache
def normal_table() -> NDArray[np.float32]:
    """Shape (65536,), float32, read-only: inverse normal CDF of (k + 0.5) / 65536, in float64 and rounded once.

    Raises:
        DifferentNormalTable: this platform's arithmetic gives other bits.
    """
    inverse = NormalDist().inv_cdf
    table = np.array([inverse((k + 0.5) / TABLE_SIZE) for k in range(TABLE_SIZE)], dtype=np.float64).astype(np.float32)
    check_table(table)
    table.flags.writeable = False
    return table


def check_table(table: NDArray[np.float32]) -> None:
    """Compares the table's SHA-256 with the format's.

    Raises:
        DifferentNormalTable: they differ.
    """
    if hashlib.sha256(table.astype("<f4").tobytes()).hexdigest() != TABLE_SHA256:
        raise DifferentNormalTable(
            "this machine's arithmetic gives another normal table than format philox-1 prescribes: "
            "use a standard build of CPython on a platform with IEEE 754 arithmetic"
        )


def noise(seed: int, purpose: int, start: int, stop: int) -> NDArray[np.float32]:
    """Shape (stop - start,), float32: elements start..stop-1 of the unbounded vector z(seed, purpose).

    Raises:
        ValueError: the slice is not within 0..LONGEST.
    """
    if not 0 <= start <= stop <= LONGEST:
        raise ValueError(f"noise has elements 0 to {LONGEST}: there is no slice {start} to {stop}")
    first_tile, last_tile = start // TILE, -(-stop // TILE)
    out = np.empty((last_tile - first_tile, TILE), dtype=np.float32)
    for tile in range(first_tile, last_tile, CHUNK_TILES):
        end = min(tile + CHUNK_TILES, last_tile)
        _fill_tiles(out[tile - first_tile : end - first_tile], seed, purpose, tile)
    return out.reshape(-1)[start - first_tile * TILE : stop - first_tile * TILE]


def _fill_tiles(out: NDArray[np.float32], seed: int, purpose: int, first_tile: int) -> None:
    """Overwrites `out`, shape (tiles, 128), with the tiles from `first_tile` on."""
    tiles = len(out)
    blocks = np.arange(first_tile * LANES, (first_tile + tiles) * LANES, dtype=np.uint64)
    counters = [blocks, np.zeros_like(blocks), np.full_like(blocks, purpose), np.zeros_like(blocks)]
    halves = _interleave(philox_rounds(counters, (seed, KEY_WORD)), tiles)
    # Every half is below 65536; "clip" only spares NumPy a buffered check.
    np.take(normal_table(), halves.view(np.int64), out=out, mode="clip")


def _interleave(words: list[Words], tiles: int) -> Words:
    """Shape (tiles, 128): for each word in turn, the low halves of a tile's sixteen blocks, then the high halves."""
    halves = np.empty((tiles, len(words), 2, LANES), dtype=np.uint64)
    for number, word in enumerate(words):
        lanes = word.reshape(tiles, LANES)
        np.bitwise_and(lanes, _LOW_HALF, out=halves[:, number, 0])
        np.right_shift(lanes, _HALF_BITS, out=halves[:, number, 1])
    return halves.reshape(tiles, TILE)
