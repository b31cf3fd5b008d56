"""The kinds of arrays that kernels take."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Halves = NDArray[np.uint16]
"""Numbers of half precision (IEEE 754 binary16), by their bits."""
Places = NDArray[np.int64]
Flags = NDArray[np.uint8]
Words = NDArray[np.uint32]
