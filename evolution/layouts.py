"""What an architecture's parameters are: its layers in order, as GENOME.md, sections "Parameters", "Architectures"."""

from dataclasses import dataclass
from math import prod, sqrt
from typing import Literal

from evolution import cshenton
from evolution.architectures import (
    IMAGE_SHAPE,
    Architecture,
    CshentonArchitecture,
    ImageArchitecture,
    MlpArchitecture,
)
from evolution.classic_games import VERSION
from evolution.configuration import ArchitectureName
from evolution.environments import ATARI_PREFIX, BoxActions, EnvironmentDescription

Padding = tuple[int, int]
"""Zeros before and after, on both axes."""

CSHENTON = "cshenton-2018"
HIDDEN_GAIN = 1.0
OUTPUT_GAIN = 0.1
DENSE_UNITS = 512
"""Units of the hidden dense layer behind the convolutions."""


@dataclass(frozen=True)
class Layer:
    """One layer: weights, shape `weight_shape` in row-major order, then `outputs` biases."""

    kind: Literal["convolution", "dense"]
    inputs: int
    """Channels, or features."""
    outputs: int
    """Filters, or units."""
    activation: Literal["relu", "tanh", "linear"]
    gain: float = HIDDEN_GAIN
    kernel: int = 1
    """Rows and columns of a filter; 1 for a dense layer."""
    stride: int = 1
    padding: Padding = (0, 0)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """(out, in, rows, columns), or (out, in)."""
        square = (self.kernel, self.kernel) if self.kind == "convolution" else ()
        return (self.outputs, self.inputs, *square)

    @property
    def weights(self) -> int:
        """How many weights."""
        return prod(self.weight_shape)

    @property
    def parameters(self) -> int:
        """How many weights and biases."""
        return self.weights + self.outputs

    @property
    def fan_in(self) -> int:
        """How many numbers each output is a weighted sum of."""
        return self.weights // self.outputs

    @property
    def scale(self) -> float:
        """Standard deviation of the initial weights (Such et al. 2017: the authors' released initialisation)."""
        return self.gain / sqrt(self.fan_in)

    def output_side(self, side: int) -> int:
        """Rows, and columns, of what a convolution makes of a square image of `side` rows."""
        return (side + sum(self.padding) - self.kernel) // self.stride + 1


class UnsuitableArchitecture(ValueError):
    """The chosen network does not fit the environment's observations or actions. Choose one that the message names."""


class NoLayout(TypeError):
    """The network is not made of such layers: its parameters are the tensors of evolution.cshenton."""


def layout(architecture: Architecture) -> tuple[Layer, ...]:
    """The layers in order, input first.

    Raises:
        NoLayout: the network has none of these.
    """
    if isinstance(architecture, CshentonArchitecture):
        raise NoLayout(f"network {architecture.name} has tensors without biases, not layers: see evolution.cshenton")
    if isinstance(architecture, MlpArchitecture):
        return _dense_layers(architecture.inputs, architecture.hidden, architecture.actions, "tanh")
    paddings: dict[str, tuple[Padding, Padding, Padding]] = {
        "uber-large": ((2, 2), (1, 2), (1, 1)),
        "nature-dqn": ((0, 0), (0, 0), (0, 0)),
    }
    convolutions = _convolutions(paddings[architecture.name])
    side = IMAGE_SHAPE[1]
    for layer in convolutions:
        side = layer.output_side(side)
    features = convolutions[-1].outputs * side * side
    return convolutions + _dense_layers(features, [DENSE_UNITS], architecture.actions, "relu")


def parameter_count(architecture: Architecture) -> int:
    """How many float32 numbers the network has: 4,052,658 for `uber-large` with 18 actions."""
    if isinstance(architecture, CshentonArchitecture):
        return cshenton.size(architecture.actions)
    return sum(layer.parameters for layer in layout(architecture))


def resolve_architecture(
    name: ArchitectureName, hidden: list[int], description: EnvironmentDescription
) -> Architecture:
    """The architecture of this name, shaped for the environment described; `hidden` (units a layer) is for mlp only.

    Raises:
        UnsuitableArchitecture: no policy fits the environment, or not one of this name.
    """
    environment, actions = description.environment.id, description.actions
    if actions is None:
        raise UnsuitableArchitecture(f"no policy fits {environment}: {description.problem or 'choose another one'}")
    if description.architectures == [CSHENTON]:
        raise UnsuitableArchitecture(
            f"{environment} is played by policies of format {CSHENTON} only, and no run evolves those: "
            f"choose {ATARI_PREFIX}{environment.removesuffix(VERSION)}-v5, the same game"
        )
    if name not in description.architectures or (name != "mlp" and not _sees_images(description)):
        raise UnsuitableArchitecture(_misfit(name, description))
    box = isinstance(actions, BoxActions)
    outputs = len(actions.low) if isinstance(actions, BoxActions) else actions.n
    if name == "mlp":
        inputs = prod(description.observation_shape)
        return MlpArchitecture(name=name, inputs=inputs, hidden=hidden, actions=outputs, box=box)
    return ImageArchitecture(name=name, actions=outputs)


def _convolutions(paddings: tuple[Padding, Padding, Padding]) -> tuple[Layer, ...]:
    """The three convolutions of Mnih et al. 2015, with filters as in Such et al. 2017."""
    first, second, third = paddings
    return (
        Layer("convolution", IMAGE_SHAPE[0], 32, "relu", kernel=8, stride=4, padding=first),
        Layer("convolution", 32, 64, "relu", kernel=4, stride=2, padding=second),
        Layer("convolution", 64, 64, "relu", kernel=3, stride=1, padding=third),
    )


def _dense_layers(
    inputs: int, hidden: list[int], actions: int, activation: Literal["relu", "tanh"]
) -> tuple[Layer, ...]:
    widths = [inputs, *hidden]
    layers = [Layer("dense", width, units, activation) for width, units in zip(widths, hidden, strict=False)]
    return (*layers, Layer("dense", widths[-1], actions, "linear", gain=OUTPUT_GAIN))


def _sees_images(description: EnvironmentDescription) -> bool:
    discrete = not isinstance(description.actions, BoxActions)
    return tuple(description.observation_shape) == IMAGE_SHAPE and discrete


def _misfit(name: str, description: EnvironmentDescription) -> str:
    shape = " x ".join(map(str, description.observation_shape))
    kind = "a box of actions" if isinstance(description.actions, BoxActions) else "discrete actions"
    fitting = ", ".join(other for other in description.architectures if other != name) or "no network"
    return (
        f"network {name} does not fit {description.environment.id}, which has observations of {shape} and {kind}: "
        f"choose {fitting}"
    )
