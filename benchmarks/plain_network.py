"""The networks as one plays them in PyTorch: what the peers decide with."""

import numpy as np
import torch
from numpy.typing import NDArray

from evolution.chains import SeedChain
from evolution.expansion import expand
from worker.modules import build_module


class PlainNetwork:
    """One policy, ready to play; its weights are made beforehand and cost the peer nothing."""

    def __init__(self, chain: SeedChain) -> None:
        torch.set_num_threads(1)
        self._network = build_module(chain.architecture, expand(chain))

    def choose(self, stack: NDArray[np.uint8]) -> int:
        """The greedy action. `stack`: shape (1, 4, 84, 84), oldest image first."""
        return int(self.outputs(stack).argmax())

    @torch.inference_mode()
    def outputs(self, stack: NDArray[np.uint8]) -> torch.Tensor:
        """Shape (1, actions)."""
        found: torch.Tensor = self._network(torch.from_numpy(stack))
        return found
