"""A network as other tools want it: its layers and their weights by name, with the values that play computes with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evolution import cshenton
from evolution.architectures import Architecture, CshentonArchitecture, ImageArchitecture, LayeredArchitecture
from evolution.expansion import Parameters
from evolution.layouts import layout

ROUNDED = "dense1"
"""The layer behind the convolutions: in play its weights are rounded to half precision (docs/performance.md)."""
UNFOLDED = "dense2"
"""The last layer of format cshenton-2018: no factor behind it."""
FEATURES = (27, 20, 32)
"""Rows, columns and channels of the image before format cshenton-2018 flattens it."""


@dataclass(frozen=True)
class NamedLayer:
    """One layer: its weights are the tensor `NAME.weight`, its biases `NAME.bias`."""

    name: str
    """`conv1`, `conv2`, …, then `dense1`, …: the layers of each kind are counted from 1, input first."""
    kind: Literal["convolution", "dense"]
    weight_shape: tuple[int, ...]
    """(out, in, rows, columns), or (out, in). Features are flattened channels, rows, columns."""
    activation: Literal["relu", "tanh", "linear"]
    stride: int = 1
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Zeros above, below, left and right."""
    has_biases: bool = True

    @property
    def outputs(self) -> int:
        """Filters, or units."""
        return self.weight_shape[0]

    @property
    def inputs(self) -> int:
        """Channels, or features."""
        return self.weight_shape[1]


def named_layers(architecture: Architecture) -> list[NamedLayer]:
    """The layers in order, input first."""
    if isinstance(architecture, CshentonArchitecture):
        return [_named(tensor) for tensor in cshenton.tensors(architecture.actions)]
    counts, layers = {"convolution": 0, "dense": 0}, []
    for layer in layout(architecture):
        counts[layer.kind] += 1
        name = f"{'conv' if layer.kind == 'convolution' else 'dense'}{counts[layer.kind]}"
        padding = (*layer.padding, *layer.padding)
        layers.append(NamedLayer(name, layer.kind, layer.weight_shape, layer.activation, layer.stride, padding))
    return layers


def named_tensors(architecture: Architecture, parameters: Parameters) -> dict[str, Parameters]:
    """`conv1.weight`, `conv1.bias`, …: the layers' weights and biases, as played.

    `parameters`: shape (P,), float32, in the chain's format. What they are here is said by `alteration`.
    """
    if isinstance(architecture, CshentonArchitecture):
        tensors = cshenton.split(parameters, architecture.actions)
        return {f"{name}.weight": _fold(name, tensor) for name, tensor in tensors.items()}
    return dict(_tensors(architecture, parameters))


def alteration(architecture: Architecture) -> str | None:
    """In what the tensors differ from the parameters that the chain's format makes, in words. None: in nothing."""
    if isinstance(architecture, ImageArchitecture):
        return f"the weights of {ROUNDED} are rounded to half precision, as in play"
    if isinstance(architecture, CshentonArchitecture):
        return (
            "the format's factor 1 / sqrt(1.001) behind each hidden layer is multiplied into that layer's weights, and "
            f"the inputs of {ROUNDED} are in order of channels, rows, columns"
        )
    return None


def _named(tensor: cshenton.Tensor) -> NamedLayer:
    *kernel, inputs, outputs = tensor.shape
    (above, below), (left, right) = tensor.padding
    return NamedLayer(
        name=tensor.name,
        kind="convolution" if kernel else "dense",
        weight_shape=(outputs, inputs, *kernel),
        activation="linear" if tensor.name == UNFOLDED else "relu",
        stride=tensor.stride,
        padding=(above, below, left, right),
        has_biases=False,
    )


def _tensors(architecture: LayeredArchitecture, parameters: Parameters) -> Iterator[tuple[str, Parameters]]:
    rounded, start = isinstance(architecture, ImageArchitecture), 0
    for named, layer in zip(named_layers(architecture), layout(architecture), strict=True):
        biases, end = start + layer.weights, start + layer.parameters
        weights = parameters[start:biases].reshape(layer.weight_shape)
        yield f"{named.name}.weight", _round(weights) if rounded and named.name == ROUNDED else weights
        yield f"{named.name}.bias", parameters[biases:end]
        start = end


def _fold(name: str, tensor: Parameters) -> Parameters:
    """From (rows, columns, inputs, outputs) or (inputs, outputs) to `NamedLayer.weight_shape`; with the factor."""
    if name == ROUNDED:
        rows, columns, channels = FEATURES
        tensor = tensor.reshape(rows, columns, channels, -1).transpose(2, 0, 1, 3).reshape(tensor.shape)
    factor = 1.0 if name == UNFOLDED else cshenton.NORMALISATION
    order = (3, 2, 0, 1) if tensor.ndim == 4 else (1, 0)
    return np.ascontiguousarray((tensor.transpose(order) * np.float64(factor)).astype(np.float32))


def _round(weights: Parameters) -> Parameters:
    """To the nearest number of half precision, of two to the even one. Beyond 65,504 that is infinity, as in play."""
    with np.errstate(over="ignore"):
        return weights.astype(np.float16).astype(np.float32)
