"""The networks as modules of torch: what other tools read. Play is the kernels' (worker.networks)."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence

import torch
from torch import nn

from evolution.architectures import Architecture, CshentonArchitecture, ImageArchitecture
from evolution.expansion import Parameters
from evolution.tensors import NamedLayer, named_layers, named_tensors

BRIGHTEST = 255.0
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "linear": nn.Identity}


class Brightness(nn.Module):
    """Bytes to numbers from 0 to 1."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.float() / BRIGHTEST


class ColoursFirst(nn.Module):
    """Screens, shape (n, rows, columns, colours), bytes, as numbers, shape (n, colours, rows, columns)."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.permute(0, 3, 1, 2).float()


def build_module(architecture: Architecture, parameters: Parameters) -> nn.Sequential:
    """The network with these parameters, shape (P,), in the order of their format.

    It takes a batch of observations, shape (n, 4, 84, 84), bytes, oldest image first, or (n, 210, 160, 3), bytes, or
    (n, inputs), float32, and gives outputs of shape (n, actions), which agree with those of play within the rounding of
    float32. As there, the hidden layer of an image network has its weights rounded to half precision.
    """
    network = nn.Sequential(OrderedDict([*_numbers(architecture), *_modules(named_layers(architecture))]))
    tensors = named_tensors(architecture, parameters)
    network.load_state_dict({name: torch.from_numpy(tensor.copy()) for name, tensor in tensors.items()})
    return network.requires_grad_(requires_grad=False)


def _numbers(architecture: Architecture) -> Iterator[tuple[str, nn.Module]]:
    if isinstance(architecture, ImageArchitecture):
        yield "brightness", Brightness()
    elif isinstance(architecture, CshentonArchitecture):
        yield "colours_first", ColoursFirst()


def _modules(layers: Sequence[NamedLayer]) -> Iterator[tuple[str, nn.Module]]:
    below = "dense"
    for layer in layers:
        if layer.kind == "convolution":
            above, under, left, right = layer.padding
            yield f"{layer.name}_padding", nn.ZeroPad2d((left, right, above, under))
            yield (
                layer.name,
                nn.Conv2d(layer.inputs, layer.outputs, layer.weight_shape[-1], layer.stride, bias=layer.has_biases),
            )
        else:
            if below == "convolution":
                yield "flatten", nn.Flatten()
            yield layer.name, nn.Linear(layer.inputs, layer.outputs, bias=layer.has_biases)
        yield f"{layer.name}_{layer.activation}", ACTIVATIONS[layer.activation]()
        below = layer.kind
