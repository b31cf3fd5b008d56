"""What plays: a network with replaceable parameters, asked for one decision at a time."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evolution.expansion import Parameters

Observation = NDArray[np.uint8] | NDArray[np.float32]
"""Of an image policy: shape (84, 84, 4), uint8, oldest image first. Of an mlp: shape (inputs,), float32."""
Outputs = NDArray[np.float32]
"""Shape (actions,)."""


class Policy(Protocol):
    """A network. The engine that computes it is a part of what a score rests on."""

    def fill(self, parameters: Parameters) -> None:
        """Takes the parameters, shape (P,), in GENOME.md's order; copies what it keeps."""

    def outputs(self, observation: Observation) -> Outputs:
        """The output layer; overwritten by the next call."""


def greedy(outputs: Outputs) -> int:
    """The lowest index of the largest output."""
    return int(outputs.argmax())
