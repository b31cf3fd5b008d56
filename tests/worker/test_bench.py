"""The measurements, short: that they measure what they say, not how fast anything is."""

import json
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.bare import BareEmulator, ReplayDiffers
from benchmarks.chains import GAME, IMAGE_NAMES, ImageName, chains_for, committed_chains, count_kinds, cut_short
from benchmarks.crowd import Plan
from benchmarks.memory import measure_memory
from benchmarks.ours import WorkerLoop
from benchmarks.peers import MODULES, make_peer
from benchmarks.plain_network import PlainNetwork
from benchmarks.preparation import Preparation
from benchmarks.report import paces
from benchmarks.vector import cartpole_steps
from cli.errors import BadInput, CommandError
from cli.main import app
from evolution.architectures import ImageArchitecture
from evolution.chains import SeedChain, policy_id
from evolution.environments import Environment
from tests.worker.test_networks import golden_image
from worker.evaluation import Evaluator

ONE_EPISODE = 0.0
"""Seconds of a slice: what was begun is played to its end."""


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator()


def short_chains(game: str = GAME, steps: int = 150) -> list[SeedChain]:
    """Two random and two evolved policies, whose episodes are cut short."""
    return cut_short(chains_for("nature-dqn", game)[:4], steps)


@pytest.mark.parametrize("architecture", [*IMAGE_NAMES, "mlp"])
def test_the_committed_policies_are_distinct_and_random_and_evolved_in_turn(architecture: str) -> None:
    chains = committed_chains(architecture)
    counts = count_kinds(chains)
    assert counts.random >= 4
    assert len({policy_id(chain) for chain in chains}) == len(chains)
    paired = chains[: 2 * min(counts)]
    assert all((len(one.seeds) == 1) != (len(other.seeds) == 1) for one, other in pairwise(paired))


@pytest.mark.parametrize("game", [GAME, "ALE/Breakout-v5"])
def test_the_bare_emulator_plays_the_very_games_that_the_worker_played(evaluator: Evaluator, game: str) -> None:
    loop = WorkerLoop(evaluator, short_chains(game))
    bare = BareEmulator(loop, game.removeprefix("ALE/").removesuffix("-v5").lower())
    actions: set[int] = set()
    for _ in range(4):
        played = loop.measure(ONE_EPISODE)
        replayed = bare.measure(ONE_EPISODE)
        assert replayed.frames == played.frames == sum(episode.played.frames for episode in loop.episodes)
        assert replayed.seconds > 0
        actions.update(*(episode.played.actions for episode in loop.episodes))
    assert len(actions) > 2


def test_a_replay_that_ends_otherwise_is_an_error(evaluator: Evaluator) -> None:
    loop = WorkerLoop(evaluator, short_chains())
    loop.measure(ONE_EPISODE)
    first = loop.episodes[0]
    loop.episodes = [first._replace(seed=first.seed + 1)]
    with pytest.raises(ReplayDiffers):
        BareEmulator(loop, "frostbite").measure(ONE_EPISODE)


@pytest.mark.parametrize("name", list(MODULES))
def test_a_peer_plays_the_policies(name: str) -> None:
    pytest.importorskip(MODULES[name])
    peer = make_peer(name, GAME, short_chains(), 0)
    measured = peer.measure(ONE_EPISODE)
    assert measured.frames > 0
    assert measured.frames % 4 == 0


@pytest.mark.parametrize("architecture", IMAGE_NAMES)
def test_the_peers_networks_are_the_same_ones(golden: dict[str, Any], architecture: ImageName) -> None:
    shape = ImageArchitecture(name=architecture, actions=18)
    chain = SeedChain(architecture=shape, environment=Environment(id=GAME), seeds=[1, 2, 3], power=0.002)
    outputs = PlainNetwork(chain).outputs(golden_image()[np.newaxis])
    wanted = golden["outputs"][f"{architecture} actions=18 seeds=[1, 2, 3] power=0.002"]
    np.testing.assert_allclose(outputs[0].numpy(), wanted, atol=1e-5, rtol=0)


def test_processes_are_measured_in_step() -> None:
    plan = Plan(GAME, ["nature-dqn"], [], 0.05, max_steps=60)
    told: list[str] = []
    found = paces(plan, 2, 0.2, {"envpool": "not installed"}, told.append)
    assert found["processes"] == 2
    assert found["rounds"] >= 3
    ours = found["architectures"]["nature-dqn"]
    assert found["raw"]["frames_per_second"] == ours["raw_frames_per_second"] > 0
    assert ours["frames_per_second"] > 0
    low, high = ours["spread"]
    assert low <= ours["ratio"] <= high
    assert found["peers"] == {"envpool": {"ratio": None, "problem": "not installed"}}
    assert told == ["playing in turns for 0 s, 2 processes at once"]
    json.dumps(found)


def test_preparing_an_individual_is_timed() -> None:
    times = Preparation(GAME)
    assert math.isfinite(times.mutation_milliseconds(children=3))
    assert math.isfinite(times.cold_chain_seconds(seeds=4))


def test_memory_is_told_of_the_first_process_and_of_a_further_one() -> None:
    memory = measure_memory(GAME, ["nature-dqn"], parents=2)
    if memory is not None:
        assert memory.process_rss_mb >= memory.process_pss_mb > 50
        assert 0 < memory.further_process_mb < memory.process_rss_mb


def test_the_pole_is_balanced_in_turn_with_the_bare_environment() -> None:
    steps = cartpole_steps(0.2, 0.05)
    assert steps.steps_per_second == pytest.approx(steps.ratio * steps.raw_steps_per_second, rel=0.5)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--game", "CartPole-v1"], "--game CartPole-v1 is no game of the emulator"),
        (["--architecture", "mlp"], "--architecture mlp: choose nature-dqn or uber-large"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(arguments: list[str], complaint: str) -> None:
    error = CliRunner().invoke(app, ["bench", "worker", *arguments]).exception
    assert isinstance(error, BadInput)
    assert str(error).startswith(complaint)


def test_without_the_emulator_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ale_py" else object())
    error = CliRunner().invoke(app, ["bench", "worker"]).exception
    assert isinstance(error, CommandError)
    assert str(error).endswith("pip install ale-py")
