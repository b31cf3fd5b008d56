"""A network's parameters as named arrays, with the values that play computes with: what other tools are given."""

from collections.abc import Iterator, Sequence

import numpy as np

from evolution.architectures import Architecture
from evolution.expansion import Parameters
from evolution.layouts import Layer, layout

ROUNDED = "dense1"
"""The layer behind the convolutions: in play its weights are rounded to half precision (docs/performance.md)."""


def named_tensors(architecture: Architecture, parameters: Parameters) -> dict[str, Parameters]:
    """`conv1.weight`, `conv1.bias`, …: each layer's weights, shape `Layer.weight_shape`, and its biases, as played.

    `parameters`: shape (P,), float32, in GENOME.md's order. All but the rounded weights are views of it.
    """
    return dict(_tensors(layout(architecture), parameters))


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """`conv1`, `conv2`, …, then `dense1`, …: the layers of each kind are counted from 1, input first."""
    counts = {"convolution": 0, "dense": 0}
    names = []
    for layer in layers:
        counts[layer.kind] += 1
        names.append(f"{'conv' if layer.kind == 'convolution' else 'dense'}{counts[layer.kind]}")
    return names


def is_rounded(layers: Sequence[Layer]) -> bool:
    """Whether the layer named ROUNDED of this network is: that of an image network."""
    return layers[0].kind == "convolution"


def _tensors(layers: tuple[Layer, ...], parameters: Parameters) -> Iterator[tuple[str, Parameters]]:
    start = 0
    for name, layer in zip(layer_names(layers), layers, strict=True):
        biases, end = start + layer.weights, start + layer.parameters
        weights = parameters[start:biases].reshape(layer.weight_shape)
        yield f"{name}.weight", _round(weights) if is_rounded(layers) and name == ROUNDED else weights
        yield f"{name}.bias", parameters[biases:end]
        start = end


def _round(weights: Parameters) -> Parameters:
    """To the nearest number of half precision, of two to the even one. Beyond 65,504 that is infinity, as in play."""
    with np.errstate(over="ignore"):
        return weights.astype(np.float16).astype(np.float32)
