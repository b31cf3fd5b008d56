"""An exported network decides as the policy does, observation by observation, over whole episodes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evolution.architectures import Architecture, ImageArchitecture, MlpArchitecture
from evolution.chains import SeedChain, parse_chain
from evolution.environments import Environment
from exports import export_policy
from policies import shipped
from tests.exports.conftest import runtime
from worker.evaluation import evaluate_policy, make_game, play_episode
from worker.individuals import Individual, Parents
from worker.networks import build_policy
from worker.policy import Observation, Outputs, Policy

TIE = 1e-5
CARTPOLE = MlpArchitecture(name="mlp", inputs=4, hidden=[16], actions=2)
PENDULUM = MlpArchitecture(name="mlp", inputs=3, hidden=[16], actions=1, box=True)
FROSTBITE = [ImageArchitecture(name="uber-large", actions=18), ImageArchitecture(name="nature-dqn", actions=18)]


class Witness:
    """Plays as a policy does, and remembers what it saw and what it made of it."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.seen: list[Observation] = []
        self.values: list[Outputs] = []

    def outputs(self, observation: Observation) -> Outputs:
        values = self._policy.outputs(observation)
        self.seen.append(observation.copy())
        self.values.append(values.copy())
        return values


def chain_of(architecture: Architecture, environment: str, power: float, **options: Any) -> SeedChain:
    return SeedChain(
        architecture=architecture,
        environment=Environment(id=environment, options=options),
        seeds=[11, 12, 13],
        power=power,
    )


def watch(chain: SeedChain, seed: int) -> Witness:
    """An episode, which is the one that an evaluation plays."""
    policy = build_policy(chain.architecture)
    individual = Individual(chain.architecture, chain.seeds, chain.powers, None)
    Parents().raise_individual(individual, policy.expansion, policy.parameters)
    policy.renew()
    witness = Witness(policy)
    played = play_episode(make_game(chain.environment.id), witness, chain.environment.settings, seed)
    assert played == evaluate_policy(chain, chain.environment, seed)
    assert played.steps == len(witness.values)
    return witness


def agree(exported: NDArray[np.float32], played: NDArray[np.float32]) -> None:
    """The values are the same but for float32's rounding; the actions too, but where two values tie within it."""
    scale = np.abs(played).max()
    np.testing.assert_allclose(exported, played, atol=TIE * scale, rtol=0)
    chosen, wanted = exported.argmax(1), played.argmax(1)
    rows = np.arange(len(played))
    assert (played[rows, wanted] - played[rows, chosen] <= TIE * scale).all()
    assert (chosen == wanted).mean() > 0.99


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_onnx_network_plays_cartpole_as_the_policy(seed: int) -> None:
    chain = chain_of(CARTPOLE, "CartPole-v1", 0.5)
    witness = watch(chain, seed)
    agree(runtime(export_policy(chain, "onnx").data)(np.stack(witness.seen)), np.stack(witness.values))


def test_the_onnx_networks_values_are_those_before_a_box_bounds_them() -> None:
    chain = chain_of(PENDULUM, "Pendulum-v1", 0.5, max_steps=50)
    witness = watch(chain, 4)
    agree(runtime(export_policy(chain, "onnx").data)(np.stack(witness.seen)), np.stack(witness.values))


@pytest.mark.parametrize("architecture", FROSTBITE, ids=lambda architecture: architecture.name)
def test_the_onnx_network_plays_frostbite_as_the_policy(architecture: ImageArchitecture) -> None:
    chain = chain_of(architecture, "ALE/Frostbite-v5", 0.02, max_steps=150, minimal_actions=False)
    witness = watch(chain, 5)
    assert len({int(values.argmax()) for values in witness.values}) > 1, "a policy of one action shows little"
    stacks = np.stack(witness.seen).transpose(0, 3, 1, 2)
    agree(runtime(export_policy(chain, "onnx").data)(stacks), np.stack(witness.values))


def test_the_onnx_network_of_2018_plays_frostbite_as_the_policy() -> None:
    document = shipped()[4]
    short = {"seeds": document["seeds"][:5], "environment": {"id": "Frostbite-v4", "options": {"max_steps": 150}}}
    chain = parse_chain(document | short)
    witness = watch(chain, 1000)
    assert len({int(values.argmax()) for values in witness.values}) > 1, "a policy of one action shows little"
    agree(runtime(export_policy(chain, "onnx").data)(np.stack(witness.seen)), np.stack(witness.values))
