"""From frames of colour numbers to an image, only where something changed.

An image's pixel is the mean of the area that it covers, in whole numbers: (2 * sum + weight) // (2 * weight), a half
rounded up, where each pixel of the frame counts as often as the parts of it that are covered.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worker.areas import Taps

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
UNKNOWN = -1
SHIFT = 40


@njit(cache=True)
def look(
    words: Words, kept_words: Words, colours: Bytes, grays: NDArray[np.int16], gray: Bytes, changed: Bytes
) -> bool:  # fmt: skip
    """Takes a frame of `colours`, shape (height, width), over into `kept_words`, and into `gray` where it changed.

    `words`: the same frame, eight pixels a number. `grays`, shape (256,): the gray of each colour. `changed`, shape
    (height,): set where a row did. False if `grays` does not tell of some colour: then all of `gray` is to be made.
    """
    known = True
    for y in range(len(words)):
        different = np.uint64(0)
        for x in range(words.shape[1]):
            different |= words[y, x] ^ kept_words[y, x]
        if different:
            changed[y] = 1
            for x in range(words.shape[1]):
                kept_words[y, x] = words[y, x]
            for x in range(colours.shape[1]):
                level = grays[colours[y, x]]
                known &= level >= 0
                gray[y, x] = level
    return known


@njit(cache=True)
def push(
    first: Bytes, second: Bytes, changed: Bytes, rows: Taps, columns: Taps, sums: NDArray[np.int32], image: Bytes,
    pixels: NDArray[np.uint32],
) -> None:  # fmt: skip
    """Makes `image`, shape (side, side), of the maximum of two gray frames; puts it on top of the stack `pixels`."""
    side = len(image)
    for y in range(side):
        start, stale = rows.starts[y], False
        for tap in range(rows.weights.shape[1]):
            stale |= changed[start + tap] != 0
        if stale:
            _cover_rows(first[start:], second[start:], rows.weights[y], sums)
            _cover_columns(sums, columns, rows.total, image[y])
    changed[:] = 0
    for y in range(side):
        for x in range(side):
            pixels[y, x] = (pixels[y, x] >> np.uint32(8)) | (np.uint32(image[y, x]) << np.uint32(24))


@njit(cache=True)
def _cover_rows(first: Bytes, second: Bytes, weights: NDArray[np.int32], sums: NDArray[np.int32]) -> None:
    """Sums the rows that one row of the image covers."""
    sums[:] = 0
    for tap in range(len(weights)):
        for x in range(first.shape[1]):
            brighter = max(second[tap, x], first[tap, x])
            sums[x] += np.int32(weights[tap] * np.int32(brighter))


@njit(cache=True)
def _cover_columns(sums: NDArray[np.int32], columns: Taps, rows_total: int, out: Bytes) -> None:
    """Sums the columns that each pixel covers, and divides."""
    total = rows_total * columns.total
    # Division by multiplication, exact while 1022 * total ** 2 < 2 ** SHIFT: it costs a tenth.
    inverse = (1 << SHIFT) // (2 * total) + 1
    for x in range(len(out)):
        area = np.int64(0)
        for tap in range(columns.weights.shape[1]):
            area += np.int64(columns.weights[x, tap] * sums[columns.starts[x] + tap])
        out[x] = ((2 * area + total) * inverse) >> SHIFT
