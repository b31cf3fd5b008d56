"""What plays: a network with replaceable parameters, asked for one decision at a time."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evolution.expansion import Parameters
from worker.expansion import Expansion

Observation = NDArray[np.uint8] | NDArray[np.float32]
"""Of an image policy: shape (84, 84, 4), uint8, oldest image first. Of an mlp: shape (inputs,), float32."""
Outputs = NDArray[np.float32]
"""Shape (actions,)."""


class Player(Protocol):
    """Whatever decides."""

    def outputs(self, observation: Observation) -> Outputs:
        """The output layer; overwritten by the next call."""


class Policy(Player, Protocol):
    """A network. The engine that computes it is a part of what a score rests on."""

    @property
    def expansion(self) -> Expansion:
        """Makes parameters in the order that the network wants."""

    @property
    def parameters(self) -> Parameters:
        """Shape (expansion.size,): where they are written. Call `renew` after that."""

    def renew(self) -> None:
        """The parameters are others."""


def greedy(outputs: Outputs) -> int:
    """The lowest index of the largest output."""
    return int(outputs.argmax())
