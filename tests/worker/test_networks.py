"""The networks compute what GENOME.md says, whatever they were filled with before."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from evolution.architectures import ImageArchitecture, MlpArchitecture
from evolution.chains import SeedChain
from evolution.environments import Environment
from evolution.expansion import Parameters, expand
from evolution.layouts import layout, parameter_count
from worker.networks import build_policy
from worker.policy import greedy

ATARI = Environment(id="ALE/Frostbite-v5")
IMAGES = [ImageArchitecture(name="uber-large", actions=18), ImageArchitecture(name="nature-dqn", actions=18)]


def golden_image() -> NDArray[np.uint8]:
    """Shape (4, 84, 84)."""
    channel, row, column = np.meshgrid(np.arange(4), np.arange(84), np.arange(84), indexing="ij")
    return ((7 * channel + 3 * row + 5 * column) % 256).astype(np.uint8)


def interleaved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image.transpose(1, 2, 0))


def parameters_of(architecture: ImageArchitecture | MlpArchitecture, seeds: list[int], power: float) -> Parameters:
    return expand(SeedChain(architecture=architecture, environment=ATARI, seeds=seeds, power=power))


def plain_outputs(architecture: ImageArchitecture, parameters: Parameters, image: NDArray[np.uint8]) -> torch.Tensor:
    """The same network in torch's own functions, as its paper draws it."""
    values = torch.from_numpy(image).float().div(255)[None]
    rest = parameters
    for layer in layout(architecture):
        flat_weights, flat_biases, rest = np.split(rest, [layer.weights, layer.parameters])
        weights, biases = torch.from_numpy(flat_weights.reshape(layer.weight_shape)), torch.from_numpy(flat_biases)
        if layer.kind == "convolution":
            before, after = layer.padding
            padded = functional.pad(values, (before, after, before, after))
            values = functional.conv2d(padded, weights, biases, layer.stride)
        else:
            values = functional.linear(values.reshape(1, -1), weights, biases)
        if layer.activation == "relu":
            values = values.relu()
    return values[0]


@pytest.mark.parametrize("architecture", IMAGES, ids=lambda architecture: architecture.name)
def test_image_networks_give_the_golden_outputs(golden: dict[str, Any], architecture: ImageArchitecture) -> None:
    policy = build_policy(architecture)
    policy.fill(parameters_of(architecture, [1, 2, 3], 0.002))
    wanted = golden["outputs"][f"{architecture.name} actions=18 seeds=[1, 2, 3] power=0.002"]
    np.testing.assert_allclose(policy.outputs(interleaved(golden_image())), wanted, atol=1e-5, rtol=0)


def test_the_mlp_gives_the_golden_outputs(golden: dict[str, Any]) -> None:
    architecture = MlpArchitecture(name="mlp", inputs=4, hidden=[64, 64], actions=2)
    policy = build_policy(architecture)
    policy.fill(parameters_of(architecture, [1, 2, 3], 0.002))
    wanted = golden["outputs"]["mlp 4-64-64-2 seeds=[1, 2, 3] power=0.002 observation [0.1, -0.2, 0.3, -0.4]"]
    np.testing.assert_allclose(policy.outputs(np.array([0.1, -0.2, 0.3, -0.4], np.float32)), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", IMAGES, ids=lambda architecture: architecture.name)
def test_image_networks_agree_with_plain_convolutions(architecture: ImageArchitecture) -> None:
    policy, random = build_policy(architecture), np.random.default_rng(3)
    # Large mutations, biases among them, so that every layer's every parameter matters.
    parameters = parameters_of(architecture, [5, 6, 7], 0.05)
    policy.fill(parameters)
    for _ in range(3):
        image = random.integers(0, 256, (4, 84, 84), np.uint8)
        wanted = plain_outputs(architecture, parameters, image)
        scale = float(wanted.abs().max())
        np.testing.assert_allclose(policy.outputs(interleaved(image)), wanted.numpy(), atol=1e-5 * scale, rtol=1e-4)


@pytest.mark.parametrize("architecture", IMAGES, ids=lambda architecture: architecture.name)
def test_a_networks_outputs_do_not_depend_on_what_it_was_asked_before(architecture: ImageArchitecture) -> None:
    first, second = (parameters_of(architecture, [seed, 9], 0.05) for seed in (1, 2))
    image, fresh = interleaved(golden_image()), build_policy(architecture)
    fresh.fill(first)
    wanted = fresh.outputs(image).copy()
    used = build_policy(architecture)
    used.fill(second)
    used.outputs(np.full((84, 84, 4), 255, np.uint8))
    used.fill(first)
    used.outputs(np.zeros((84, 84, 4), np.uint8))
    assert (used.outputs(image) == wanted).all()


def test_a_network_without_any_active_feature_gives_its_biases() -> None:
    architecture = ImageArchitecture(name="nature-dqn", actions=3)
    parameters = np.zeros(parameter_count(architecture), np.float32)
    parameters[-3:] = [0.5, -1, 2]
    policy = build_policy(architecture)
    policy.fill(parameters)
    assert policy.outputs(interleaved(golden_image())).tolist() == [0.5, -1, 2]


def test_an_mlp_without_hidden_layers_is_one_matrix() -> None:
    policy = build_policy(MlpArchitecture(name="mlp", inputs=2, hidden=[], actions=1))
    policy.fill(np.array([2, 3, 10], np.float32))
    assert policy.outputs(np.array([1, 1], np.float32)).tolist() == [15]


def test_of_equal_outputs_the_lowest_index_is_chosen() -> None:
    assert greedy(np.array([1, 3, 3, 2], np.float32)) == 1
    assert greedy(np.zeros(18, np.float32)) == 0
