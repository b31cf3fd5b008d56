"""Networks in torch, filled from one flat vector and asked for one decision at a time.

They are laid out for a single observation on a single thread: what is fixed is computed when a network is filled,
every intermediate result has its place, and nothing is allocated in play but a list of active features.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from evolution.architectures import IMAGE_SHAPE, Architecture, ImageArchitecture, MlpArchitecture
from evolution.expansion import Parameters
from evolution.layouts import Layer, layout
from worker.policy import Observation, Outputs, Policy

BRIGHTEST = 255.0


def build_policy(architecture: Architecture) -> Policy:
    """A network of this architecture, not yet filled."""
    if isinstance(architecture, ImageArchitecture):
        return ImagePolicy(architecture)
    return MlpPolicy(architecture)


class ImagePolicy:
    """`uber-large` or `nature-dqn`. Observation: shape (84, 84, 4), uint8, oldest image first."""

    def __init__(self, architecture: ImageArchitecture) -> None:
        self._layers = layout(architecture)
        *convolutions, dense, output = self._layers
        self._convolutions: list[_Convolution] = []
        side = IMAGE_SHAPE[1]
        for layer in convolutions:
            self._convolutions.append(_Convolution(layer, side))
            side = layer.output_side(side)
        self._hidden = _SparseDense(dense, (convolutions[-1].outputs, side, side))
        self._output = _Dense(output)
        self._places = [convolution.place for convolution in self._convolutions[1:]] + [self._hidden.place]

    def fill(self, parameters: Parameters) -> None:
        parts = list(_parts(parameters, self._layers))
        # The division of the image by 255 is done on the weights that it meets, once.
        self._convolutions[0].fill(parts[0][0] / BRIGHTEST, parts[0][1])
        for convolution, (weights, biases) in zip(self._convolutions[1:], parts[1:], strict=False):
            convolution.fill(weights, biases)
        self._hidden.fill(*parts[-2])
        self._output.fill(*parts[-1])

    def outputs(self, observation: Observation) -> Outputs:
        self._convolutions[0].place.copy_(torch.from_numpy(observation))
        for convolution, place in zip(self._convolutions, self._places, strict=True):
            convolution.run(place)
        return self._output.run(self._hidden.run().relu_())


class MlpPolicy:
    """`mlp`: dense layers with tanh between them. Observation: shape (inputs,), float32."""

    def __init__(self, architecture: MlpArchitecture) -> None:
        self._layers = layout(architecture)
        self._dense = [_Dense(layer) for layer in self._layers]

    def fill(self, parameters: Parameters) -> None:
        for dense, part in zip(self._dense, _parts(parameters, self._layers), strict=True):
            dense.fill(*part)

    def outputs(self, observation: Observation) -> Outputs:
        *hidden, output = self._dense
        values = torch.from_numpy(observation)
        for dense in hidden:
            dense.run(values)
            values = dense.sums.tanh_()
        return output.run(values)


class _Convolution:
    """One convolution and its ReLU as a product of two matrices: windows of the input by weights.

    `place`: where the input goes, shape (side, side, channels): the inside of a frame of zeros, the padding.
    """

    def __init__(self, layer: Layer, side: int) -> None:
        before, padded = layer.padding[0], side + sum(layer.padding)
        kernel, stride, channels, out = layer.kernel, layer.stride, layer.inputs, layer.output_side(side)
        whole = torch.zeros(padded, padded, channels)
        self.place = whole[before : before + side, before : before + side]
        # A window's rows are each one run of memory: columns and channels together.
        shape, row = (out, out, kernel, kernel * channels), padded * channels
        self._windows = whole.as_strided(shape, (stride * row, stride * channels, row, 1))
        self._matrix = torch.empty(shape)
        self._weights = torch.empty(kernel, kernel, channels, layer.outputs)
        self._biases = torch.empty(layer.outputs)
        self._sums = torch.empty(out, out, layer.outputs)
        self._flat = (
            self._matrix.view(out * out, -1),
            self._weights.view(-1, layer.outputs),
            self._sums.view(out * out, -1),
        )

    def fill(self, weights: torch.Tensor, biases: torch.Tensor) -> None:
        self._weights.copy_(weights.permute(2, 3, 1, 0))
        self._biases.copy_(biases)

    def run(self, out: torch.Tensor) -> None:
        """Puts the result into `out`, shape (rows, columns, filters)."""
        matrix, weights, sums = self._flat
        self._matrix.copy_(self._windows)
        torch.addmm(self._biases, matrix, weights, out=sums)
        torch.clamp_min(self._sums, 0, out=out)


class _SparseDense:
    """A dense layer on features of which many are zero: a weighted sum of the weights' rows of those that are not.

    The weights are far larger than a core's own cache, and reading them is what the layer costs.
    `place`: where the features go, as rows, columns, channels, though they lie in memory in GENOME.md's order.
    """

    def __init__(self, layer: Layer, shape: tuple[int, int, int]) -> None:
        """`shape`: (channels, rows, columns)."""
        features = torch.zeros(shape)
        self.place = features.permute(1, 2, 0)
        self._features = features.view(-1)
        self._found: NDArray[np.float32] = self._features.numpy()
        self._start = torch.zeros(1, dtype=torch.int64)
        # Memory from NumPy, which asks the system for large pages: reading scattered rows is a fifth quicker.
        self._rows = torch.from_numpy(np.zeros((layer.inputs, layer.outputs), np.float32))
        self._biases = torch.empty(layer.outputs)

    def fill(self, weights: torch.Tensor, biases: torch.Tensor) -> None:
        self._rows.copy_(weights.t())
        self._biases.copy_(biases)

    def run(self) -> torch.Tensor:
        """Shape (out,)."""
        active = torch.from_numpy(np.flatnonzero(self._found))
        values = self._features.index_select(0, active)
        sums = torch.embedding_bag(self._rows, active, self._start, False, 0, False, values)[0]
        return sums.view(-1).add_(self._biases)


class _Dense:
    """A dense layer. `sums`: shape (out,), where its result lies."""

    def __init__(self, layer: Layer) -> None:
        self._weights = torch.empty(layer.outputs, layer.inputs)
        self._biases = torch.empty(layer.outputs)
        self.sums = torch.empty(layer.outputs)
        self._result: Outputs = self.sums.numpy()

    def fill(self, weights: torch.Tensor, biases: torch.Tensor) -> None:
        self._weights.copy_(weights)
        self._biases.copy_(biases)

    def run(self, values: torch.Tensor) -> Outputs:
        torch.addmv(self._biases, self._weights, values, out=self.sums)
        return self._result


def _parts(parameters: Parameters, layers: tuple[Layer, ...]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weights and biases of each layer, as views of the flat vector."""
    flat = torch.from_numpy(parameters)
    parts, start = [], 0
    for layer in layers:
        biases = start + layer.weights
        parts.append((flat[start:biases].view(layer.weight_shape), flat[biases : biases + layer.outputs]))
        start = biases + layer.outputs
    return parts
