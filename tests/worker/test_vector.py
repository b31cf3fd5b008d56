"""Environments with vector observations, the library's and the user's own."""

from typing import Any

import numpy as np
import pytest

from evolution.architectures import MlpArchitecture
from evolution.environments import BoxActions, Environment, VectorOptions
from evolution.expansion import Parameters
from tests.worker.conftest import chain
from worker import evaluate_policy
from worker.catalogue import announce_engines, describe
from worker.episode import BrokenEnvironment, UnplayableEnvironment, UnsuitablePolicy
from worker.policy import Observation, Outputs
from worker.registry import MissingModule, import_modules
from worker.vector import VectorGame

MODULE = "tests.worker.user_environments"


@pytest.fixture(scope="module")
def own() -> dict[str, str]:
    first = import_modules([MODULE])
    return first or dict.fromkeys(OWN, MODULE)


OWN = ["user/Box-v0", "user/Many-v0", "user/Dict-v0"]


class Constant:
    """A policy with the same outputs always."""

    def __init__(self, *outputs: float) -> None:
        self._outputs = np.array(outputs, np.float32)

    def fill(self, parameters: Parameters) -> None: ...

    def outputs(self, observation: Observation) -> Outputs:
        return self._outputs


def test_pendulum_is_played_with_a_box_of_actions() -> None:
    policy = chain("Pendulum-v1")
    played = evaluate_policy(policy, policy.environment, 4)
    assert (played.steps, played.frames) == (200, 200)
    assert -2000 < played.score < 0
    assert evaluate_policy(policy, policy.environment, 4) == played
    assert evaluate_policy(policy, policy.environment, 5).digest != played.digest


def test_cartpole_does_not_depend_on_the_episodes_before() -> None:
    policy = chain("CartPole-v1")
    wanted = [evaluate_policy(policy, policy.environment, seed) for seed in (1, 2, 3)]
    again = [evaluate_policy(policy, policy.environment, seed) for seed in (3, 2, 1)]
    assert again[::-1] == wanted
    assert wanted[0].score == wanted[0].steps == wanted[0].frames


def test_the_longest_episode_is_an_option() -> None:
    policy = chain("Pendulum-v1", max_steps=7)
    assert evaluate_policy(policy, policy.environment, 4).steps == 7


@pytest.mark.usefixtures("own")
def test_outputs_are_mapped_onto_the_box() -> None:
    game = VectorGame("user/Box-v0")
    assert game.actions == BoxActions(low=[-1, 0], high=[3, 0.5])
    assert game.observations == 6
    taken = game._environment.unwrapped.taken  # type: ignore[attr-defined]
    for outputs, wanted in (
        ((0, 0), (1, 0.25)),
        ((99, -99), (3, 0)),
        ((1, -1), (1 + 2 * np.tanh(1), 0.25 - np.tanh(1) / 4)),
    ):
        game.play(Constant(*outputs), VectorOptions(), 1)
        assert taken[0].shape == (1, 2)
        np.testing.assert_allclose(taken[0], [wanted], rtol=1e-6)


@pytest.mark.usefixtures("own")
def test_discrete_actions_count_from_where_the_space_starts() -> None:
    game = VectorGame("user/Started-v0")
    game.play(Constant(0, 2, 2), VectorOptions(), 1)
    assert set(game._environment.unwrapped.taken) == {6}  # type: ignore[attr-defined]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("environment_id", "message"),
    [
        ("user/NaN-v0", "rewards must be finite numbers"),
        ("user/Broken-v0", "failed in play: ValueError: the user's mistake"),
    ],
)
def test_an_environment_that_fails_in_play_is_named(environment_id: str, message: str) -> None:
    with pytest.raises(BrokenEnvironment, match=message):
        VectorGame(environment_id).play(Constant(0, 0), VectorOptions(), 1)


@pytest.mark.parametrize(
    ("environment_id", "problem"),
    [
        ("user/Many-v0", "its actions are a MultiDiscrete"),
        ("user/Unbounded-v0", "its box of actions is unbounded"),
        ("user/Whole-v0", "its actions are a box of int64"),
        ("user/Dict-v0", "its observations are a Dict"),
        ("user/Unmakeable-v0", "cannot be made on the worker: TypeError"),
        ("user/Spaceless-v0", "its spaces cannot be read: AttributeError"),
        ("user/Unclosable-v0", "it cannot be closed: OSError: the user's window is gone; correct it"),
        ("user/Exiting-v0", "cannot be made on the worker: SystemExit: no licence"),
        ("user/Excessive-v0", "it cannot be described: OverflowError"),
        ("FrozenLake-v1", "its observations are a Discrete"),
        ("Blackjack-v1", "its observations are a Tuple"),
        ("FrostbiteNoFrameskip-v4", "its observations are images of 210 x 160 x 3"),
        ("CarRacing-v3", "needs what is not installed on the worker"),
        ("Nowhere-v0", "no environment Nowhere-v0 is registered"),
        ("os:system", "no environment os:system is registered"),
        ("ALE/Nowhere-v5", "no environment ALE/Nowhere-v5 is registered"),
    ],
)
def test_the_reason_why_no_policy_fits_is_told(own: dict[str, str], environment_id: str, problem: str) -> None:
    description = describe(Environment(id=environment_id), own)
    assert description.actions is None
    assert description.architectures == []
    assert description.problem is not None
    assert problem in description.problem


def test_what_can_be_played_is_described(own: dict[str, str]) -> None:
    pendulum = describe(Environment(id="Pendulum-v1"), own)
    assert (pendulum.observation_shape, pendulum.architectures, pendulum.problem) == ([3], ["mlp"], None)
    assert pendulum.actions == BoxActions(low=[-2], high=[2])
    frostbite = describe(Environment(id="ALE/Frostbite-v5"), own)
    assert frostbite.observation_shape == [4, 84, 84]
    assert frostbite.actions is not None
    assert frostbite.actions.model_dump()["n"] == 18
    assert frostbite.deterministic
    assert not describe(Environment(id="user/Chancy-v0"), own).deterministic
    assert describe(Environment(id="user/Endless-v0"), own).frames_per_second == 30
    pong = describe(Environment(id="ALE/Pong-v5"), own)
    assert pong.actions is not None
    assert pong.actions.model_dump()["meanings"] == ["NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE"]


def test_every_environment_that_can_be_played_is_announced_with_its_engine(own: dict[str, str]) -> None:
    engines = announce_engines(own)
    assert {"ALE/Frostbite-v5", "CartPole-v1", "Pendulum-v1", *OWN} <= set(engines)
    assert not {"FrozenLake-v1", "CarRacing-v3", "FrostbiteNoFrameskip-v4", "ALE/Combat-v5"} & set(engines)
    assert engines["ALE/Frostbite-v5"].startswith("exact-1 ale-py=")
    assert "rom=4ca73eb959299471788f0b685c3ba0b5" in engines["ALE/Frostbite-v5"]
    assert "ale-py=" in engines["ALE/Frostbite-v5"]
    assert engines["user/Box-v0"].endswith(f"{MODULE}=1.2")
    assert engines["CartPole-v1"] == describe(Environment(id="CartPole-v1"), own).engine


@pytest.mark.usefixtures("own")
def test_what_another_package_registers_wrongly_is_not_announced_and_harms_nothing() -> None:
    engines = announce_engines({})
    assert {"CartPole-v1", "user/Box-v0", "user/Excessive-v0"} <= set(engines)
    assert not {"user/Spaceless-v0", "user/Unclosable-v0", "user/Exiting-v0"} & set(engines)


def test_a_module_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(MissingModule, match="--env-module no_such_module cannot be imported: ModuleNotFoundError"):
        import_modules(["no_such_module"])


@pytest.mark.parametrize(
    ("environment_id", "architecture"),
    [
        ("CartPole-v1", MlpArchitecture(name="mlp", inputs=5, hidden=[4], actions=2)),
        ("CartPole-v1", MlpArchitecture(name="mlp", inputs=4, hidden=[4], actions=3)),
        ("Pendulum-v1", MlpArchitecture(name="mlp", inputs=3, hidden=[4], actions=1)),
        ("ALE/Pong-v5", MlpArchitecture(name="mlp", inputs=128, hidden=[4], actions=6)),
    ],
)
def test_a_policy_for_another_environment_is_refused(environment_id: str, architecture: Any) -> None:
    policy = chain(environment_id, architecture)
    with pytest.raises(UnsuitablePolicy, match="the policy does not fit"):
        evaluate_policy(policy, policy.environment, 1)


def test_an_unknown_environment_is_refused() -> None:
    policy = chain("Nowhere-v0", MlpArchitecture(name="mlp", inputs=5, hidden=[4], actions=2))
    with pytest.raises(UnplayableEnvironment, match="no environment Nowhere-v0"):
        evaluate_policy(policy, policy.environment, 1)
