"""The kinds of arrays that kernels take."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Halves = NDArray[np.uint16]
"""Numbers of half precision (IEEE 754 binary16), by their bits."""
Places = NDArray[np.int64]
Flags = NDArray[np.uint8]
Words = NDArray[np.uint32]

LINE_BYTES = 64
"""A line of the cache."""


def lined_up(count: int) -> Numbers:
    """Shape (count,), zeros, beginning with a line of the cache: a vector across two lines takes two loads."""
    numbers = np.zeros(count + LINE_BYTES // 4, np.float32)
    start = -numbers.ctypes.data % LINE_BYTES // numbers.itemsize
    return numbers[start : start + count]
