"""The code of a model card: Python that loads a policy's files without this project."""

from collections.abc import Iterator, Sequence

from evolution.architectures import MlpArchitecture
from evolution.chains import SeedChain
from evolution.tensors import NamedLayer, named_layers
from exports.names import INPUT
from exports.observations import Observation, observation_of

ACTIVATIONS = {"relu": "nn.ReLU()", "tanh": "nn.Tanh()"}
BOX_CODE = """\
low, high = environment.action_space.low, environment.action_space.high
action = low + (np.tanh(np.asarray(action_values[0])) + 1) / 2 * (high - low)"""
"""From action values to an action of a box."""


def onnx_code(chain: SeedChain, file: str) -> str:
    """From a batch of one observation to its action values, by ONNX Runtime."""
    return "\n".join(
        [
            "import numpy as np",
            "import onnxruntime",
            "",
            f'session = onnxruntime.InferenceSession("{file}")',
            f"observation = {_example(chain)}",
            f'(action_values,) = session.run(None, {{"{INPUT}": observation}})',
            *([] if _is_box(chain) else ["action = int(action_values[0].argmax())"]),
        ]
    )


def torch_code(chain: SeedChain, file: str) -> str:
    """The network in PyTorch, with its weights, asked for the action values of a batch of one observation."""
    layers, sight = named_layers(chain.architecture), observation_of(chain.architecture)
    return "\n".join(
        [
            "from collections import OrderedDict",
            "",
            "import numpy as np",
            "import torch",
            "from safetensors.torch import load_file",
            "from torch import nn",
            "",
            "network = nn.Sequential(",
            "    OrderedDict(",
            *(f"        {module}," for module in _modules(layers)),
            "    )",
            ")",
            f'network.load_state_dict(load_file("{file}"))',
            f"observation = {_example(chain)}",
            "with torch.no_grad():",
            f"    action_values = network({_numbers(sight)})",
            *([] if _is_box(chain) else ["action = int(action_values[0].argmax())"]),
        ]
    )


def _modules(layers: Sequence[NamedLayer]) -> Iterator[str]:
    below = "dense"
    for layer in layers:
        bias = "" if layer.has_biases else ", bias=False"
        if layer.kind == "convolution":
            above, under, left, right = layer.padding
            if any(layer.padding):
                yield f"{layer.name}_padding=nn.ZeroPad2d(({left}, {right}, {above}, {under}))"
            window = f"{layer.weight_shape[-1]}, {layer.stride}"
            yield f"{layer.name}=nn.Conv2d({layer.inputs}, {layer.outputs}, {window}{bias})"
        else:
            if below == "convolution":
                yield "flatten=nn.Flatten()"
            yield f"{layer.name}=nn.Linear({layer.inputs}, {layer.outputs}{bias})"
        if layer.activation != "linear":
            yield f"{layer.name}_{layer.activation}={ACTIVATIONS[layer.activation]}"
        below = layer.kind


def _example(chain: SeedChain) -> str:
    sight = observation_of(chain.architecture)
    shape, kind = ", ".join(map(str, (1, *sight.shape))), "uint8" if sight.is_bytes else "float32"
    return f"np.zeros(({shape}), np.{kind})  # {sight.words}"


def _numbers(sight: Observation) -> str:
    order = ".permute(0, 3, 1, 2)" if sight.colours_last else ""
    scale = f" / {sight.divisor}" if sight.divisor != 1 else ""
    return f"torch.from_numpy(observation){order}{'.float()' if sight.is_bytes else ''}{scale}"


def _is_box(chain: SeedChain) -> bool:
    return isinstance(chain.architecture, MlpArchitecture) and chain.architecture.box
