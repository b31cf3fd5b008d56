"""Network cshenton-2018 for play: one raw screen in, one output an action."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evolution import cshenton
from evolution.architectures import CshentonArchitecture
from evolution.cshenton import SCREEN_SHAPE, Tensor
from evolution.expansion import Parameters
from worker.arrays import lined_up
from worker.classic_kernels import WINDOWS, decide, forget, keep
from worker.classic_network import ScreenConvolution, ScreenNetwork
from worker.kernels.vectors import AHEAD, LANES
from worker.policy import Observation, Outputs
from worker.records import RECORD_BYTES


class CshentonExpansion:
    """The format's own order is that of play."""

    def __init__(self, architecture: CshentonArchitecture) -> None:
        self._actions = architecture.actions
        self.name = architecture.name
        self.size = cshenton.size(architecture.actions)

    def initial(self, seed: int, out: Parameters) -> None:
        """Writes into `out`, shape (size,), what a chain's first seed gives: it is a mutation too."""
        out[:] = cshenton.initial_parameters(self._actions)
        cshenton.mutate(out, [seed])

    def mutate(self, parent: Parameters, seeds: Sequence[int], powers: Sequence[float], out: Parameters) -> None:  # noqa: ARG002
        """Writes into `out` the vector `parent` plus each seed's noise. `powers`: all are the format's."""
        if out is not parent:
            out[:] = parent
        cshenton.mutate(out, seeds)


class CshentonPolicy:
    """Observation: shape (210, 160, 3), uint8: the screen in red, green and blue."""

    def __init__(self, architecture: CshentonArchitecture) -> None:
        self.expansion = CshentonExpansion(architecture)
        self.parameters = lined_up(self.expansion.size)
        self._tensors = cshenton.split(self.parameters, architecture.actions)
        self._network = _network(architecture, self._tensors)
        self._memory = np.zeros(RECORD_BYTES, np.uint8)
        keep(self._memory, self._network)
        self._outputs: Outputs = self._network.outputs[: architecture.actions]

    def renew(self) -> None:
        outputs = self._tensors["dense2"]
        self._network.out_weights.reshape(len(outputs), -1)[:, : outputs.shape[1]] = outputs
        forget(self._memory)

    def outputs(self, observation: Observation) -> Outputs:
        decide(self._memory, observation.reshape(-1))
        return self._outputs


def _network(architecture: CshentonArchitecture, tensors: dict[str, Parameters]) -> ScreenNetwork:
    conv1, conv2, dense1, dense2 = cshenton.tensors(architecture.actions)
    rows, columns, colours = SCREEN_SHAPE
    features = lined_up(dense1.shape[0])
    second = _convolution(conv2, conv1.output_shape(rows, columns), tensors["conv2"], None)
    first = _convolution(conv1, (rows, columns), tensors["conv1"], conv2)
    (above, _), (left, _) = conv1.padding
    units, positions = dense1.shape[1], second.windows
    width = -(-dense2.shape[1] // LANES) * LANES
    return ScreenNetwork(
        first=first,
        second=second,
        screen_row=columns * colours,
        begin=above * first.pitch + left * colours,
        features=features,
        seen=lined_up(len(features)),
        weights=tensors["dense1"].reshape(-1),
        partial=lined_up(positions * units),
        hidden=lined_up(units),
        out_weights=lined_up(units * width),
        outputs=lined_up(width),
        values=lined_up(units + AHEAD),
        active=np.zeros(units + AHEAD, np.int64),
        positions=positions,
    )


def _convolution(
    tensor: Tensor, below: tuple[int, int], weights: Parameters, above: Tensor | None
) -> ScreenConvolution:
    """`below`: rows and columns that it reads. `above`: the convolution that reads its outputs; None: a dense layer."""
    kernel, _, inputs, outputs = tensor.shape
    tall, wide = tensor.output_shape(*below)
    y, x = np.divmod(np.arange(tall * wide), wide)
    pitch = (below[1] + sum(tensor.padding[1])) * inputs
    places = tensor.stride * (y * pitch + x * inputs)
    (out_above, _), (out_left, out_right) = above.padding if above else ((0, 0), (0, 0))
    return ScreenConvolution(
        weights=weights.reshape(-1),
        zeros=lined_up(outputs),
        image=lined_up((below[0] + sum(tensor.padding[0])) * pitch),
        windows=len(places),
        places=_filled_up(places),
        out=((y + out_above) * (wide + out_left + out_right) + x + out_left) * outputs,
        rows=kernel,
        run=kernel * inputs,
        pitch=pitch,
        sums=lined_up(WINDOWS * LANES),
    )


def _filled_up(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last repeated to a multiple of WINDOWS."""
    return np.pad(places, (0, -len(places) % WINDOWS), mode="edge")
