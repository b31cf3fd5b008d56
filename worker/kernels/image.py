"""A decision of an image network: only what can have changed since the last decision is computed again.

Order of summation, engine exact-1 (each sum is one chain of fused multiply-adds in float32, ascending):
- convolution: the bias, then rows of the window, its columns, input channels; then ReLU;
- hidden layer, its weights rounded to half precision (IEEE 754 binary16, to the nearest, of two to the even one): for
  each position of the last image, from zero, its channels that are not zero; then the bias, plus the positions' sums in
  row-major order; then ReLU;
- outputs: the bias, then the hidden units that are not zero.
So a sum that is kept from the decision before has the very bits of one computed anew.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from worker.kernels.vectors import (
    AHEAD,
    CONVERTING,
    HIDDEN_GROUP,
    LANES,
    Flags,
    Halves,
    Numbers,
    Words,
    Places,
    make_row_sums,
    make_window_sums,
    shorten,
)
from worker.processor import compiled_for
from worker.records import make_store

_features = compiled_for()
WIDE = "+avx512f" in _features
"""Whether the processor has 32 registers of 16 numbers each."""
FUSED = "+fma" in _features or "+neon" in _features
"""Whether the processor has fused multiply-add; where not, it is computed, much slower, with the same bits."""

# Windows and vectors whose sums fit into the registers, factors included: 24 and 4 of 32, or 12 and 2 of 16 halves.
WINDOWS, VECTORS = (12, 2) if WIDE else (6, 1)
ROW_VECTORS = 16 if WIDE else 4

# Bits of single precision: what the exponent is larger by, where fractions begin to be shortened; of half precision.
_BIAS, _SMALL, _INFINITE = np.uint32(112 << 23), np.uint32(113 << 23), np.uint32(0x7C00)
_PER_SMALLEST = np.float32(2**24)

_window_sums = make_window_sums(WINDOWS, VECTORS)
_row_sums = make_row_sums(ROW_VECTORS)
_output_sums = make_row_sums(1)


class Convolution(NamedTuple):
    """A convolution, and the image that it reads."""

    weights: Numbers
    """Shape (rows of a window, columns, channels, outputs)."""
    biases: Numbers
    image: Numbers
    """Shape (side, side, channels), the padding's zeros included."""
    stale: Flags
    """Shape (cells, cells): the cells (squares of `stride` pixels) of the image in which something changed."""
    side: int
    """Windows in a row."""
    cells: int
    """Cells of a window, in one direction."""
    rows: int
    """Rows of a window."""
    run: int
    """Numbers in a row of a window."""
    pitch: int
    """Numbers in a row of the image."""
    places: Places
    """Where each window begins in `image`."""
    out: Places
    """Where its outputs go in the image of the next layer."""
    out_cells: Places
    """In which of that image's cells that is."""
    chosen: Places
    """Scratch: the windows to compute."""
    begins: Places
    """Scratch: their places."""
    sums: Numbers
    """Scratch, shape (outputs / 16 / VECTORS, WINDOWS, 16 * VECTORS)."""


class Dense(NamedTuple):
    """The hidden layer and the output layer."""

    made: Numbers
    """Shape (units / HIDDEN_GROUP, channels, positions, HIDDEN_GROUP): the hidden layer's weights."""
    weights: Halves
    """Shape (positions, channels, units): those, rounded."""
    biases: Numbers
    features: Numbers
    """Shape (positions, channels)."""
    stale: Flags
    """Shape (positions,)."""
    backwards: Flags
    """Shape (1,): whether the positions were last gone through from the end."""
    partial: Numbers
    """Shape (positions, units): the sum of each position's channels."""
    hidden: Numbers
    out_weights: Numbers
    """Shape (units, actions rounded up to 16)."""
    out_biases: Numbers
    outputs: Numbers
    values: Numbers
    """Scratch: what is not zero."""
    rows: Places
    """Scratch: where, and AHEAD more."""


class Network(NamedTuple):
    """An image network: its weights, and what it computed last. All arrays are flat."""

    pixels: Words
    """Shape (84, 84): the stack of images seen last, the four bytes of a pixel as one number."""
    brightness: Numbers
    """Shape (256,): what a byte is for the network."""
    image_side: int
    border: int
    first: Convolution
    second: Convolution
    third: Convolution
    dense: Dense


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
                    if CONVERTING:
                        shorten(dense.made, place + unit, dense.weights, out + unit)
                        continue
                    for lane in range(unit, unit + LANES):
                        dense.weights[out + lane] = half_of(dense.made[place + lane])
                place += HIDDEN_GROUP


@njit(cache=True)
def half_of(number: np.float32) -> np.uint16:
    """The bits of a number in half precision: the nearest, of two the even one; from 65,520 on infinity."""
    word = np.float32(number).view(np.uint32)
    magnitude = np.uint32(word & np.uint32(0x7FFFFFFF))
    odd = np.uint32((magnitude >> np.uint32(13)) & np.uint32(1))
    large = np.uint32(np.uint32(magnitude + np.uint32(0xFFF) + odd - _BIAS) >> np.uint32(13))
    small = np.uint32(np.rint(abs(number) * _PER_SMALLEST))
    half = small if magnitude < _SMALL else min(large, _INFINITE)
    return np.uint16(half | ((word >> np.uint32(16)) & np.uint32(0x8000)))


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
            count = _list_active(dense, dense.features, position * channels, channels)
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
    count = _list_active(dense, dense.hidden, 0, len(dense.hidden))
    for start in range(0, width, LANES):
        _output_sums(dense.values, dense.rows, count, dense.out_weights, width, start, dense.outputs, start)


@njit(cache=True)
def _list_active(dense: Dense, features: Numbers, start: int, length: int) -> int:
    """Lists those of `length` features from `start` on that are not zero: how many."""
    count = 0
    for place in range(start, start + length):
        dense.values[count] = features[place]
        dense.rows[count] = place
        count += features[place] != 0
    dense.rows[count : count + AHEAD] = start
    return count
