"""A recorded episode replays from its actions alone, and what was changed in it is found."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.classic_control import CartPoleEnv

from evolution.chance import no_ops
from evolution.environments import Environment
from tests.worker.conftest import chain
from worker import evaluate_policy, record_episode
from worker.atari import open_emulator
from worker.episode import UnrenderableEnvironment, UnreplayableActions
from worker.recording import Rollout, replay, verify

PLAYED: dict[str, dict[str, Any]] = {
    "ALE/Frostbite-v5": {"max_steps": 60},
    "ALE/Breakout-v5": {"max_steps": 40, "frame_skip": 3, "sticky_actions": 0.0},
    "CartPole-v1": {},
    "Pendulum-v1": {"max_steps": 50},
}


class Blind(CartPoleEnv):
    """Shows no pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.metadata = {"render_modes": []}


def recorded(environment_id: str, seed: int = 3) -> Rollout:
    policy = chain(environment_id, **PLAYED[environment_id])
    return record_episode(policy, policy.environment, seed)


@pytest.mark.parametrize("environment_id", PLAYED)
def test_a_rollout_has_what_evaluation_gives_and_replays_to_the_same(environment_id: str) -> None:
    rollout = recorded(environment_id)
    assert rollout.chain is not None
    played = evaluate_policy(rollout.chain, rollout.environment, rollout.seed)
    assert (rollout.score, rollout.steps, rollout.frames, rollout.digest, rollout.actions) == played
    assert verify(rollout).matches


@pytest.mark.parametrize("environment_id", PLAYED)
def test_a_replay_has_a_picture_of_every_frame_with_the_score_and_the_step_so_far(environment_id: str) -> None:
    rollout = recorded(environment_id)
    playing = replay(rollout.environment, rollout.seed, rollout.actions)
    moments = list(playing)
    assert len(moments) == rollout.frames
    assert playing.played[:4] == (rollout.score, rollout.steps, rollout.frames, rollout.digest)
    assert moments[-1].score == rollout.score
    assert moments[0].step == 1
    assert moments[-1].step == rollout.steps
    assert {(moment.picture.dtype, moment.picture.ndim) for moment in moments} == {(np.dtype(np.uint8), 3)}
    assert (moments[0].picture != moments[-1].picture).any()
    playing.close()


def test_the_pictures_of_a_game_are_the_emulators_own() -> None:
    rollout = recorded("ALE/Breakout-v5")
    pictures = [moment.picture for moment in replay(rollout.environment, rollout.seed, rollout.actions)]
    emulator = open_emulator("breakout")
    for _ in range(no_ops(rollout.seed)):
        emulator.act(0)
    emulator.act(1)
    codes = [action.value for action in emulator.getMinimalActionSet()]
    for number, picture in enumerate(pictures):
        emulator.act(codes[rollout.actions[number // 3]])
        np.testing.assert_array_equal(picture, emulator.getScreenRGB())


def test_a_replay_may_be_repeated() -> None:
    rollout = recorded("ALE/Frostbite-v5")
    playing = replay(rollout.environment, rollout.seed, rollout.actions)
    first, second = (np.stack([moment.picture for moment in playing]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("environment_id", PLAYED)
@pytest.mark.parametrize("name", ["score", "steps", "frames", "digest", "actions", "seed"])
def test_whatever_is_changed_in_a_rollout_is_found(environment_id: str, name: str) -> None:
    rollout = recorded(environment_id)
    changed: dict[str, Any] = {
        "score": rollout.score + 1,
        "steps": rollout.steps - 1,
        "frames": rollout.frames + 1,
        "digest": "0" * 64,
        "actions": rollout.actions + rollout.actions[-8:],
        "seed": rollout.seed + 1,
    }
    found = verify(Rollout(**{**rollout._asdict(), name: changed[name]}))
    assert not found.matches
    assert found.differences[0]


@pytest.mark.parametrize("environment_id", PLAYED)
def test_actions_that_end_early_or_do_not_exist_replay_nothing(environment_id: str) -> None:
    rollout = recorded(environment_id)
    for actions in (rollout.actions[:-1], b"", b"\xff" * len(rollout.actions)):
        with pytest.raises(UnreplayableActions, match="decision"):
            list(replay(rollout.environment, rollout.seed, actions))
        assert not verify(rollout._replace(actions=actions)).matches


def test_an_environment_without_pictures_is_verified_but_not_filmed() -> None:
    gymnasium.register("Blind-v0", lambda **_: Blind())
    try:
        environment = Environment(id="Blind-v0")
        with pytest.raises(UnrenderableEnvironment, match=r"Blind-v0 cannot be filmed.*rgb_array"):
            replay(environment, 0, b"\0\0")
    finally:
        del gymnasium.registry["Blind-v0"]


def test_an_environment_that_cannot_be_made_with_pictures_is_said_not_to_be_filmed() -> None:
    def make(**wanted: Any) -> CartPoleEnv:
        if wanted.get("render_mode") is not None:
            raise ImportError("no graphics here")
        return CartPoleEnv()

    gymnasium.register("Headless-v0", make)
    try:
        with pytest.raises(UnrenderableEnvironment, match=r"Headless-v0 cannot be filmed.*no graphics here"):
            replay(Environment(id="Headless-v0"), 0, b"\0\0")
    finally:
        del gymnasium.registry["Headless-v0"]
