"""A network's parameters by name, as play computes with them."""

import numpy as np
import pytest

from evolution.architectures import Architecture, ImageArchitecture, MlpArchitecture
from evolution.expansion import initial_parameters
from evolution.layouts import parameter_count
from evolution.tensors import named_tensors

IMAGES = ImageArchitecture(name="nature-dqn", actions=4)
MLP = MlpArchitecture(name="mlp", inputs=3, hidden=[5], actions=2)


def test_layers_of_each_kind_are_counted_from_the_input() -> None:
    tensors = named_tensors(IMAGES, initial_parameters(IMAGES, 7))
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "conv1.weight": (32, 4, 8, 8),
        "conv1.bias": (32,),
        "conv2.weight": (64, 32, 4, 4),
        "conv2.bias": (64,),
        "conv3.weight": (64, 64, 3, 3),
        "conv3.bias": (64,),
        "dense1.weight": (512, 3136),
        "dense1.bias": (512,),
        "dense2.weight": (4, 512),
        "dense2.bias": (4,),
    }


@pytest.mark.parametrize("architecture", [IMAGES, MLP], ids=lambda architecture: architecture.name)
def test_the_tensors_are_the_parameters_in_order(architecture: Architecture) -> None:
    parameters = np.arange(parameter_count(architecture), dtype=np.float32) / np.float32(4096)
    parameters = parameters.astype(np.float16).astype(np.float32)  # what rounding leaves as it is
    tensors = named_tensors(architecture, parameters).values()
    assert (np.concatenate([tensor.ravel() for tensor in tensors]) == parameters).all()


def test_only_the_weights_behind_an_image_networks_convolutions_are_rounded_to_half_precision() -> None:
    parameters = np.full(parameter_count(IMAGES), 1.0003, np.float32)
    rounded = {name for name, tensor in named_tensors(IMAGES, parameters).items() if (tensor == 1).all()}
    assert rounded == {"dense1.weight"}
    assert all(
        (tensor == np.float32(0.1)).all() for tensor in named_tensors(MLP, np.full(32, 0.1, np.float32)).values()
    )


def test_a_weight_beyond_half_precision_is_infinite() -> None:
    parameters = np.full(parameter_count(IMAGES), np.float32(1e6))
    assert np.isposinf(named_tensors(IMAGES, parameters)["dense1.weight"]).all()
