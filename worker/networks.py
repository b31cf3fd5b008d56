"""Networks for play: filled in the kernels' own order, asked for one decision at a time."""

import logging
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evolution.architectures import IMAGE_SHAPE, Architecture, CshentonArchitecture, ImageArchitecture, MlpArchitecture
from evolution.layouts import Layer, layout
from worker.arrays import lined_up
from worker.classic_policy import CshentonPolicy
from worker.expansion import CompiledExpansion, Place, place_layers
from worker.image_network import Convolution, Dense, Network
from worker.instructions import FUSED
from worker.journal import line, logger
from worker.kernels import image, mlp
from worker.kernels.image import WINDOWS
from worker.kernels.vectors import AHEAD
from worker.policy import Observation, Outputs, Policy
from worker.records import RECORD_BYTES

BRIGHTEST = 255


def build_policy(architecture: Architecture) -> Policy:
    """A network of this architecture, its parameters not yet written."""
    tell_of_slow_processor()
    if isinstance(architecture, ImageArchitecture):
        return ImagePolicy(architecture)
    if isinstance(architecture, CshentonArchitecture):
        return CshentonPolicy(architecture)
    return MlpPolicy(architecture)


@cache
def tell_of_slow_processor() -> None:
    """Logs, once, that this processor computes the same results slower."""
    if not FUSED:
        logger.log(logging.WARNING, line("slow-processor", missing="fused multiply-add", effect="same results, slower"))


class ImagePolicy:
    """`uber-large` or `nature-dqn`. Observation: shape (84, 84, 4), uint8, oldest image first."""

    def __init__(self, architecture: ImageArchitecture) -> None:
        self.expansion = CompiledExpansion(architecture)
        self.parameters = lined_up(self.expansion.size)
        self._network = _network(architecture, self.parameters)
        self._memory = np.zeros(RECORD_BYTES, np.uint8)
        image.keep(self._memory, self._network)
        self._outputs: Outputs = self._network.dense.outputs[: architecture.actions]
        self._observed: Observation | None = None
        self._pixels = self._network.pixels

    def renew(self) -> None:
        image.forget(self._memory)

    def outputs(self, observation: Observation) -> Outputs:
        if observation is not self._observed:
            # The four images of a pixel are the four bytes of one number. A screen always shows the same array.
            self._pixels = observation.reshape(self._network.pixels.nbytes).view(np.uint32)
            self._observed = observation
        image.decide(self._memory, self._pixels)
        return self._outputs


class MlpPolicy:
    """`mlp`: dense layers with tanh between them. Observation: shape (inputs,), float32."""

    def __init__(self, architecture: MlpArchitecture) -> None:
        self.expansion = CompiledExpansion(architecture)
        self.parameters = lined_up(self.expansion.size)
        places = place_layers(architecture)
        widest = max(architecture.inputs, *(place.width for place in places))
        self._layers = np.array([(place.start, place.inputs, place.width) for place in places])
        self._values = lined_up(widest), lined_up(widest)
        self._order = np.arange(widest + AHEAD)
        # The layers' results alternate between two places.
        self._outputs: Outputs = self._values[len(places) % 2][: architecture.actions]

    def renew(self) -> None:
        """Nothing is kept between decisions."""

    def outputs(self, observation: Observation) -> Outputs:
        mlp.decide(self.parameters, self._layers, observation, self._values, self._order)
        return self._outputs


def _network(architecture: ImageArchitecture, parameters: NDArray[np.float32]) -> Network:
    *layers, hidden, _ = layout(architecture)
    *places, hidden_place, out_place = place_layers(architecture)
    sides = _sides(layers)
    images = [
        lined_up((side + sum(layer.padding)) ** 2 * layer.inputs) for layer, side in zip(layers, sides, strict=False)
    ]
    features, positions = lined_up(hidden.inputs), sides[-1] ** 2
    first, second, third = (
        _convolution(layer, above, side, place, pixels, parameters)
        for layer, above, side, place, pixels in zip(layers, [*layers[1:], None], sides, places, images, strict=False)
    )
    dense = Dense(
        made=hidden_place.weights_of(parameters),
        weights=lined_up(hidden.weights // 2).view(np.uint16),
        biases=hidden_place.biases_of(parameters),
        features=features,
        stale=np.zeros(positions, np.uint8),
        backwards=np.zeros(1, np.uint8),
        partial=lined_up(positions * hidden.outputs),
        hidden=lined_up(hidden.outputs),
        out_weights=out_place.weights_of(parameters),
        out_biases=out_place.biases_of(parameters),
        outputs=lined_up(out_place.width),
        values=lined_up(hidden.outputs + AHEAD),
        rows=np.zeros(hidden.outputs + AHEAD, np.int64),
    )
    brightness = np.arange(BRIGHTEST + 1, dtype=np.float32) / np.float32(BRIGHTEST)
    seen = np.zeros(sides[0] ** 2, np.uint32)
    return Network(seen, brightness, sides[0], layers[0].padding[0], first, second, third, dense)


def _sides(layers: Sequence[Layer]) -> list[int]:
    """Rows, and columns, of the image below each layer, and of the last one's outputs."""
    sides = [IMAGE_SHAPE[1]]
    for layer in layers:
        sides.append(layer.output_side(sides[-1]))
    return sides


def _convolution(
    layer: Layer, above: Layer | None, side: int, place: Place, pixels: NDArray[np.float32],
    parameters: NDArray[np.float32],
) -> Convolution:  # fmt: skip
    """`above`: the layer that reads the outputs; None if they are features of a dense one."""
    windows, row = layer.output_side(side), (side + sum(layer.padding)) * layer.inputs
    y, x = np.divmod(np.arange(windows**2), windows)
    border, stride = (above.padding[0], above.stride) if above else (0, 1)
    width = windows + (sum(above.padding) if above else 0)
    cells = (side + sum(layer.padding)) // layer.stride
    return Convolution(
        weights=place.weights_of(parameters),
        biases=place.biases_of(parameters),
        image=pixels,
        stale=np.zeros(cells**2, np.uint8),
        side=windows,
        cells=layer.kernel // layer.stride,
        rows=layer.kernel,
        run=layer.kernel * layer.inputs,
        pitch=row,
        places=layer.stride * (y * row + x * layer.inputs),
        out=((y + border) * width + x + border) * layer.outputs,
        out_cells=(y + border) // stride * (width // stride) + (x + border) // stride,
        chosen=np.zeros(windows**2 + WINDOWS, np.int64),
        begins=np.zeros(windows**2 + WINDOWS, np.int64),
        sums=lined_up(WINDOWS * layer.outputs),
    )
