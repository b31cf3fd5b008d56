"""Where a network's parameters lie for the kernels, and their expansion from seeds straight into those places.

The kernels want the weights of one input side by side, one output a lane: each layer's matrix is transposed, its inputs
put into the order in which they are summed, its outputs rounded up to whole vectors with zeros. The numbers are those
of GENOME.md, sections "Noise" and "Parameters", in every bit; `evolution.expansion` is the reference.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evolution.architectures import Architecture
from evolution.expansion import Parameters
from evolution.layouts import Layer, layout
from evolution.noise import INITIAL_WEIGHTS, KEY_WORD, LANES, MUTATION, TILE, normal_table
from evolution.philox import KEY_INCREMENTS, MULTIPLIERS, ROUNDS
from worker.kernels.vectors import add_transposed

Places = NDArray[np.int64]
Words = NDArray[np.uint32]

_FIRST, _SECOND = (np.uint64(multiplier) for multiplier in MULTIPLIERS)
_KEY_STEPS = tuple(np.uint32(increment) for increment in KEY_INCREMENTS)
_KEY_WORD, _HALF, _LOW, _ZERO = np.uint32(KEY_WORD), np.uint64(32), np.uint32(0xFFFF), np.uint32(0)
_WORDS = 4

CHUNK = 256
"""Inputs whose noise is made at once, for all outputs: so much fits into a core's own cache."""
PITCH = CHUNK + TILE + LANES
"""From the noise of one output to that of the next: not a multiple of what would send all to one set of the cache."""


class Place(NamedTuple):
    """Where a layer lies."""

    flat: int
    """Where its weights begin in GENOME.md's vector, shape (outputs, inputs); its biases follow."""
    start: int
    """Where they begin for the kernels, shape (inputs, width); its biases, shape (width,), follow."""
    outputs: int
    inputs: int
    """Numbers that each output is a sum of."""
    width: int
    """Outputs, rounded up to whole vectors."""
    rows: Places
    """Shape (inputs,): for each input, in GENOME.md's order, where its weights begin, counted from `start`."""

    @property
    def biases(self) -> int:
        return self.start + self.inputs * self.width

    def weights_of(self, vector: Parameters) -> Parameters:
        """Shape (inputs * width,): the layer's weights, as a view."""
        return vector[self.start : self.biases]

    def biases_of(self, vector: Parameters) -> Parameters:
        """Shape (width,): the layer's biases, as a view."""
        return vector[self.biases : self.biases + self.width]


def place_layers(architecture: Architecture) -> list[Place]:
    """Where each layer of the architecture lies."""
    places: list[Place] = []
    flat = start = channels = 0
    for layer in layout(architecture):
        width = -(-layer.outputs // LANES) * LANES
        rows = _order_of_sum(layer, channels) * width
        places.append(Place(flat, start, layer.outputs, layer.fan_in, width, rows))
        flat, start = flat + layer.parameters, places[-1].biases + width
        channels = layer.outputs if layer.kind == "convolution" else 1
    return places


def _order_of_sum(layer: Layer, channels: int) -> Places:
    """Shape (inputs,): which summand each input is. `channels`: of the image below a dense layer; 1 or 0: none."""
    planes = layer.inputs if layer.kind == "convolution" else max(channels, 1)
    # Channels vary fastest, behind rows and columns of the window, or of the image.
    return np.arange(layer.fan_in).reshape(-1, planes).T.ravel()


class CompiledExpansion:
    """From seeds to parameters in the kernels' order."""

    def __init__(self, architecture: Architecture) -> None:
        self._places = place_layers(architecture)
        self._scales = [np.float32(layer.scale) for layer in layout(architecture)]
        self.name = f"kernels {architecture.model_dump_json()}"
        self.size = self._places[-1].biases + self._places[-1].width
        outputs = max(place.outputs for place in self._places)
        self._noise = np.empty(max(outputs * PITCH, outputs + 2 * TILE), np.float32)
        self._words = np.empty((_WORDS, max(PITCH, outputs + 2 * TILE) // TILE * LANES + LANES), np.uint32)

    def initial(self, seed: int, out: Parameters) -> None:
        """Writes into `out`, shape (size,), what a chain's first seed gives: scaled noise, biases zero."""
        out[:] = 0
        for place, scale in zip(self._places, self._scales, strict=True):
            self._add(place, seed, INITIAL_WEIGHTS, scale, out, out)

    def mutate(self, parent: Parameters, seed: int, power: float, out: Parameters) -> None:
        """Writes into `out` the vector `parent` plus `power` times the noise of `seed`; `out` may be `parent`."""
        factor = np.float32(power)
        for place in self._places:
            self._add(place, seed, MUTATION, factor, parent, out)
            start, biases = place.flat + place.inputs * place.outputs, place.biases_of(parent)
            _make_noise(self._noise, self._words, np.uint32(seed), MUTATION, start, place.outputs, normal_table())
            _add_vector(biases, self._noise, factor, place.outputs, place.biases_of(out))

    def _add(
        self, place: Place, seed: int, purpose: int, factor: np.float32, parent: Parameters, out: Parameters
    ) -> None:
        _add_noise(
            place.weights_of(parent), place.weights_of(out), place.rows, place.outputs, place.flat,
            np.uint32(seed), purpose, factor, normal_table(), self._words, self._noise,
        )  # fmt: skip


@njit(cache=True)
def _add_noise(
    weights: Parameters, out: Parameters, rows: Places, outputs: int, flat: int, seed: np.uint32,
    purpose: int, factor: np.float32, table: Parameters, words: Words, noise: Parameters,
) -> None:  # fmt: skip
    """Writes `weights` plus `factor` times noise into `out`, both of shape (inputs, width)."""
    inputs = len(rows)
    for first in range(0, inputs, CHUNK):
        count = min(CHUNK, inputs - first)
        for output in range(outputs):
            start = flat + output * inputs + first
            _make_noise(noise[output * PITCH :], words, seed, purpose, start, count, table)
        places = rows[first : first + count]
        for column in range(0, count, LANES):
            for output in range(0, outputs, LANES):
                if column + LANES <= count and output + LANES <= outputs:
                    add_transposed(weights, out, places, column, output, noise, output * PITCH, PITCH, factor)
                else:
                    _add_block(weights, out, places, column, output, min(LANES, outputs - output), noise, factor)


@njit(cache=True)
def _add_block(
    weights: Parameters, out: Parameters, places: Places, column: int, output: int, lanes: int, noise: Parameters,
    factor: np.float32,
) -> None:  # fmt: skip
    """What `add_transposed` does, where a block is not whole; the lanes of no output are zero."""
    for number in range(column, min(column + LANES, len(places))):
        place = places[number] + output
        for lane in range(lanes):
            out[place + lane] = weights[place + lane] + factor * noise[(output + lane) * PITCH + number]
        out[place + lanes : place + LANES] = 0


@njit(cache=True)
def _add_vector(values: Parameters, noise: Parameters, factor: np.float32, count: int, out: Parameters) -> None:
    out[count:] = 0
    for number in range(count):
        out[number] = values[number] + factor * noise[number]


@njit(cache=True)
def _make_noise(
    noise: Parameters, words: Words, seed: np.uint32, purpose: int, start: int, count: int, table: Parameters
) -> None:
    """Puts elements start..start+count-1 of z(seed, purpose), and some more, at the beginning of `noise`."""
    skipped = start % TILE
    tiles = -(-(skipped + count) // TILE)
    _generate(words, tiles * LANES, np.uint32(start // TILE * LANES), seed, np.uint32(purpose))
    for tile in range(tiles):
        for word in range(_WORDS):
            place, block = tile * TILE + word * 2 * LANES - skipped, tile * LANES
            for lane in range(max(0, -place), LANES):
                noise[place + lane] = table[words[word, block + lane] & _LOW]
            place += LANES
            for lane in range(max(0, -place), LANES):
                noise[place + lane] = table[words[word, block + lane] >> np.uint32(16)]


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
