"""A decision of network cshenton-2018. Only sums of features that changed since the last decision are computed again.

Order of summation (each sum is one chain of fused multiply-adds in float32, ascending, as in engine exact-1):
- convolution: from zero, rows of the window, its columns, input channels; then ReLU, then times the factor;
- hidden layer: for each position of the last image, from zero, its channels that are not zero; then the positions' sums
  from zero in row-major order; then times the factor, then ReLU;
- outputs: from zero, the hidden units that are not zero.
"""

import numpy as np
from numba import njit

from evolution.cshenton import NORMALISATION
from worker.arrays import Flags, Numbers
from worker.classic_network import ScreenConvolution, ScreenNetwork
from worker.instructions import WIDE
from worker.kernels.image import ROW_VECTORS, list_active
from worker.kernels.vectors import LANES, make_row_sums, make_window_sums
from worker.records import make_store

WINDOWS = 24 if WIDE else 6
"""Windows whose sums fit into the registers."""
FACTOR = np.float32(NORMALISATION)
UNSEEN = np.float32(-1)
"""No feature is negative."""

_window_sums = make_window_sums(WINDOWS, 1)
_row_sums = make_row_sums(ROW_VECTORS)
_output_sums = make_row_sums(1)
_put, _take = make_store(ScreenNetwork)


@njit(cache=True)
def keep(memory: Flags, network: ScreenNetwork) -> None:
    """Writes into `memory` where the network's arrays are; the caller keeps them alive."""
    _put(memory, network)


@njit(cache=True)
def forget(memory: Flags) -> None:
    """Everything is to be computed anew: the weights are others."""
    _take(memory).seen[:] = UNSEEN


@njit(cache=True)
def decide(memory: Flags, pixels: Flags) -> None:
    """Computes the outputs of the network kept in `memory` for a screen, shape (rows * columns * colours,)."""
    network = _take(memory)
    _see(network, pixels)
    _convolve(network.first, network.second.image)
    _convolve(network.second, network.features)
    _hide(network)
    _answer(network)


@njit(cache=True)
def _see(network: ScreenNetwork, pixels: Flags) -> None:
    image, row, pitch = network.first.image, network.screen_row, network.first.pitch
    for y in range(len(pixels) // row):
        line, seen = image[network.begin + y * pitch :], pixels[y * row : (y + 1) * row]
        for x in range(row):
            line[x] = np.float32(seen[x])


@njit(cache=True)
def _convolve(layer: ScreenConvolution, image: Numbers) -> None:
    """Computes all windows into the next layer's image."""
    outputs = len(layer.zeros)
    for first in range(0, layer.windows, WINDOWS):
        for start in range(0, outputs, LANES):
            _window_sums(
                layer.image, layer.places, first, layer.weights, start, outputs, layer.zeros,
                layer.rows, layer.run, layer.pitch, layer.sums, 0,
            )  # fmt: skip
            for number in range(min(WINDOWS, layer.windows - first)):
                out, sums = image[layer.out[first + number] + start :], layer.sums[number * LANES :]
                for lane in range(LANES):
                    out[lane] = (sums[lane] if sums[lane] > 0 else np.float32(0)) * FACTOR


@njit(cache=True)
def _hide(network: ScreenNetwork) -> None:
    """The hidden layer: sums of the positions that changed, then the sum of all."""
    positions, units = network.positions, len(network.hidden)
    channels = len(network.features) // positions
    hidden, partial = network.hidden, network.partial
    for position in range(positions):
        if _take_over(network.features, network.seen, position * channels, channels):
            place = position * units
            partial[place : place + units] = 0
            count = list_active(network.values, network.active, network.seen, position * channels, channels)
            for unit in range(0, units, LANES * ROW_VECTORS):
                _row_sums(network.values, network.active, count, network.weights, units, unit, partial, place + unit)
    hidden[:] = 0
    for position in range(positions):
        sums = partial[position * units :]
        for unit in range(units):
            hidden[unit] += sums[unit]
    for unit in range(units):
        value = hidden[unit] * FACTOR
        hidden[unit] = value if value > 0 else np.float32(0)


@njit(cache=True)
def _answer(network: ScreenNetwork) -> None:
    """The output layer."""
    width = len(network.outputs)
    network.outputs[:] = 0
    count = list_active(network.values, network.active, network.hidden, 0, len(network.hidden))
    for start in range(0, width, LANES):
        _output_sums(network.values, network.active, count, network.out_weights, width, start, network.outputs, start)


@njit(cache=True)
def _take_over(features: Numbers, seen: Numbers, start: int, length: int) -> bool:
    """Whether any of `length` features from `start` on is another than was seen; it is seen now."""
    changed = False
    for place in range(start, start + length):
        changed |= features[place] != seen[place]
        seen[place] = features[place]
    return changed
