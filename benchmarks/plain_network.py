"""The networks as one writes them in PyTorch: what the peers decide with."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from evolution.chains import SeedChain
from evolution.expansion import Parameters, expand
from evolution.layouts import Layer, layout

BRIGHTEST = 255.0


class PlainNetwork:
    """One policy, ready to play; its weights are made beforehand and cost the peer nothing."""

    def __init__(self, chain: SeedChain) -> None:
        self._network = nn.Sequential(*_modules(layout(chain.architecture), expand(chain)))

    def choose(self, stack: NDArray[np.uint8]) -> int:
        """The greedy action. `stack`: shape (1, 4, 84, 84), oldest image first."""
        return int(self.outputs(stack).argmax())

    @torch.inference_mode()
    def outputs(self, stack: NDArray[np.uint8]) -> torch.Tensor:
        """Shape (1, actions)."""
        found: torch.Tensor = self._network(torch.from_numpy(stack).float() / BRIGHTEST)
        return found


def _modules(layers: Sequence[Layer], parameters: Parameters) -> Iterator[nn.Module]:
    flat, start, flattened = torch.from_numpy(parameters.copy()), 0, False
    for number, layer in enumerate(layers):
        module: nn.Conv2d | nn.Linear
        if layer.kind == "convolution":
            before, after = layer.padding
            yield nn.ZeroPad2d((before, after, before, after))
            module = nn.Conv2d(layer.inputs, layer.outputs, layer.kernel, layer.stride)
        else:
            if not flattened:
                yield nn.Flatten()
                flattened = True
            module = nn.Linear(layer.inputs, layer.outputs)
        biases = start + layer.weights
        module.weight = nn.Parameter(flat[start:biases].view(layer.weight_shape), requires_grad=False)
        module.bias = nn.Parameter(flat[biases : biases + layer.outputs], requires_grad=False)
        start = biases + layer.outputs
        yield module
        if number < len(layers) - 1:
            yield nn.ReLU()
