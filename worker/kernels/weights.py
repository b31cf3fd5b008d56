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

CHUNK = 512
"""Inputs whose noise is made at once, for GROUP outputs: so much fits into a core's own cache."""
GROUP = 256
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
        longest = max(PITCH, *(place.outputs + TILE for place in self._places)) // TILE + 1
        self._noise = np.empty(max(GROUP * PITCH, longest * TILE), np.float32)
        self._words = np.empty((_WORDS, longest * LANES), np.uint32)

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
            values, out_values = place.biases_of(parent), place.biases_of(out)
            start = place.flat + place.inputs * place.outputs
            _add_vector(
                values,
                out_values,
                place.outputs,
                start,
                np.uint32(seed),
                factor,
                normal_table(),
                self._words,
                self._noise,
            )

    def _add(
        self, place: Place, seed: int, purpose: int, factor: np.float32, parent: Parameters, out: Parameters
    ) -> None:
        _add_noise(
            place.weights_of(parent), place.weights_of(out), place.rows, place.outputs, place.flat,
            np.uint32(seed), purpose, factor, normal_table(), self._words, self._noise,
        )  # fmt: skip


@njit(cache=True)
def _add_noise(
    weights: Parameters, out: Parameters, rows: Places, outputs: int, flat: int, seed: np.uint32, purpose: int,
    factor: np.float32, table: Parameters, words: Words, noise: Parameters,
) -> None:  # fmt: skip
    """Writes `weights` plus `factor` times noise into `out`, both of shape (inputs, width)."""
    inputs, starts = len(rows), np.empty(GROUP + LANES, np.int64)
    for first in range(0, inputs, CHUNK):
        places = rows[first : first + CHUNK]
        for group in range(0, outputs, GROUP):
            lanes = min(GROUP, outputs - group)
            for lane in range(lanes):
                start = flat + (group + lane) * inputs + first
                starts[lane] = lane * PITCH + _make_noise(
                    noise[lane * PITCH :], words, seed, purpose, start, len(places), table
                )
            _add_chunk(weights[group:], out[group:], places, lanes, noise, starts, factor)


@njit(cache=True)
def _add_chunk(
    weights: Parameters, out: Parameters, places: Places, lanes: int, noise: Parameters, starts: Places,
    factor: np.float32,
) -> None:  # fmt: skip
    """Adds noise, in rows of outputs, to weights, in rows of inputs; the lanes of no output become zero."""
    for column in range(0, len(places), LANES):
        for first in range(0, lanes, LANES):
            if column + LANES <= len(places) and first + LANES <= lanes:
                add_transposed(weights, out, places, column, first, noise, starts, factor)
                continue
            for number in range(column, min(column + LANES, len(places))):
                for lane in range(first, first + LANES):
                    place = places[number] + lane
                    value = weights[place] + factor * noise[starts[lane] + number] if lane < lanes else np.float32(0)
                    out[place] = value


@njit(cache=True)
def _add_vector(
    values: Parameters, out: Parameters, count: int, start: int, seed: np.uint32, factor: np.float32,
    table: Parameters, words: Words, noise: Parameters,
) -> None:  # fmt: skip
    """Writes `values` plus `factor` times the noise of a mutation from `start` on, `count` numbers, into `out`."""
    skipped = _make_noise(noise, words, seed, MUTATION, start, count, table)
    for number in range(len(out)):
        out[number] = values[number] + factor * noise[skipped + number] if number < count else np.float32(0)


@njit(cache=True)
def _make_noise(
    noise: Parameters, words: Words, seed: np.uint32, purpose: int, start: int, count: int, table: Parameters
) -> int:
    """Puts elements start..start+count-1 of z(seed, purpose), and what shares their tiles, into `noise`: from where."""
    first_tile = start // TILE
    tiles = -(-(start + count) // TILE) - first_tile
    _generate(words, tiles * LANES, np.uint32(first_tile * LANES), seed, np.uint32(purpose))
    for tile in range(tiles):
        for word in range(_WORDS):
            place, block = tile * TILE + word * 2 * LANES, tile * LANES
            for lane in range(LANES):
                noise[place + lane] = table[words[word, block + lane] & _LOW]
            for lane in range(LANES):
                noise[place + LANES + lane] = table[words[word, block + lane] >> np.uint32(16)]
    return start - first_tile * TILE


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
