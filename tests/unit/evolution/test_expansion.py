"""From chains to parameters: golden bytes, golden outputs, and the laws of mutation."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from evolution.architectures import Architecture, MlpArchitecture
from evolution.chains import SeedChain, parse_chain
from evolution.expansion import expand, initial_parameters, mutate
from evolution.layouts import Layer, layout
from evolution.noise import noise

SMALL = MlpArchitecture(name="mlp", inputs=5, hidden=[20, 30], actions=3)
seeds = st.integers(0, 2**32 - 1)
CASES = [
    f"parameters {name} actions={actions} seeds={chain} power=0.002"
    for name, actions, chains in [
        ("uber-large", 18, ([1], [1, 2, 3])),
        ("nature-dqn", 18, ([1], [1, 2, 3])),
        ("mlp-4-64-64-2", 2, ([1], [1, 2, 3])),
        ("mlp-6-64-64-3", 3, ([1],)),
    ]
    for chain in chains
]


def chain_of(name: str, actions: int, chain: list[int], power: float | list[float] = 0.002) -> SeedChain:
    """A chain whose network is named as the golden file does, such as mlp-4-64-64-2."""
    architecture: dict[str, Any] = {"name": name, "actions": actions}
    if name.startswith("mlp-"):
        inputs, *hidden, _ = map(int, name.split("-")[1:])
        architecture |= {"name": "mlp", "inputs": inputs, "hidden": hidden}
    document = {"format": "philox-1", "architecture": architecture, "environment": {"id": "CartPole-v1"}}
    return parse_chain(document | {"seeds": chain, "power": power})


def test_every_golden_vector_is_tested(golden: dict[str, Any]) -> None:
    assert [name for name in golden if name.startswith("parameters ")] == CASES


@pytest.mark.parametrize("case", CASES)
def test_parameters_are_golden(case: str, golden: dict[str, Any]) -> None:
    _, name, actions, rest = case.split(" ", 3)
    chain = json.loads(rest.removeprefix("seeds=").removesuffix(" power=0.002"))
    parameters = expand(chain_of(name, int(actions.removeprefix("actions=")), chain))
    assert parameters.dtype == np.float32
    assert len(parameters) == golden[case]["size"]
    assert parameters[:4].tolist() == golden[case]["first4"]
    assert parameters[-2:].tolist() == golden[case]["last2"]
    assert hashlib.sha256(parameters.astype("<f4").tobytes()).hexdigest() == golden[case]["sha256"]


def forward(architecture: Architecture, parameters: NDArray[np.float32], features: NDArray[np.float64]) -> list[float]:
    """The network's outputs in float64, slowly and plainly."""
    start = 0
    for layer in layout(architecture):
        weights = parameters[start : start + layer.weights].reshape(layer.weight_shape).astype(np.float64)
        biases = parameters[start + layer.weights : start + layer.parameters].astype(np.float64)
        features = apply(layer, weights, biases, features)
        start += layer.parameters
    return [float(output) for output in features]


def apply(
    layer: Layer, weights: NDArray[np.float64], biases: NDArray[np.float64], features: NDArray[np.float64]
) -> NDArray[np.float64]:
    if layer.kind == "convolution":
        padded = np.pad(features, ((0, 0), layer.padding, layer.padding))
        windows = sliding_window_view(padded, (layer.kernel, layer.kernel), axis=(1, 2))
        patches = windows[:, :: layer.stride, :: layer.stride]
        sums: NDArray[np.float64] = (
            np.einsum("ihwrc,oirc->ohw", patches, weights, optimize=True) + biases[:, None, None]
        )
    else:
        sums = weights @ features.reshape(-1) + biases
    activations = {"linear": sums, "tanh": np.tanh(sums), "relu": np.maximum(sums, 0)}
    return activations[layer.activation]


@pytest.mark.parametrize("name", ["uber-large", "nature-dqn"])
def test_an_image_gives_the_golden_outputs(name: str, golden: dict[str, Any]) -> None:
    channel, row, column = np.indices((4, 84, 84))
    image = (7 * channel + 3 * row + 5 * column) % 256 / 255
    chain = chain_of(name, 18, [1, 2, 3])
    outputs = forward(chain.architecture, expand(chain), image)
    expected = golden["outputs"][f"{name} actions=18 seeds=[1, 2, 3] power=0.002"]
    assert outputs == pytest.approx(expected, abs=golden["outputs"]["tolerance"])


def test_an_observation_gives_the_golden_outputs(golden: dict[str, Any]) -> None:
    chain = chain_of("mlp-4-64-64-2", 2, [1, 2, 3])
    outputs = forward(chain.architecture, expand(chain), np.array([0.1, -0.2, 0.3, -0.4]))
    expected = golden["outputs"]["mlp 4-64-64-2 seeds=[1, 2, 3] power=0.002 observation [0.1, -0.2, 0.3, -0.4]"]
    assert outputs == pytest.approx(expected, abs=golden["outputs"]["tolerance"])


@given(seeds, seeds)
def test_without_power_the_child_is_the_parent(first: int, second: int) -> None:
    parent = initial_parameters(SMALL, first)
    assert mutate(parent, second, 0.0).tobytes() == parent.tobytes()


@given(seeds, seeds, st.floats(0, 10))
def test_a_mutation_rounds_the_product_and_then_the_sum(first: int, second: int, power: float) -> None:
    parent = initial_parameters(SMALL, first)
    product = (np.float64(np.float32(power)) * noise(second, 1, 0, len(parent)).astype(np.float64)).astype(np.float32)
    total = (parent.astype(np.float64) + product.astype(np.float64)).astype(np.float32)
    assert (mutate(parent, second, power) == total).all()


def test_a_mutation_leaves_the_parent_as_it_was() -> None:
    parent = initial_parameters(SMALL, 1)
    before = parent.copy()
    assert not (mutate(parent, 2, 0.1) == parent).all()
    assert (parent == before).all()


@given(st.lists(seeds, min_size=1, max_size=5), st.data())
def test_a_chain_is_its_mutations_one_after_another(chain: list[int], data: st.DataObject) -> None:
    powers = data.draw(st.lists(st.floats(0, 1), min_size=len(chain) - 1, max_size=len(chain) - 1))
    parameters = initial_parameters(SMALL, chain[0])
    for seed, power in zip(chain[1:], powers, strict=True):
        parameters = mutate(parameters, seed, power)
    assert (expand(chain_of("mlp-5-20-30-3", 3, chain, powers)) == parameters).all()


def test_one_power_for_all_is_the_same_as_one_for_each() -> None:
    one, each = (chain_of("mlp-5-20-30-3", 3, [1, 2, 3], power) for power in (0.05, [0.05, 0.05]))
    assert (expand(one) == expand(each)).all()


@given(seeds)
def test_initial_biases_are_zero_and_weights_scaled_noise(seed: int) -> None:
    parameters, raw = initial_parameters(SMALL, seed), noise(seed, 0, 0, 813)
    assert not parameters[100:120].any()
    assert not parameters[720:750].any()
    assert not parameters[840:].any()
    assert (parameters[:100] == raw[:100] * np.float32(1 / np.sqrt(5))).all()
    assert (parameters[120:720] == raw[120:720] * np.float32(1 / np.sqrt(20))).all()
    assert (parameters[750:813] == raw[750:] * np.float32(0.1 / np.sqrt(30))).all()
