"""Any other Gymnasium environment with an observation that is a vector of numbers, played by an `mlp`."""

import math
import os
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from evolution.environments import BoxActions, DiscreteActions, VectorOptions
from evolution.messages import LARGEST_SCORE
from worker.episode import (
    BrokenEnvironment,
    Picture,
    Played,
    Tick,
    UnplayableEnvironment,
    UnrenderableEnvironment,
    digest_of,
)
from worker.policy import Player
from worker.vector_actions import chooser, reader

IMAGE_DIMENSIONS = 2
"""A box of bytes with so many axes, or more, is a picture."""
MOST_INPUTS = 1_000_000
MOST_ACTIONS = 4096
DEFAULT_FRAMES_PER_SECOND = 30.0
REPAIR = "correct it, or the package that registers it, then start the workers again"

PICTURES = "rgb_array"
"""The render mode of Gymnasium that gives pictures."""


class VectorGame:
    """One environment. Each episode is reset with its own seed, from which all chance must follow."""

    pixel_aspect = 1

    def __init__(self, environment_id: str, *, filmed: bool = False) -> None:
        """`filmed`: pictures are wanted.

        Raises:
            UnplayableEnvironment: it cannot be made, its spaces cannot be read, or no policy fits it.
            UnrenderableEnvironment: it is to be filmed, and gives no pictures.
        """
        self._id = environment_id
        self._environment = make_filmed(environment_id) if filmed else make_environment(environment_id)
        with naming_failures(environment_id, "its spaces cannot be read"):
            self.observations = check_observations(environment_id, self._environment.observation_space)
            self.actions = describe_actions(environment_id, self._environment.action_space)
            self._choose = chooser(self._environment.action_space)

    @property
    def frames_per_second(self) -> float:
        """Steps in a second of game time, as the environment's metadata says; a usual rate if it says none."""
        told = self._environment.metadata.get("render_fps")
        return float(told) if isinstance(told, int | float) and 0 < told < math.inf else DEFAULT_FRAMES_PER_SECOND

    @property
    def deterministic(self) -> bool:
        """Whether it is registered as giving one episode for one seed."""
        specification = self._environment.spec
        return specification is None or not specification.nondeterministic

    def close(self) -> None:
        """Frees what the environment holds. Raises: UnplayableEnvironment: it fails even at that."""
        with naming_failures(self._id, "it cannot be closed"):
            self._environment.close()

    def play(self, policy: Player, options: VectorOptions, seed: int) -> Played:
        """One episode, to its end or `max_steps` decisions.

        Raises:
            BrokenEnvironment: it failed, or gave a reward that is no finite number.
        """
        try:
            return self._play(policy, options.max_steps or math.inf, seed)
        except BrokenEnvironment:
            raise
        except Exception as error:  # whatever the user's own environment raises
            raise BrokenEnvironment(f"{self._id} failed in play: {type(error).__name__}: {error}; {REPAIR}") from error

    def _play(self, policy: Player, max_steps: float, seed: int) -> Played:
        step, choose = self._environment.step, self._choose
        observation, _ = self._environment.reset(seed=seed)
        chosen = bytearray()
        score, steps, over = 0.0, 0, False
        while not over and steps < max_steps:
            action, record = choose(policy.outputs(_flat(observation)))
            observation, reward, terminated, truncated, _ = step(action)
            chosen += record
            score += float(reward)
            steps += 1
            over = bool(terminated or truncated)
        if not abs(score) <= LARGEST_SCORE:  # nor is NaN
            limit = f"and their sum at most {LARGEST_SCORE:g}"
            raise BrokenEnvironment(
                f"{self._id} gave a score of {score}: rewards must be finite numbers, {limit}; {REPAIR}"
            )
        digest = digest_of(bytes(chosen), _flat(observation).tobytes())
        return Played(score, steps, steps, digest, bytes(chosen))

    def replay(self, options: VectorOptions, seed: int, actions: bytes) -> Generator[Tick, None, Played]:
        """The episode in which a policy chose these actions, step by step, without the policy.

        Raises:
            UnreplayableActions: no episode of this seed has them.
            BrokenEnvironment: it failed.
        """
        read = reader(self._environment.action_space)
        with _naming_breakage(self._id):
            observation, _ = self._environment.reset(seed=seed)
        score, steps, used, over = 0.0, 0, 0, False
        while not over and steps < (options.max_steps or math.inf):
            action, used = read(actions, used, steps)
            with _naming_breakage(self._id):
                observation, reward, terminated, truncated, _ = self._environment.step(action)
            score += float(reward)
            steps += 1
            over = bool(terminated or truncated)
            yield Tick(score, steps)
        digest = digest_of(actions[:used], _flat(observation).tobytes())
        return Played(score, steps, steps, digest, actions[:used])

    def drawing(self) -> None:
        """There is no palette."""

    def picture(self) -> Picture:
        """What the environment shows.

        Raises:
            UnrenderableEnvironment: it shows no picture.
        """
        try:
            shown = np.asarray(self._environment.render())
        except Exception as error:  # the user's own environment, or a machine without graphics
            raise UnrenderableEnvironment(_unseen(self._id, f"{type(error).__name__}: {error}")) from error
        if shown.dtype != np.uint8 or shown.ndim != 3 or shown.shape[2] != 3 or 0 in shown.shape:
            raise UnrenderableEnvironment(_unseen(self._id, "what it renders is no picture in red, green and blue"))
        return shown


@contextmanager
def _naming_breakage(environment_id: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever the user's own environment raises
        raise BrokenEnvironment(
            f"{environment_id} failed in play: {type(error).__name__}: {error}; {REPAIR}"
        ) from error


@contextmanager
def naming_failures(environment_id: str, failed: str) -> Iterator[None]:
    """Makes one error of whatever an environment's own code raises within: `failed` is what did not work.

    Raises:
        UnplayableEnvironment: something was raised; the message names it and says what to do.
    """
    try:
        yield
    except UnplayableEnvironment:
        raise
    except (Exception, SystemExit) as error:  # anybody's code may raise anything, and the worker must outlive it
        raise UnplayableEnvironment(
            f"{environment_id} is not played, {failed}: {type(error).__name__}: {error}; {REPAIR}"
        ) from error


def make_filmed(environment_id: str) -> gymnasium.Env[Any, Any]:
    """The environment, which gives pictures.

    Raises:
        UnplayableEnvironment: as `make_environment`.
        UnrenderableEnvironment: it offers no pictures.
    """
    # Set before pygame, with which Gymnasium's own environments draw, is loaded: it prints a greeting.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    # Without a screen MuJoCo's usual library ends the whole process, and pygame's complains on stderr.
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("MUJOCO_GL", "egl")
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    plain = make_environment(environment_id)
    offered = plain.metadata.get("render_modes") or []
    plain.close()
    if PICTURES not in offered:
        raise UnrenderableEnvironment(_unseen(environment_id, f"it does not offer the render mode {PICTURES}"))
    try:
        return make_environment(environment_id, PICTURES)
    except UnplayableEnvironment as error:
        raise UnrenderableEnvironment(_unseen(environment_id, str(error))) from error


def _unseen(environment_id: str, why: str) -> str:
    return (
        f"{environment_id} cannot be filmed, though it can be played: {why}; install what its rendering needs "
        "(classic control: gymnasium[classic-control]; MuJoCo without a screen: set MUJOCO_GL=egl or osmesa), or have "
        f"the environment support {PICTURES}"
    )


def make_environment(environment_id: str, render_mode: str | None = None) -> gymnasium.Env[Any, Any]:
    """The environment, by its id in Gymnasium's registry.

    Raises:
        UnplayableEnvironment: it is not registered, or what it needs is not installed, or it fails to start.
    """
    if ":" in environment_id or environment_id not in gymnasium.registry:
        raise UnplayableEnvironment(
            f"no environment {environment_id} is registered with Gymnasium here: check the id, or start the workers "
            "with --env-module MODULE if it is your own"
        )
    # Not every constructor takes a render mode.
    wanted: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
    try:
        with warnings.catch_warnings():
            # Out-of-date versions are the user's choice: CartPole-v0 is still CartPole.
            warnings.simplefilter("ignore")
            return gymnasium.make(environment_id, disable_env_checker=True, **wanted)
    except gymnasium.error.DependencyNotInstalled as error:
        raise UnplayableEnvironment(f"{environment_id} needs what is not installed on the worker: {error}") from error
    except (Exception, SystemExit) as error:  # an environment's constructor may raise anything
        raise UnplayableEnvironment(
            f"{environment_id} cannot be made on the worker: {type(error).__name__}: {error}; {REPAIR}"
        ) from error


def check_observations(environment_id: str, space: spaces.Space[Any]) -> int:
    """How many numbers an observation has.

    Raises:
        UnplayableEnvironment: observations are no vector.
    """
    if not isinstance(space, spaces.Box):
        raise UnplayableEnvironment(
            f"no policy fits {environment_id}: its observations are {_article(space)}, not a box of numbers; wrap it "
            "so that it gives a flat vector (gymnasium.wrappers.FlattenObservation) and register that"
        )
    if space.dtype == np.uint8 and len(space.shape) >= IMAGE_DIMENSIONS:
        raise UnplayableEnvironment(
            f"no policy fits {environment_id}: its observations are images of {_shape(space)}, and images are "
            "supported for the Atari games (ALE/…-v5) only; wrap it so that it gives a vector and register that"
        )
    inputs = math.prod(space.shape)
    if not 1 <= inputs <= MOST_INPUTS:
        raise UnplayableEnvironment(
            f"no policy fits {environment_id}: an observation has {inputs} numbers, possible are 1 to {MOST_INPUTS}"
        )
    return inputs


def describe_actions(environment_id: str, space: spaces.Space[Any]) -> DiscreteActions | BoxActions:
    """The action space, in the words that the server knows.

    Raises:
        UnplayableEnvironment: actions are neither discrete nor a bounded box of numbers.
    """
    if isinstance(space, spaces.Discrete):
        if int(space.n) > MOST_ACTIONS:
            raise UnplayableEnvironment(f"no policy fits {environment_id}: it has more than {MOST_ACTIONS} actions")
        return DiscreteActions(n=int(space.n))
    if not isinstance(space, spaces.Box):
        raise UnplayableEnvironment(
            f"no policy fits {environment_id}: its actions are {_article(space)}; possible are discrete actions or a "
            "bounded box of numbers: wrap it so that it takes those and register that"
        )
    if not np.issubdtype(space.dtype, np.floating) or not 1 <= math.prod(space.shape) <= MOST_ACTIONS:
        raise UnplayableEnvironment(
            f"no policy fits {environment_id}: its actions are a box of {space.dtype}, shape {_shape(space)}; "
            f"possible is a box of 1 to {MOST_ACTIONS} floating-point numbers"
        )
    if not np.isfinite([space.low, space.high]).all():
        raise UnplayableEnvironment(
            f"no policy fits {environment_id}: its box of actions is unbounded; wrap it "
            "(gymnasium.wrappers.RescaleAction) so that every action has a lowest and a highest value"
        )
    return BoxActions(low=space.low.astype(float).ravel().tolist(), high=space.high.astype(float).ravel().tolist())


def _flat(observation: Any) -> NDArray[np.float32]:
    return np.ascontiguousarray(observation, dtype=np.float32).reshape(-1)


def _shape(space: spaces.Space[Any]) -> str:
    return " x ".join(map(str, space.shape or ()))


def _article(space: spaces.Space[Any]) -> str:
    name = type(space).__name__
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"
