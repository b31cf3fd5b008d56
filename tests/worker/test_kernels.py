"""Engine exact-1: the compiled kernels agree with the plain loops in every bit, whatever was computed before."""

import hashlib
import json
import math
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from evolution.architectures import Architecture, ImageArchitecture, MlpArchitecture
from evolution.expansion import initial_parameters, mutate
from tests.worker.conftest import chain
from tests.worker.reference import fused, image_outputs, mlp_outputs
from worker.atari import AtariGame
from worker.evaluation import Evaluator, individual_of
from worker.expansion import CompiledExpansion, place_layers
from worker.kernels.mlp import tanh
from worker.kernels.vectors import LANES, shorten
from worker.networks import build_policy
from worker.policy import Observation, Outputs

GOLDEN = Path(__file__).with_name("golden-exact-1.json")
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**60), max_value=2.0**60)
SEEDS = st.integers(0, 2**32 - 1)
MLPS = st.builds(
    MlpArchitecture,
    name=st.just("mlp"),
    inputs=st.integers(1, 40),
    hidden=st.lists(st.integers(1, 40), max_size=3),
    actions=st.integers(1, 20),
)


def bits(numbers: NDArray[np.float32]) -> list[int]:
    return [int(number) for number in numbers.view(np.uint32)]


def plain(architecture: Architecture, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector in GENOME.md's order; what the kernels have beyond that must be zero."""
    parts = []
    for place in place_layers(architecture):
        groups, biases = place.weights_of(vector).reshape(-1, place.inputs, place.group), place.biases_of(vector)
        matrix = groups.transpose(1, 0, 2).reshape(place.inputs, place.width)
        assert not matrix[:, place.outputs :].any()
        assert not biases[place.outputs :].any()
        parts += [matrix[place.rows // place.group, : place.outputs].T.ravel(), biases[: place.outputs]]
    return np.concatenate(parts)


class Twin:
    """Stands in for a policy, and compares each of its decisions with the reference."""

    def __init__(self, architecture: ImageArchitecture, seeds: list[int], power: float) -> None:
        self._policy, self._architecture = build_policy(architecture), architecture
        self._parameters = initial_parameters(architecture, seeds[0])
        self._policy.expansion.initial(seeds[0], self._policy.parameters)
        for seed in seeds[1:]:
            self._parameters = mutate(self._parameters, seed, power)
        powers = [power] * (len(seeds) - 1)
        self._policy.expansion.mutate(self._policy.parameters, seeds[1:], powers, self._policy.parameters)
        self._policy.renew()
        self.decisions = 0

    def outputs(self, observation: Observation) -> Outputs:
        found = self._policy.outputs(observation)
        assert bits(found) == bits(image_outputs(self._architecture, self._parameters, observation.view(np.uint8)))
        self.decisions += 1
        return found


@settings(deadline=None, max_examples=500)
@given(FINITE, FINITE, FINITE)
def test_the_references_fused_multiply_add_is_rounded_once(a: float, b: float, c: float) -> None:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    found = float(fused(np.float32(a), np.float32(b), np.float32(c)))
    # No float32 is nearer.
    for other in (np.nextafter(np.float32(found), np.float32(limit)) for limit in (-np.inf, np.inf)):
        if math.isfinite(other):
            assert abs(exact - Fraction(found)) <= abs(exact - Fraction(float(other)))


EPISODES: dict[str, tuple[Any, int, int]] = {
    "frostbite": ("nature-dqn", 7, 302),
    "asterix": ("uber-large", 3, 222),
    "chopper_command": ("nature-dqn", 1, 183),
    "qbert": ("nature-dqn", 3, 273),
    "breakout": ("uber-large", 2, 179),
}
"""Of a game: who plays, a policy's first seed, and the decisions of the whole episode."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("game", EPISODES)
def test_every_decision_of_an_episode_is_the_references(game: str) -> None:
    played, (name, seed, decisions) = AtariGame(game), EPISODES[game]
    network = ImageArchitecture(name=name, actions=len(played.minimal_actions))
    twin = Twin(network, [seed, 7, 8], 0.02)
    options = chain("ALE/Frostbite-v5", sticky_actions=0.25).environment.settings
    played.play(twin, options, seed=5)  # type: ignore[arg-type]
    assert twin.decisions == decisions


@pytest.mark.parametrize("name", ["uber-large", "nature-dqn"])
def test_a_decision_does_not_depend_on_the_decisions_before(name: Any) -> None:
    twin, random = Twin(ImageArchitecture(name=name, actions=18), [1, 2], 0.05), np.random.default_rng(0)
    stack = np.zeros((84, 84, 4), np.uint8)
    for size in (84, 1, 7, 0, 30, 84):
        top, left = random.integers(0, 85 - size, 2)
        stack[top : top + size, left : left + size] = random.integers(0, 256, (size, size, 4))
        twin.outputs(stack)


CORNERS = st.tuples(st.integers(0, 83), st.integers(0, 83))


@settings(deadline=None, max_examples=10)
@given(st.lists(st.tuples(CORNERS, CORNERS, st.integers(0, 255), st.integers(1, 15)), min_size=1, max_size=3), SEEDS)
def test_whatever_rectangle_changes_a_decision_is_the_references(changes: list[Any], seed: int) -> None:
    twin = Twin(ImageArchitecture(name="nature-dqn", actions=5), [seed, 1], 0.05)
    stack = np.zeros((84, 84, 4), np.uint8)
    for (top, left), (bottom, right), level, images in changes:
        for number in range(4):
            if images >> number & 1:
                stack[min(top, bottom) : max(top, bottom) + 1, min(left, right) : max(left, right) + 1, number] = level
        twin.outputs(stack)


@settings(deadline=None, max_examples=40)
@given(MLPS, SEEDS, st.data())
def test_an_mlps_outputs_are_the_references(architecture: MlpArchitecture, seed: int, data: st.DataObject) -> None:
    policy = build_policy(architecture)
    policy.expansion.initial(seed, policy.parameters)
    observed = data.draw(st.lists(FINITE, min_size=architecture.inputs, max_size=architecture.inputs))
    observation = np.array(observed, np.float32)
    wanted = mlp_outputs(architecture, initial_parameters(architecture, seed), observation)
    assert bits(policy.outputs(observation)) == bits(wanted)


@settings(deadline=None, max_examples=40)
@given(MLPS, SEEDS, st.lists(st.tuples(SEEDS, st.floats(0, 1)), min_size=1, max_size=4))
def test_parameters_in_the_kernels_order_are_the_formats(
    architecture: MlpArchitecture, first: int, mutations: list[tuple[int, float]]
) -> None:
    expansion = CompiledExpansion(architecture)
    parent, child = (np.full(expansion.size, np.nan, np.float32) for _ in range(2))
    expansion.initial(first, parent)
    seeds, powers = zip(*mutations, strict=True)
    expansion.mutate(parent, seeds, powers, child)
    wanted = initial_parameters(architecture, first)
    assert bits(plain(architecture, parent)) == bits(wanted)
    for seed, power in mutations:
        wanted = mutate(wanted, seed, power)
        expansion.mutate(parent, [seed], [power], parent)
    assert bits(plain(architecture, child)) == bits(wanted)
    assert bits(parent) == bits(child)


@pytest.mark.parametrize("name", ["uber-large", "nature-dqn"])
@pytest.mark.parametrize("actions", [3, 16, 18])
def test_image_networks_parameters_are_the_formats(name: Any, actions: int) -> None:
    architecture = ImageArchitecture(name=name, actions=actions)
    expansion = CompiledExpansion(architecture)
    parent, child = (np.full(expansion.size, np.nan, np.float32) for _ in range(2))
    expansion.initial(4, parent)
    expansion.mutate(parent, [2**32 - 1], [0.002], child)
    assert bits(plain(architecture, child)) == bits(mutate(initial_parameters(architecture, 4), 2**32 - 1, 0.002))


@njit  # type: ignore[untyped-decorator]
def shorten_all(numbers: NDArray[np.float32], halves: NDArray[np.uint16]) -> None:
    for place in range(0, len(halves), LANES):
        shorten(numbers, place, halves, place)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.floats(width=32, allow_nan=False), min_size=LANES, max_size=LANES))
def test_half_precision_is_the_nearest(drawn: list[float]) -> None:
    numbers, found = np.array(drawn, np.float32), np.zeros(LANES, np.uint16)
    shorten_all(numbers, found)
    with np.errstate(over="ignore"):
        assert (found == numbers.astype(np.float16).view(np.uint16)).all()


def test_half_precision_is_rounded_to_even_between_any_two_numbers() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    numbers = np.sort(halves[np.isfinite(halves)].astype(np.float32))
    between = (numbers[:-1] + numbers[1:]) / np.float32(2)
    near = [np.nextafter(between, np.float32(limit)) for limit in (-np.inf, np.inf)]
    given = np.concatenate([numbers, between, *near])
    found = np.zeros(len(given) // LANES * LANES, np.uint16)
    shorten_all(given, found)
    assert (found == given[: len(found)].astype(np.float16).view(np.uint16)).all()


def test_tanh_is_within_two_units_in_the_last_place() -> None:
    numbers = np.concatenate([np.linspace(-10, 10, 40_001), np.logspace(-35, 30, 2_000)]).astype(np.float32)
    found = np.array([tanh(number) for number in numbers], np.float32)
    wanted = np.tanh(numbers.astype(np.float64))
    assert (np.abs(found - wanted) <= 2 * np.spacing(np.abs(wanted).astype(np.float32))).all()
    assert tanh(np.float32(np.inf)) == 1
    assert tanh(np.float32(-np.inf)) == -1
    assert np.isnan(tanh(np.float32(np.nan)))


def digests() -> dict[str, str]:
    """What engine exact-1 gives, on any processor."""
    found: dict[str, str] = {}
    grid = np.linspace(-10, 10, 20_001).astype(np.float32)
    found["tanh"] = hashlib.sha256(np.array([tanh(number) for number in grid], "<f4").tobytes()).hexdigest()
    architectures: list[Architecture] = [
        MlpArchitecture(name="mlp", inputs=4, hidden=[64, 33], actions=2),
        ImageArchitecture(name="nature-dqn", actions=18),
        ImageArchitecture(name="uber-large", actions=6),
    ]
    for architecture in architectures:
        policy, random = build_policy(architecture), np.random.default_rng(1)
        policy.expansion.initial(1, policy.parameters)
        policy.expansion.mutate(policy.parameters, [2], [0.05], policy.parameters)
        policy.renew()
        outputs = hashlib.sha256()
        for _ in range(3):
            whole = random.integers(0, 256, (84, 84, 4), np.uint8)
            small = random.integers(-1000, 1000, 4).astype(np.float32) / np.float32(512)
            outputs.update(policy.outputs(small if architecture.name == "mlp" else whole).astype("<f4").tobytes())
        found[architecture.name] = outputs.hexdigest()
    for environment in ("CartPole-v1", "ALE/Frostbite-v5", "ALE/Qbert-v5"):
        played = Evaluator().evaluate(
            individual_of(chain(environment)), chain(environment, max_steps=60).environment, 3
        )
        found[environment] = hashlib.sha256(played.actions).hexdigest()
    return found


PROCESSORS = {
    "this one": {},
    "one with vectors of 8": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"},
    "one without fused multiply-add": {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse2"},
}
PROGRAM = "import json; from tests.worker.test_kernels import digests; print(json.dumps(digests()))"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("processor", PROCESSORS)
def test_results_are_the_golden_ones_on(processor: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | PROCESSORS[processor],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ended.stdout) == json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert ("slow-processor" in ended.stderr) == ("without" in processor)
