"""Episodes of Atari games: the protocol as it is seen at the emulator, and that nothing but the seed decides."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from evolution.chance import no_ops
from evolution.environments import AtariOptions
from evolution.expansion import Parameters
from tests.worker.conftest import NotedEmulator, chain
from worker import evaluate_policy
from worker.atari import WAITING_FOR_FIRE, AtariGame
from worker.episode import Played, UnplayableEnvironment
from worker.policy import Observation, Outputs

UP = 2


def one_hot(choice: int, actions: int = 18) -> Outputs:
    outputs = np.zeros(actions, np.float32)
    outputs[choice] = 1
    return outputs


class Always:
    """A policy that chooses one action, and remembers what it saw."""

    def __init__(self, choice: int, actions: int = 18) -> None:
        self.seen: list[Observation] = []
        self._outputs = one_hot(choice, actions)

    def fill(self, parameters: Parameters) -> None: ...

    def outputs(self, observation: Observation) -> Outputs:
        self.seen.append(observation.copy())
        return self._outputs


def emulator_of(game: AtariGame) -> NotedEmulator:
    assert isinstance(game._emulator, NotedEmulator)
    return game._emulator


def play(environment_id: str, seed: int, **options: Any) -> Played:
    policy = chain(environment_id, **options)
    return evaluate_policy(policy, policy.environment, seed)


@pytest.mark.usefixtures("noted_emulator")
@pytest.mark.parametrize("seed", [0, 5, 2147483647])
def test_sticky_frames_are_the_golden_ones(golden: dict[str, Any], seed: int) -> None:
    game = AtariGame("frostbite")
    alternating = Alternating()
    game.play(alternating, AtariOptions(frame_skip=1, max_steps=60), seed)
    acted = emulator_of(game).acted[1:]  # the first is the last no-op
    repeated = [frame for frame in range(60) if acted[frame] == ([0, *acted])[frame]]
    assert repeated == golden["atari_episode"][f"episode seed {seed}"]["repeated frames below 60 at p=0.25"]


class Alternating(Always):
    """Asks for an action that never is the one before, even if that was repeated: 1, 2, …, 17, 1, …"""

    def __init__(self) -> None:
        super().__init__(0)

    def outputs(self, observation: Observation) -> Outputs:
        self.seen.append(observation.copy())
        return one_hot(1 + (len(self.seen) - 1) % 17)


@pytest.mark.usefixtures("noted_emulator")
@pytest.mark.parametrize("seed", [0, 5, 2147483647])
def test_episodes_begin_with_the_golden_number_of_no_ops(golden: dict[str, Any], seed: int) -> None:
    wanted = golden["atari_episode"][f"episode seed {seed}"]["no_ops"]
    game, straight = AtariGame("frostbite"), AtariGame("frostbite")
    game.play(Always(UP), AtariOptions(sticky_actions=0, max_steps=1), seed)
    assert emulator_of(game).acted == [0, UP, UP, UP, UP]
    before = straight._starts[0].state
    straight._emulator.restoreState(before)
    for _ in range(wanted):
        straight._emulator.act(0)
    for _ in range(4):
        straight._emulator.act(UP)
    assert (game._emulator.getRAM() == straight._emulator.getRAM()).all()


@pytest.mark.usefixtures("noted_emulator")
def test_without_stickiness_every_frame_plays_what_the_policy_chose() -> None:
    game = AtariGame("frostbite")
    played = game.play(Always(UP), AtariOptions(sticky_actions=0, frame_skip=3, max_steps=7), 1)
    assert emulator_of(game).acted == [0] + [UP] * 21
    assert (played.steps, played.frames) == (7, 21)


@pytest.mark.usefixtures("noted_emulator")
def test_fire_is_pressed_once_where_a_game_waits_for_it() -> None:
    game = AtariGame("breakout")
    game.play(Always(0, 4), AtariOptions(sticky_actions=0, max_steps=2), 1)
    assert emulator_of(game).acted == [1] + [0] * 8
    assert "frostbite" not in WAITING_FOR_FIRE


def test_whole_games_are_played_and_frames_end_with_them() -> None:
    played = play("ALE/Frostbite-v5", 3, sticky_actions=0.0)
    assert 4 * (played.steps - 1) < played.frames <= 4 * played.steps
    game = AtariGame("frostbite")
    game.play(Always(5), AtariOptions(), 3)
    assert game._emulator.game_over()
    assert game._emulator.lives() == 0


def test_scores_are_neither_clipped_nor_cut_at_a_lost_life() -> None:
    game = AtariGame("pong")
    assert game.play(Always(0, 6), AtariOptions(), 0).score == -21
    frostbite = AtariGame("frostbite")
    assert frostbite.play(Jumping(), AtariOptions(), 0).score >= 20


class Jumping(Always):
    """Goes down and up by turns, over the ice floes."""

    def __init__(self) -> None:
        super().__init__(0)

    def outputs(self, observation: Observation) -> Outputs:
        self.seen.append(observation.copy())
        return one_hot(5 if len(self.seen) // 20 % 2 == 0 else UP)


def test_episodes_are_cut_off_at_the_longest_length() -> None:
    assert play("ALE/Frostbite-v5", 3, max_steps=5)[1:3] == (5, 20)


def test_minimal_actions_or_all_eighteen() -> None:
    game = AtariGame("pong")
    assert game.actions(AtariOptions()) == [0, 1, 3, 4, 11, 12]
    assert game.actions(AtariOptions(minimal_actions=False)) == list(range(18))


def test_the_policy_sees_zeros_before_the_first_image_and_then_the_newest_last() -> None:
    game, policy = AtariGame("frostbite"), Always(5)
    game.play(policy, AtariOptions(max_steps=6), 9)
    first, second, *_, last = policy.seen
    assert not first[..., :3].any()
    assert first[..., 3].any()
    assert (second[..., 2] == first[..., 3]).all()
    assert last.all(axis=2).any()


@pytest.mark.parametrize("skip", [1, 4])
@pytest.mark.parametrize("rom", ["frostbite", "qbert", "amidar", "breakout", "tetris"])
def test_an_episode_does_not_depend_on_what_the_emulator_played_before(rom: str, skip: int) -> None:
    options = AtariOptions(frame_skip=skip, max_steps=60, minimal_actions=False)
    fresh = AtariGame(rom)
    seeds = [next(seed for seed in range(100) if no_ops(seed) == count) for count in (1, 2, 30)]
    for seed in seeds:
        wanted = _watched(fresh, options, seed)
        used = AtariGame(rom)
        for before in (7, 8):
            used.play(Always(before), options.model_copy(update={"max_steps": 200}), before)
            assert _watched(used, options, seed) == wanted


def _watched(game: AtariGame, options: AtariOptions, seed: int) -> tuple[Played, list[bytes]]:
    """The episode with all that its policy saw."""
    policy = Alternating()
    return game.play(policy, options, seed), [observation.tobytes() for observation in policy.seen]


def test_one_seed_gives_one_episode_and_another_seed_another() -> None:
    first = play("ALE/Frostbite-v5", 1, max_steps=300)
    other = play("ALE/Frostbite-v5", 2, max_steps=300)
    assert play("ALE/Frostbite-v5", 1, max_steps=300) == first
    assert other.digest != first.digest


PROGRAM = """
import sys
from tests.worker.test_atari import play
for seed in map(int, sys.argv[1:]):
    print(seed, *play("ALE/Qbert-v5", seed, max_steps=150))
"""


def test_whole_episodes_are_the_same_in_other_processes_and_in_another_order() -> None:
    seeds = ["3", "4", "5"]
    processes = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, *order], stdout=subprocess.PIPE, text=True)
        for order in (seeds, seeds[::-1])
    ]
    runs = [process.communicate()[0] for process in processes]
    here = [" ".join(map(str, (seed, *play("ALE/Qbert-v5", int(seed), max_steps=150)))) for seed in seeds]
    assert sorted(runs[0].splitlines()) == sorted(runs[1].splitlines()) == sorted(here)


def test_a_game_without_rom_is_refused() -> None:
    with pytest.warns(UserWarning, match="not supported"), pytest.raises(UnplayableEnvironment, match="no ROM of nope"):
        AtariGame("nope")
