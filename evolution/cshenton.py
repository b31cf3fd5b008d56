"""Format `cshenton-2018`: the network's tensors, and how seeds make them.

The weights that every policy begins with do not depend on its seeds; each seed in turn is a mutation.
"""

from collections.abc import Iterator, Sequence
from math import prod, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evolution.truncated_normal import truncated_normal

SCREEN_SHAPE = (210, 160, 3)
"""What the network sees: rows, columns, colours, as numbers from 0 to 255."""
POWER = 0.005
"""Standard deviation of every mutation."""
GAIN = 1.3 * 2
"""Variance of the initial weights times the inputs of a sum."""
NORMALISATION = 1 / sqrt(1.001)
"""What each hidden layer's numbers are multiplied by: batch normalisation by its initial statistics."""
HIDDEN = 256
CHUNK = 2**15
"""Weights mutated at once: they stay in a core's own cache for all seeds."""

Parameters = NDArray[np.float32]


class Tensor(NamedTuple):
    """The weights of a layer. There are no biases."""

    name: str
    shape: tuple[int, ...]
    """(rows, columns, inputs, outputs), or (inputs, outputs)."""
    stride: int = 1
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    """Zeros above and below, left and right."""

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def scale(self) -> np.float32:
        """Standard deviation of the normal numbers that its initial weights are cut from."""
        return np.float32(sqrt(GAIN / prod(self.shape[:-1])))

    def output_shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Rows and columns of what a convolution makes of an image."""
        (above, below), (left, right) = self.padding
        tall, wide = rows + above + below - self.shape[0], columns + left + right - self.shape[1]
        return tall // self.stride + 1, wide // self.stride + 1


def tensors(actions: int) -> tuple[Tensor, ...]:
    """The network's tensors in the order of its parameters; each lies in row-major order."""
    return (
        Tensor("conv1", (8, 8, SCREEN_SHAPE[2], 16), 4, ((3, 3), (2, 2))),
        Tensor("conv2", (4, 4, 16, 32), 2, ((1, 2), (1, 1))),
        Tensor("dense1", (27 * 20 * 32, HIDDEN)),
        Tensor("dense2", (HIDDEN, actions)),
    )


def size(actions: int) -> int:
    """How many weights: 4,439,552 with 18 actions."""
    return sum(tensor.size for tensor in tensors(actions))


def split(parameters: Parameters, actions: int) -> dict[str, Parameters]:
    """The tensors by name, each in its shape: views of `parameters`, shape (P,)."""
    return dict(_split(parameters, actions))


def initial_parameters(actions: int) -> Parameters:
    """Shape (P,), float32: the weights that every policy begins with.

    Raises:
        DifferentTruncatedNormal: this platform's arithmetic gives others.
    """
    numbers = truncated_normal()
    return np.concatenate([tensor.scale * numbers[: tensor.size] for tensor in tensors(actions)])


def mutate(parameters: Parameters, seeds: Sequence[int]) -> None:
    """Adds to `parameters`, shape (P,), in place, the noise of each seed in turn, rounded to float32 each time."""
    streams = [np.random.RandomState(seed) for seed in seeds]
    for start in range(0, len(parameters), CHUNK):
        weights = parameters[start : start + CHUNK]
        for stream in streams:
            # A stream's numbers do not depend on how many are drawn at once.
            weights[:] = weights + stream.normal(0.0, POWER, len(weights))


def expand(seeds: Sequence[int], actions: int) -> Parameters:
    """Shape (P,), float32: the weights of the policy with these seeds. Raises as `initial_parameters`."""
    parameters = initial_parameters(actions)
    mutate(parameters, seeds)
    return parameters


def _split(parameters: Parameters, actions: int) -> Iterator[tuple[str, Parameters]]:
    start = 0
    for tensor in tensors(actions):
        yield tensor.name, parameters[start : start + tensor.size].reshape(tensor.shape)
        start += tensor.size
