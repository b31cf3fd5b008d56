"""Policies of format cshenton-2018: their network, their games, and scores that were measured elsewhere."""

import hashlib
import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

import worker.evaluation
from evolution import cshenton
from evolution.architectures import CshentonArchitecture
from evolution.chains import SeedChain, parse_chain
from evolution.cshenton import NORMALISATION, SCREEN_SHAPE
from evolution.environments import ClassicAtariOptions, DiscreteActions, Environment
from evolution.layouts import UnsuitableArchitecture, resolve_architecture
from policies import shipped
from tests.worker.conftest import chain
from tests.worker.reference import add_fused, matrix_sums
from worker.catalogue import announce_engines, describe
from worker.classic_atari import ClassicAtariGame
from worker.classic_policy import CshentonPolicy
from worker.episode import UnplayableEnvironment, UnreplayableActions, UnsuitablePolicy
from worker.evaluation import Evaluator, evaluate_policy, individual_of, make_game
from worker.policy import Observation, Outputs
from worker.recording import record_episode, verify

Numbers = NDArray[np.float32]
Screen = NDArray[np.uint8]
VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "unit" / "evolution" / "cshenton-vectors.json").read_text(encoding="utf-8")
)
ARCHITECTURE = CshentonArchitecture(name="cshenton-2018", actions=18)
FACTOR = np.float32(NORMALISATION)


class Wandering:
    """Presses what follows from a seed alone, and notes what it saw."""

    def __init__(self, actions: int, seed: int = 0) -> None:
        self._outputs, self._random = np.zeros(actions, np.float32), np.random.default_rng(seed)
        self.seen: list[bytes] = []

    def outputs(self, observation: Observation) -> Outputs:
        self.seen.append(hashlib.sha256(observation.tobytes()).digest())
        self._random.random(out=self._outputs, dtype=np.float32)
        return self._outputs


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    """The process's own, so that each policy is built once for all tests."""
    return worker.evaluation._evaluator()


@pytest.fixture(scope="module")
def parameters() -> Numbers:
    return cshenton.initial_parameters(18)


def shipped_chain(number: int) -> SeedChain:
    return parse_chain(shipped()[number])


@pytest.mark.parametrize(
    ("environment_id", "seed"), [("Frostbite-v4", 1000), ("Breakout-v4", 7), ("Pong-v4", 2**31 - 1)]
)
def test_an_episode_is_that_of_the_environment_as_registered(environment_id: str, seed: int) -> None:
    game = make_game(environment_id)
    assert isinstance(game, ClassicAtariGame)
    witness = Wandering(len(game.actions))
    played = game.play(witness, ClassicAtariOptions(max_steps=600), seed)
    environment = gymnasium.make(environment_id)
    screen, told = environment.reset(seed=seed)
    score, steps, over, seen = 0.0, 0, False, []
    while not over and steps < 600:
        seen.append(hashlib.sha256(screen.tobytes()).digest())
        screen, reward, terminated, truncated, told = environment.step(played.actions[steps])
        score, steps, over = score + float(reward), steps + 1, terminated or truncated
    assert witness.seen == seen
    assert (played.score, played.steps, played.frames) == (score, steps, told["episode_frame_number"])
    memory = environment.unwrapped.ale.getRAM().tobytes()  # type: ignore[attr-defined]
    assert played.digest == hashlib.sha256(played.actions + memory).hexdigest()
    environment.close()


def test_an_episode_does_not_depend_on_those_before() -> None:
    def watch(game: ClassicAtariGame, seed: int) -> tuple[str, list[bytes]]:
        witness = Wandering(18, seed)
        return game.play(witness, ClassicAtariOptions(max_steps=200), seed).digest, witness.seen

    game = ClassicAtariGame("frostbite")
    first = watch(game, 1)
    watch(game, 2)
    game.play(Wandering(18), ClassicAtariOptions(max_steps=3), 3)
    assert watch(game, 1) == first == watch(ClassicAtariGame("frostbite"), 1)
    assert watch(game, 2) != first


@pytest.mark.parametrize(("number", "seeds"), [(0, [1002, 1012]), (4, [1021])])
def test_the_policies_of_2018_score_what_they_scored(number: int, seeds: list[int], evaluator: Evaluator) -> None:
    policy, known = shipped_chain(number), shipped()[number]["scores"][0]["episodes"]
    scores = {each["seed"]: each["score"] for each in known}
    played = [evaluator.evaluate(individual_of(policy), policy.environment, seed) for seed in seeds]
    assert [episode.score for episode in played] == [scores[seed] for seed in seeds]


def test_an_episode_s_actions_replay_it_without_the_policy() -> None:
    policy = shipped_chain(0)
    environment = Environment(id="Frostbite-v4", options={"max_steps": 120})
    rollout = record_episode(policy, environment, 1000)
    assert rollout.steps == 120
    assert verify(rollout).matches
    assert not verify(rollout._replace(seed=1001)).matches
    with pytest.raises(UnreplayableActions, match="after decision 3 it goes on"):
        list(ClassicAtariGame("frostbite").replay(ClassicAtariOptions(), 1000, rollout.actions[:3]))


def test_the_network_gives_the_outputs_of_an_independent_rebuild(evaluator: Evaluator) -> None:
    game, network = ClassicAtariGame("frostbite"), CshentonPolicy(ARCHITECTURE)
    policy = shipped_chain(4)
    # Filled as in play: from what the evaluator keeps of its kin.
    evaluator._parents.raise_individual(individual_of(policy), network.expansion, network.parameters)
    network.renew()
    first: list[Outputs] = []

    class Once:
        def outputs(self, observation: Observation) -> Outputs:
            first.append(network.outputs(observation).copy())
            return first[-1]

    game.play(Once(), ClassicAtariOptions(max_steps=1), 1000)
    y, x, colour = np.ogrid[:210, :160, :3]
    pattern = ((3 * y + 5 * x + 7 * colour) % 256).astype(np.uint8)
    expected = VECTORS["outputs"]
    assert first[0] == pytest.approx(expected["screen of Frostbite-v4 after reset(seed=1000)"], rel=1e-4)
    assert network.outputs(pattern) == pytest.approx(expected["screen (y, x, c) = (3 y + 5 x + 7 c) mod 256"], rel=1e-4)


def test_outputs_are_those_of_plain_loops_in_every_bit_whatever_was_seen_before(parameters: Numbers) -> None:
    network, random = CshentonPolicy(ARCHITECTURE), np.random.default_rng(1)
    network.parameters[:] = parameters
    network.renew()
    screen = random.integers(0, 256, SCREEN_SHAPE, np.uint8)
    other = screen.copy()
    other[100:110, 50:60] = 0
    for shown in (screen, other, screen):
        assert network.outputs(shown).tobytes() == plain_outputs(parameters, shown).tobytes()


def plain_outputs(parameters: Numbers, screen: Screen) -> Numbers:
    """Shape (18,): the network written plainly, its sums in the order that worker.classic_kernels states."""
    tensors, values = cshenton.split(parameters, 18), screen.astype(np.float32)
    for tensor in cshenton.tensors(18)[:2]:
        padded = np.pad(values, (*tensor.padding, (0, 0)))
        values = convolved(padded, tensors[tensor.name], tensor.stride)
        values = np.maximum(values, np.float32(0)) * FACTOR
    hidden = position_sums(values.reshape(-1, values.shape[-1]), tensors["dense1"])
    hidden = np.maximum(hidden * FACTOR, np.float32(0))
    outputs: Numbers = matrix_sums(hidden, np.ascontiguousarray(tensors["dense2"].T), np.zeros(18, np.float32))
    return outputs


@njit  # type: ignore[untyped-decorator]
def convolved(image: Numbers, weights: Numbers, stride: int) -> Numbers:
    kernel, _, channels, outputs = weights.shape
    rows, columns = (image.shape[0] - kernel) // stride + 1, (image.shape[1] - kernel) // stride + 1
    found = np.zeros((rows, columns, outputs), np.float32)
    for y in range(rows):
        for x in range(columns):
            for row in range(kernel):
                for column in range(kernel):
                    for channel in range(channels):
                        pixel = image[y * stride + row, x * stride + column, channel]
                        add_fused(found[y, x], pixel, weights[row, column, channel])
    return found


@njit  # type: ignore[untyped-decorator]
def position_sums(features: Numbers, weights: Numbers) -> Numbers:
    positions, channels = features.shape
    sums = np.zeros(weights.shape[1], np.float32)
    for position in range(positions):
        parts = np.zeros(weights.shape[1], np.float32)
        for channel in range(channels):
            add_fused(parts, features[position, channel], weights[position * channels + channel])
        sums += parts
    return sums


def test_such_games_are_announced_and_described_for_policies_that_exist_not_for_runs() -> None:
    environment = Environment(id="Frostbite-v4")
    engines = announce_engines({})
    assert {"Frostbite-v4", "Breakout-v4"} <= set(engines)
    assert "FrostbiteNoFrameskip-v4" not in engines
    assert engines["Frostbite-v4"].startswith("exact-1 numpy=")
    assert " ale-py=" in engines["Frostbite-v4"]
    assert "rom=4ca73eb959299471788f0b685c3ba0b5" in engines["Frostbite-v4"]
    description = describe(environment, {})
    assert description.engine == engines["Frostbite-v4"]
    assert description.observation_shape == [210, 160, 3]
    assert isinstance(description.actions, DiscreteActions)
    assert description.actions.n == 18
    with pytest.raises(UnsuitableArchitecture, match="no run evolves those: choose ALE/Frostbite-v5, the same game"):
        resolve_architecture("nature-dqn", [], description)


def test_a_game_whose_screen_has_another_shape_is_described_as_unplayable() -> None:
    description = describe(Environment(id="Carnival-v4"), {})
    assert description.actions is None
    assert description.problem == "no policy fits Carnival-v4: its screen is of 214 x 160 x 3"


@pytest.mark.parametrize(("environment_id", "actions"), [("Frostbite-v4", 6), ("Breakout-v4", 18)])
def test_a_wrong_number_of_actions_is_refused(environment_id: str, actions: int) -> None:
    document = shipped()[0] | {
        "architecture": {"name": "cshenton-2018", "actions": actions},
        "environment": {"id": environment_id},
    }
    policy = parse_chain(document)
    with pytest.raises(UnsuitablePolicy, match=rf"raw screens of 210 x 160 and {actions} discrete actions, the envi"):
        evaluate_policy(policy, policy.environment, 1)


def test_neither_kind_of_policy_plays_the_other_s_environment() -> None:
    policy = shipped_chain(0)
    with pytest.raises(UnsuitablePolicy, match="the environment has images and 18 discrete actions"):
        evaluate_policy(policy, Environment(id="ALE/Frostbite-v5"), 1)
    with pytest.raises(UnsuitablePolicy, match="the environment has 4 numbers and 2 discrete actions"):
        evaluate_policy(policy, Environment(id="CartPole-v1"), 1)
    with pytest.raises(UnsuitablePolicy, match="the environment has raw screens of 210 x 160"):
        evaluate_policy(chain("ALE/Frostbite-v5"), Environment(id="Frostbite-v4"), 1)


def test_an_id_that_another_package_took_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gymnasium.registry, "Pong-v4", gymnasium.spec("CartPole-v1"))
    with pytest.raises(UnplayableEnvironment, match="Pong-v4 is registered by another package than ale-py"):
        make_game("Pong-v4")
