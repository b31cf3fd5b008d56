"""The code of a model card: Python that loads a policy's files without this project."""

from collections.abc import Iterator

from evolution.architectures import IMAGE_SHAPE, ImageArchitecture, MlpArchitecture
from evolution.chains import SeedChain
from evolution.layouts import Layer, layout
from evolution.tensors import layer_names
from exports.names import INPUT

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
    observations = "torch.from_numpy(observation)"
    layers = layout(chain.architecture)
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
            f"    action_values = network({observations}{'.float() / 255' if _sees_images(layers) else ''})",
            *([] if _is_box(chain) else ["action = int(action_values[0].argmax())"]),
        ]
    )


def _modules(layers: tuple[Layer, ...]) -> Iterator[str]:
    below = "dense"
    for name, layer in zip(layer_names(layers), layers, strict=True):
        if layer.kind == "convolution":
            before, after = layer.padding
            if before or after:
                yield f"{name}_padding=nn.ZeroPad2d(({before}, {after}, {before}, {after}))"
            yield f"{name}=nn.Conv2d({layer.inputs}, {layer.outputs}, {layer.kernel}, {layer.stride})"
        else:
            if below == "convolution":
                yield "flatten=nn.Flatten()"
            yield f"{name}=nn.Linear({layer.inputs}, {layer.outputs})"
        if layer.activation != "linear":
            yield f"{name}_{layer.activation}={ACTIVATIONS[layer.activation]}"
        below = layer.kind


def _example(chain: SeedChain) -> str:
    architecture = chain.architecture
    if isinstance(architecture, MlpArchitecture):
        return f"np.zeros((1, {architecture.inputs}), np.float32)"
    return f"np.zeros((1, {', '.join(map(str, IMAGE_SHAPE))}), np.uint8)  # four images, oldest first"


def _sees_images(layers: tuple[Layer, ...]) -> bool:
    return layers[0].kind == "convolution"


def _is_box(chain: SeedChain) -> bool:
    return not isinstance(chain.architecture, ImageArchitecture) and chain.architecture.box
