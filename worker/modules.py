"""The networks as modules of torch: what other tools read. Play is the kernels' (worker.networks)."""

from collections import OrderedDict
from collections.abc import Iterator

import torch
from torch import nn

from evolution.architectures import Architecture
from evolution.expansion import Parameters
from evolution.layouts import Layer, layout
from evolution.tensors import layer_names, named_tensors

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
    network = nn.Sequential(OrderedDict(_modules(layout(architecture))))
    tensors = named_tensors(architecture, parameters)
    network.load_state_dict({name: torch.from_numpy(tensor.copy()) for name, tensor in tensors.items()})
    return network.requires_grad_(requires_grad=False)


def _modules(layers: tuple[Layer, ...]) -> Iterator[tuple[str, nn.Module]]:
    if layers[0].kind == "convolution":
        yield "brightness", Brightness()
    below = "dense"
    for name, layer in zip(layer_names(layers), layers, strict=True):
        if layer.kind == "convolution":
            before, after = layer.padding
            yield f"{name}_padding", nn.ZeroPad2d((before, after, before, after))
            yield name, nn.Conv2d(layer.inputs, layer.outputs, layer.kernel, layer.stride)
        else:
            if below == "convolution":
                yield "flatten", nn.Flatten()
            yield name, nn.Linear(layer.inputs, layer.outputs)
        yield f"{name}_{layer.activation}", ACTIVATIONS[layer.activation]()
        below = layer.kind
