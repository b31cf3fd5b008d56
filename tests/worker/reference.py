"""Engine exact-1 written plainly: loops in the order that worker.kernels states, nothing kept, nothing skipped.

Compiled only so that whole episodes end soon. The fused multiply-add is made of float64 operations.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evolution.architectures import Architecture, ImageArchitecture, MlpArchitecture
from evolution.expansion import Parameters, initial_parameters, mutate
from evolution.layouts import layout, parameter_count
from worker.kernels.mlp import tanh

Numbers = NDArray[np.float32]


@njit
def fused(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    """a * b + c, rounded once to float32. In float64 the product is exact and the sum's error is known (Knuth).

    An inexact sum is made odd in its last bit, so that its second rounding cannot err (Boldo and Melquiond 2008).
    """
    product, other = np.float64(a) * np.float64(b), np.float64(c)
    total = product + other
    part = total - product
    error = (product - (total - part)) + (other - part)
    bits = np.float64(total).view(np.int64)
    step = np.int64(1) if (error > 0) == (total > 0) else np.int64(-1)
    bits += step if error != 0 and not bits & 1 else np.int64(0)
    return np.float32(np.int64(bits).view(np.float64))


def image_outputs(architecture: ImageArchitecture, parameters: Parameters, stack: NDArray[np.uint8]) -> Numbers:
    """Shape (actions,). `parameters`: in GENOME.md's order; `stack`: shape (84, 84, 4)."""
    *convolutions, hidden, output = layout(architecture)
    values = np.ascontiguousarray(stack.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
    start = 0
    for layer in convolutions:
        weights, biases, start = _split(parameters, start, layer)
        before, after = layer.padding
        values = convolved(np.pad(values, ((0, 0), (before, after), (before, after))), weights, biases, layer.stride)
    weights, biases, start = _split(parameters, start, hidden)
    rounded = weights.astype(np.float16).astype(np.float32)
    units = position_sums(values, rounded.reshape(len(biases), *values.shape), biases)
    weights, biases, start = _split(parameters, start, output)
    return matrix_sums(units, weights, biases)


def mlp_outputs(architecture: MlpArchitecture, parameters: Parameters, observation: Numbers) -> Numbers:
    """Shape (actions,). `observation`: shape (inputs,)."""
    values, start = observation, 0
    for number, layer in enumerate(layout(architecture)):
        weights, biases, start = _split(parameters, start, layer)
        values = matrix_sums(values, weights, biases)
        if number < len(architecture.hidden):
            values = np.array([tanh(value) for value in values], np.float32)
    return values


def _split(parameters: Parameters, start: int, layer: Any) -> tuple[Numbers, Numbers, int]:
    biases = start + layer.weights
    end = biases + layer.outputs
    return parameters[start:biases].reshape(layer.weight_shape), parameters[biases:end], end


@njit
def add_fused(sums: Numbers, value: np.float32, weights: Numbers) -> None:
    """Adds `value` times each weight to the sum of the same number."""
    for number in range(len(sums)):
        sums[number] = fused(value, weights[number], sums[number])


@njit
def convolved(image: Numbers, weights: Numbers, biases: Numbers, stride: int) -> Numbers:
    """Shape (outputs, side, side), ReLU included. `image`: (channels, side, side); `weights`: (out, in, rows, cols)."""
    outputs, channels, kernel, _ = weights.shape
    side = (image.shape[1] - kernel) // stride + 1
    found = np.zeros((outputs, side, side), np.float32)
    outputs_last = np.ascontiguousarray(weights.transpose(1, 2, 3, 0))
    for y in range(side):
        for x in range(side):
            sums = biases.copy()
            for row in range(kernel):
                for column in range(kernel):
                    for channel in range(channels):
                        pixel = image[channel, y * stride + row, x * stride + column]
                        add_fused(sums, pixel, outputs_last[channel, row, column])
            found[:, y, x] = np.maximum(sums, np.float32(0))
    return found


@njit
def position_sums(image: Numbers, weights: Numbers, biases: Numbers) -> Numbers:
    """Shape (units,), ReLU included. `image`: (channels, side, side); `weights`: (units, channels, side, side)."""
    units, channels, side, _ = weights.shape
    sums, units_last = biases.copy(), np.ascontiguousarray(weights.transpose(1, 2, 3, 0))
    for y in range(side):
        for x in range(side):
            parts = np.zeros(units, np.float32)
            for channel in range(channels):
                add_fused(parts, image[channel, y, x], units_last[channel, y, x])
            sums += parts
    return np.maximum(sums, np.float32(0))


@njit
def matrix_sums(values: Numbers, weights: Numbers, biases: Numbers) -> Numbers:
    """Shape (out,). `weights`: (out, in)."""
    sums, outputs_last = biases.copy(), np.ascontiguousarray(weights.T)
    for number in range(len(values)):
        add_fused(sums, values[number], outputs_last[number])
    return sums


def image_of(older: NDArray[np.uint8], newer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shape (84, 84): the maximum of two gray frames, each pixel the mean of the area it covers, a half rounded up."""
    brightest = np.maximum(older, newer).astype(np.int64)
    rows, columns = _cover(brightest.shape[0]), _cover(brightest.shape[1])
    weight = brightest.shape[0] * brightest.shape[1]
    return ((2 * (rows @ brightest @ columns.T) + weight) // (2 * weight)).astype(np.uint8)


def _cover(length: int) -> NDArray[np.int64]:
    """Shape (84, length): how many of the 84 parts of each pixel each pixel of the image covers."""
    owner = np.arange(84 * length) // length
    return np.array([np.bincount(np.flatnonzero(owner == row) // 84, minlength=length) for row in range(84)])


class PlainExpansion:
    """GENOME.md's own order, made by the reference."""

    name = "plain"

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self.size = parameter_count(architecture)

    def initial(self, seed: int, out: Parameters) -> None:
        out[:] = initial_parameters(self._architecture, seed)

    def mutate(self, parent: Parameters, seeds: Sequence[int], powers: Sequence[float], out: Parameters) -> None:
        for seed, power in zip(seeds, powers, strict=True):
            out[:] = parent = mutate(parent, seed, power)
