"""A decision of an image network: only what can have changed since the last decision is computed again.

Order of summation, engine exact-1 (each sum is one chain of fused multiply-adds in float32, ascending):
- convolution: the bias, then rows of the window, its columns, input channels; then ReLU;
- hidden layer, its weights rounded to half precision (IEEE 754 binary16, to the nearest, of two to the even one): for
  each position of the last image, from zero, its channels that are not zero; then the bias, plus the positions' sums in
  row-major order; then ReLU;
- outputs: the bias, then the hidden units that are not zero.
So a sum that is kept from the decision before has the very bits of one computed anew.
"""

import numpy as np
from numba import njit

from worker.arrays import Flags, Numbers, Places, Words
from worker.image_network import Convolution, Dense, Network
from worker.instructions import WIDE
from worker.kernels.vectors import AHEAD, HIDDEN_GROUP, LANES, make_row_sums, make_window_sums, shorten
from worker.records import make_store

# Windows and vectors whose sums fit into the registers, factors included: 24 and 4 of 32, or 12 and 2 of 16 halves.
WINDOWS, VECTORS = (12, 2) if WIDE else (6, 1)
ROW_VECTORS = 16 if WIDE else 4

_window_sums = make_window_sums(WINDOWS, VECTORS)
_row_sums = make_row_sums(ROW_VECTORS)
_output_sums = make_row_sums(1)


_put, _take = make_store(Network)


@njit(cache=True)
def keep(memory: Flags, network: Network) -> None:
    """Writes into `memory` where the network's arrays are; the caller keeps them alive."""
    _put(memory, network)


@njit(cache=True)
def forget(memory: Flags) -> None:
    """Everything is to be computed anew: the weights are others."""
    network = _take(memory)
    _round(network.dense)
    network.first.stale[:] = 1
    network.second.stale[:] = 1
    network.third.stale[:] = 1
    network.dense.stale[:] = 1


@njit(cache=True)
def decide(memory: Flags, pixels: Words) -> None:
    """Computes the outputs of the network kept in `memory` for a stack of images, shape (84 * 84,)."""
    network = _take(memory)
    _see(network, pixels)
    _convolve(network.first, network.second.image, network.second.stale)
    _convolve(network.second, network.third.image, network.third.stale)
    _convolve(network.third, network.dense.features, network.dense.stale)
    _hide(network.dense)
    _answer(network.dense)


@njit(cache=True)
def _round(dense: Dense) -> None:
    """Rounds the hidden layer's weights to half precision, and puts them into the order of play."""
    units, positions = len(dense.hidden), len(dense.stale)
    channels, place = len(dense.features) // positions, 0
    for group in range(0, units, HIDDEN_GROUP):
        for channel in range(channels):
            for position in range(positions):
                out = (position * channels + channel) * units + group
                for unit in range(0, HIDDEN_GROUP, LANES):
                    shorten(dense.made, place + unit, dense.weights, out + unit)
                place += HIDDEN_GROUP


@njit(cache=True)
def _see(network: Network, pixels: Words) -> None:
    """Takes over the pixels that changed."""
    first, side, border = network.first, network.image_side, network.border
    channels, stride = 4, 4
    cells = first.side + first.cells - 1
    for y in range(side):
        row, seen = pixels[y * side : (y + 1) * side], network.pixels[y * side : (y + 1) * side]
        different = False
        for x in range(side):
            different |= row[x] != seen[x]
        if not different:
            continue
        for x in range(side):
            if row[x] != seen[x]:
                seen[x] = row[x]
                place = (y + border) * first.pitch + (x + border) * channels
                for channel in range(channels):
                    first.image[place + channel] = network.brightness[(row[x] >> np.uint32(8 * channel)) & 255]
                first.stale[(y + border) // stride * cells + (x + border) // stride] = 1


@njit(cache=True)
def _convolve(layer: Convolution, image: Numbers, stale: Flags) -> None:
    """Computes the windows in which something changed; tells the next layer where its image changed."""
    outputs, group = len(layer.biases), LANES * VECTORS
    count = _choose(layer)
    for first in range(0, count, WINDOWS):
        for start in range(0, outputs, group):
            _window_sums(
                layer.image, layer.begins, first, layer.weights, start, outputs, layer.biases,
                layer.rows, layer.run, layer.pitch, layer.sums, start * WINDOWS,
            )  # fmt: skip
        for number in range(min(WINDOWS, count - first)):
            window, changed = layer.chosen[first + number], False
            for start in range(0, outputs, group):
                sums = layer.sums[start * WINDOWS + number * group :]
                changed |= _rectify(sums, image[layer.out[window] + start :], group)
            if changed:
                stale[layer.out_cells[window]] = 1


@njit(cache=True)
def _choose(layer: Convolution) -> int:
    """Lists the windows with a stale cell, the last of them repeated to a multiple of WINDOWS: how many."""
    side, cells = layer.side, layer.cells
    width, stale, count = side + cells - 1, layer.stale, 0
    for y in range(side):
        for x in range(side):
            found = False
            for cell_y in range(y, y + cells):
                for cell_x in range(x, x + cells):
                    found |= stale[cell_y * width + cell_x] != 0
            if found:
                layer.chosen[count] = y * side + x
                layer.begins[count] = layer.places[y * side + x]
                count += 1
    stale[:] = 0
    if count:
        layer.begins[count : count + WINDOWS] = layer.begins[count - 1]
    return count


@njit(cache=True)
def _rectify(sums: Numbers, out: Numbers, count: int) -> bool:
    """Puts sums, where positive, into an image: whether they are others than before."""
    changed = False
    for number in range(count):
        value = sums[number] if sums[number] > 0 else np.float32(0)
        changed |= value != out[number]
        out[number] = value
    return changed


@njit(cache=True)
def _hide(dense: Dense) -> None:
    """The hidden layer: sums of the positions that changed, then the sum of all."""
    positions, units = len(dense.stale), len(dense.hidden)
    channels = len(dense.features) // positions
    hidden, partial = dense.hidden, dense.partial
    # To and fro: the weights read last are still in the core's own cache when the next decision begins with them.
    dense.backwards[0] ^= 1
    for number in range(positions):
        position = positions - 1 - number if dense.backwards[0] else number
        if dense.stale[position]:
            dense.stale[position] = 0
            place = position * units
            partial[place : place + units] = 0
            count = list_active(dense.values, dense.rows, dense.features, position * channels, channels)
            for unit in range(0, units, LANES * ROW_VECTORS):
                _row_sums(dense.values, dense.rows, count, dense.weights, units, unit, partial, place + unit)
    for unit in range(units):
        hidden[unit] = dense.biases[unit]
    for position in range(positions):
        sums = partial[position * units :]
        for unit in range(units):
            hidden[unit] += sums[unit]
    for unit in range(units):
        hidden[unit] = hidden[unit] if hidden[unit] > 0 else np.float32(0)


@njit(cache=True)
def _answer(dense: Dense) -> None:
    """The output layer."""
    width = len(dense.out_biases)
    for output in range(width):
        dense.outputs[output] = dense.out_biases[output]
    count = list_active(dense.values, dense.rows, dense.hidden, 0, len(dense.hidden))
    for start in range(0, width, LANES):
        _output_sums(dense.values, dense.rows, count, dense.out_weights, width, start, dense.outputs, start)


@njit(cache=True)
def list_active(values: Numbers, rows: Places, features: Numbers, start: int, length: int) -> int:
    """Lists those of `length` features from `start` on that are not zero, and where they are: how many."""
    count = 0
    for place in range(start, start + length):
        values[count] = features[place]
        rows[count] = place
        count += features[place] != 0
    rows[count : count + AHEAD] = start
    return count
