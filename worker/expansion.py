"""Expansion in place: a policy's parameters, in the order that its network wants them, each step written where asked.

The numbers are GENOME.md's; their order is the expansion's own, so that no network needs to pack them again.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from evolution.architectures import Architecture
from evolution.expansion import Parameters
from evolution.layouts import layout
from evolution.noise import INITIAL_WEIGHTS, MUTATION, normal_table
from worker.arrays import Places
from worker.kernels.mutation import WORDS, add_noise
from worker.kernels.vectors import HIDDEN_GROUP, LANES

Noise = tuple[int, NDArray[np.uint32], NDArray[np.float32]]
"""Purpose, seeds, and the factor of each."""
BIASES = np.zeros(1, np.int64)
"""Biases as the weights of one input."""


class Expansion(Protocol):
    """How the parameters of one architecture are made and ordered."""

    @property
    def name(self) -> str:
        """Of the order: parameters kept under another name are not read as this one's."""

    @property
    def size(self) -> int:
        """float32 numbers, those of padding included."""

    def initial(self, seed: int, out: Parameters) -> None:
        """Writes all of `out`, shape (size,): the parameters that a chain's first seed gives."""

    def mutate(self, parent: Parameters, seeds: Sequence[int], powers: Sequence[float], out: Parameters) -> None:
        """Writes all of `out`, which may be `parent`: the parent plus power times noise, seed by seed, one at least."""


class CompiledExpansion:
    """The kernels' order: of each layer in turn the weights, one input's side by side, then the biases.

    The numbers are the format's in every bit; `evolution.expansion` is the reference.
    """

    def __init__(self, architecture: Architecture) -> None:
        self._places = place_layers(architecture)
        self._scales = [np.float32(layer.scale) for layer in layout(architecture)]
        self.name = f"kernels {architecture.model_dump_json()}"
        self.size = self._places[-1].biases + self._places[-1].width
        self._scratch = np.empty(WORDS, np.uint32)

    def initial(self, seed: int, out: Parameters) -> None:
        """Writes into `out`, shape (size,), what a chain's first seed gives: scaled noise, biases zero."""
        out[:] = 0
        for place, scale in zip(self._places, self._scales, strict=True):
            noise = INITIAL_WEIGHTS, np.array([seed], np.uint32), np.array([scale], np.float32)
            self._add_to_weights(place, out, noise, out)

    def mutate(self, parent: Parameters, seeds: Sequence[int], powers: Sequence[float], out: Parameters) -> None:
        """Writes into `out` the vector `parent` plus each power times its seed's noise; `out` may be `parent`."""
        noise = MUTATION, np.array(seeds, np.uint32), np.array(powers, np.float32)
        for place in self._places:
            self._add_to_weights(place, parent, noise, out)
            self._add_to_biases(place, parent, noise, out)

    def _add_to_weights(self, place: "Place", values: Parameters, noise: Noise, out: Parameters) -> None:
        self._add(place.weights_of(values), place.weights_of(out), place, place.rows, place.flat, noise)

    def _add_to_biases(self, place: "Place", values: Parameters, noise: Noise, out: Parameters) -> None:
        flat = place.flat + place.inputs * place.outputs
        self._add(place.biases_of(values), place.biases_of(out), place, BIASES, flat, noise)

    def _add(self, values: Parameters, out: Parameters, place: "Place", rows: Places, flat: int, noise: Noise) -> None:
        purpose, seeds, factors = noise
        group = place.group if rows is place.rows else place.width
        add_noise(values, out, rows, place.outputs, group, flat, seeds, factors, purpose, normal_table(), self._scratch)


class Place(NamedTuple):
    """Where a layer lies."""

    flat: int
    """Where its weights begin in GENOME.md's vector, shape (outputs, inputs); its biases follow."""
    start: int
    """Where they begin for the kernels, shape (width / group, inputs, group); its biases, shape (width,), follow."""
    outputs: int
    inputs: int
    """Numbers that each output is a sum of."""
    width: int
    """Outputs, rounded up to whole vectors."""
    group: int
    """Outputs whose weights lie together: those of all inputs, then those of the next group."""
    rows: Places
    """Shape (inputs,): for each input, in GENOME.md's order, where its weights begin in a group."""

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
    flat, start, below = 0, 0, "dense"
    for layer in layout(architecture):
        width, order = -(-layer.outputs // LANES) * LANES, np.arange(layer.fan_in)
        # The largest layer lies as its noise is made, from beginning to end: its rounded copy is in the order of play.
        group = HIDDEN_GROUP if (below, layer.kind) == ("convolution", "dense") else width
        if layer.kind == "convolution":
            # Channels vary fastest, behind rows and columns of the window.
            order = order.reshape(-1, layer.inputs).T.ravel()
        places.append(Place(flat, start, layer.outputs, layer.fan_in, width, group, order * group))
        flat, start, below = flat + layer.parameters, places[-1].biases + width, layer.kind
    return places
