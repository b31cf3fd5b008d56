"""Resizing by area: how much of each row, or column, of a frame belongs to each of an image."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Taps(NamedTuple):
    """What each row (or column) of an image covers of a frame's."""

    starts: NDArray[np.int64]
    """Shape (side,): the first."""
    weights: NDArray[np.int32]
    """Shape (side, most): how many parts of that and the following are covered."""
    total: int
    """Parts that each covers."""


def area_taps(length: int, side: int) -> Taps:
    """`length` rows become `side`: each row is cut into `side` parts, of which an image's row takes `length`."""
    most = -(-length // side) + 1
    begins = np.arange(side) * length
    # At the end the window is moved back, so that it stays inside; what it then covers of its first rows is nothing.
    starts = np.minimum(begins // side, length - most)
    cut = (starts[:, np.newaxis] + np.arange(most)) * side
    ends = (begins + length)[:, np.newaxis]
    weights = np.maximum(0, np.minimum(cut + side, ends) - np.maximum(cut, begins[:, np.newaxis]))
    divisor = int(np.gcd.reduce(weights, axis=None))
    return Taps(starts, (weights // divisor).astype(np.int32), length // divisor)
