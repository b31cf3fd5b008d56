"""The networks compute what GENOME.md says, whatever they were filled with before."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from evolution.architectures import Architecture, ImageArchitecture, MlpArchitecture
from evolution.chains import SeedChain
from evolution.environments import Environment
from evolution.expansion import Parameters, expand
from worker.modules import build_module
from worker.networks import build_policy
from worker.policy import Policy, greedy

ATARI = Environment(id="ALE/Frostbite-v5")
IMAGES = [ImageArchitecture(name="uber-large", actions=18), ImageArchitecture(name="nature-dqn", actions=18)]


def golden_image() -> NDArray[np.uint8]:
    """Shape (4, 84, 84)."""
    channel, row, column = np.meshgrid(np.arange(4), np.arange(84), np.arange(84), indexing="ij")
    return ((7 * channel + 3 * row + 5 * column) % 256).astype(np.uint8)


def interleaved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image.transpose(1, 2, 0))


def parameters_of(architecture: Architecture, seeds: list[int], power: float) -> Parameters:
    return expand(SeedChain(architecture=architecture, environment=ATARI, seeds=seeds, power=power))


def filled(architecture: Architecture, seeds: list[int], power: float) -> Policy:
    policy = build_policy(architecture)
    fill(policy, seeds, power)
    return policy


def fill(policy: Policy, seeds: list[int], power: float) -> None:
    policy.expansion.initial(seeds[0], policy.parameters)
    policy.expansion.mutate(policy.parameters, seeds[1:], [power] * (len(seeds) - 1), policy.parameters)
    policy.renew()


@pytest.mark.parametrize("architecture", IMAGES, ids=lambda architecture: architecture.name)
def test_image_networks_give_the_golden_outputs(golden: dict[str, Any], architecture: ImageArchitecture) -> None:
    policy = filled(architecture, [1, 2, 3], 0.002)
    wanted = golden["outputs"][f"{architecture.name} actions=18 seeds=[1, 2, 3] power=0.002"]
    np.testing.assert_allclose(policy.outputs(interleaved(golden_image())), wanted, atol=1e-5, rtol=0)


def test_the_mlp_gives_the_golden_outputs(golden: dict[str, Any]) -> None:
    architecture = MlpArchitecture(name="mlp", inputs=4, hidden=[64, 64], actions=2)
    policy = filled(architecture, [1, 2, 3], 0.002)
    wanted = golden["outputs"]["mlp 4-64-64-2 seeds=[1, 2, 3] power=0.002 observation [0.1, -0.2, 0.3, -0.4]"]
    np.testing.assert_allclose(policy.outputs(np.array([0.1, -0.2, 0.3, -0.4], np.float32)), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", IMAGES, ids=lambda architecture: architecture.name)
def test_image_networks_agree_with_their_modules(architecture: ImageArchitecture) -> None:
    # Large mutations, biases among them, so that every layer's every parameter matters.
    policy, random = filled(architecture, [5, 6, 7], 0.05), np.random.default_rng(3)
    module = build_module(architecture, parameters_of(architecture, [5, 6, 7], 0.05))
    for _ in range(3):
        image = random.integers(0, 256, (4, 84, 84), np.uint8)
        wanted = module(torch.from_numpy(image)[None])[0]
        scale = float(wanted.abs().max())
        np.testing.assert_allclose(policy.outputs(interleaved(image)), wanted.numpy(), atol=1e-5 * scale, rtol=1e-4)


@pytest.mark.parametrize("architecture", IMAGES, ids=lambda architecture: architecture.name)
def test_a_networks_outputs_do_not_depend_on_what_it_was_asked_before(architecture: ImageArchitecture) -> None:
    image = interleaved(golden_image())
    wanted = filled(architecture, [1, 9], 0.05).outputs(image).copy()
    used = filled(architecture, [2, 9], 0.05)
    used.outputs(np.full((84, 84, 4), 255, np.uint8))
    fill(used, [1, 9], 0.05)
    used.outputs(np.zeros((84, 84, 4), np.uint8))
    assert (used.outputs(image) == wanted).all()


def test_a_network_without_any_active_feature_gives_its_biases() -> None:
    policy = build_policy(ImageArchitecture(name="nature-dqn", actions=3))
    # The output layer's biases come last, as a whole vector.
    policy.parameters[:] = 0
    policy.parameters[-16:-13] = [0.5, -1, 2]
    policy.renew()
    assert policy.outputs(interleaved(golden_image())).tolist() == [0.5, -1, 2]


def test_an_mlp_agrees_with_its_module() -> None:
    architecture = MlpArchitecture(name="mlp", inputs=5, hidden=[40, 7], actions=3)
    policy, module = (
        filled(architecture, [8, 9], 0.3),
        build_module(architecture, parameters_of(architecture, [8, 9], 0.3)),
    )
    observation = np.linspace(-2, 2, 5, dtype=np.float32)
    wanted = module(torch.from_numpy(observation)[None])[0]
    np.testing.assert_allclose(policy.outputs(observation), wanted.numpy(), atol=1e-6, rtol=1e-5)


def test_an_mlp_without_hidden_layers_is_one_matrix() -> None:
    policy = build_policy(MlpArchitecture(name="mlp", inputs=2, hidden=[], actions=1))
    policy.parameters[[0, 16, 32]] = [2, 3, 10]
    assert policy.outputs(np.array([1, 1], np.float32)).tolist() == [15]


def test_of_equal_outputs_the_lowest_index_is_chosen() -> None:
    assert greedy(np.array([1, 3, 3, 2], np.float32)) == 1
    assert greedy(np.zeros(18, np.float32)) == 0
