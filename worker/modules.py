"""The networks as modules of torch: what other tools read. Play is the kernels' (worker.networks)."""

from collections.abc import Iterator

import torch
from torch import nn

from evolution.architectures import Architecture
from evolution.expansion import Parameters
from evolution.layouts import Layer, layout

BRIGHTEST = 255.0
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "linear": nn.Identity}


class Brightness(nn.Module):
    """Bytes to numbers from 0 to 1."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.float() / BRIGHTEST


def build_module(architecture: Architecture, parameters: Parameters) -> nn.Sequential:
    """The network with these parameters, shape (P,), in GENOME.md's order.

    It takes a batch of observations, shape (n, 4, 84, 84), bytes, oldest image first, or (n, inputs), float32, and
    gives outputs of shape (n, actions), which agree with the kernels' within the rounding of float32. As there, the
    hidden layer of an image network has its weights rounded to half precision.
    """
    layers = layout(architecture)
    images = layers[0].kind == "convolution"
    return nn.Sequential(*([Brightness()] if images else []), *_modules(layers, torch.from_numpy(parameters.copy())))


def _modules(layers: tuple[Layer, ...], flat: torch.Tensor) -> Iterator[nn.Module]:
    start, below = 0, "dense"
    for layer in layers:
        module: nn.Conv2d | nn.Linear
        if layer.kind == "convolution":
            before, after = layer.padding
            yield nn.ZeroPad2d((before, after, before, after))
            module = nn.Conv2d(layer.inputs, layer.outputs, layer.kernel, layer.stride)
        else:
            if below == "convolution":
                yield nn.Flatten()
            module = nn.Linear(layer.inputs, layer.outputs)
        biases = start + layer.weights
        weights = flat[start:biases].view(layer.weight_shape)
        if (below, layer.kind) == ("convolution", "dense"):
            weights = weights.half().float()
        module.weight = nn.Parameter(weights, requires_grad=False)
        module.bias = nn.Parameter(flat[biases : biases + layer.outputs], requires_grad=False)
        start, below = biases + layer.outputs, layer.kind
        yield module
        yield ACTIVATIONS[layer.activation]()
