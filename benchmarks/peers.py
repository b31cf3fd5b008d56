"""What others would take: three ways to preprocess Atari games in Python, each with PyTorch on one thread.

They play the same policies with the same rules (sticky actions, whole games, unclipped scores, the same cap); their
chance is their own.
"""

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import cycle
from typing import Any, Protocol

import gymnasium
import numpy as np
from ale_py.vector_env import AtariVectorEnv
from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation
from numpy.typing import NDArray

from benchmarks.slices import Slice
from evolution.chains import SeedChain
from evolution.environments import AtariOptions

DECISIONS = 50
"""Between two looks at the clock."""
SEED = 1

Stack = NDArray[np.uint8]
"""Shape (1, 4, 84, 84)."""


class PeerGame(Protocol):
    """A game as a peer gives it."""

    def begin(self) -> Stack:
        """Starts an episode."""

    def step(self, action: int) -> tuple[Stack, bool]:
        """One decision: what is seen, and whether the episode is over."""


class PeerLoop:
    """Episode after episode, each with the next policy."""

    def __init__(self, game: PeerGame, frame_skip: int, chains: Sequence[SeedChain]) -> None:
        from benchmarks.plain_network import PlainNetwork

        self._game, self._frame_skip = game, frame_skip
        self._networks = cycle([PlainNetwork(chain) for chain in chains])
        self._stack: Stack = game.begin()
        self._network = next(self._networks)

    def warm_up(self) -> None:
        self.play_on()

    def measure(self, seconds: float) -> Slice:
        """Some decisions at a time."""
        began, decisions = time.perf_counter(), 0
        while decisions == 0 or time.perf_counter() - began < seconds:
            self.play_on()
            decisions += DECISIONS
        return Slice(decisions * self._frame_skip, time.perf_counter() - began)

    def play_on(self) -> None:
        """`DECISIONS` decisions."""
        for _ in range(DECISIONS):
            self._stack, over = self._game.step(self._network.choose(self._stack))
            if over:
                self._stack, self._network = self._game.begin(), next(self._networks)


class GymnasiumGame:
    """Gymnasium's own wrappers."""

    def __init__(self, game: str, options: AtariOptions, seed: int) -> None:
        environment = gymnasium.make(
            game,
            frameskip=1,
            repeat_action_probability=options.sticky_actions,
            full_action_space=not options.minimal_actions,
            max_num_frames_per_episode=options.max_steps * options.frame_skip,
        )
        preprocessed: Any = AtariPreprocessing(environment, frame_skip=options.frame_skip)
        self._environment = FrameStackObservation(preprocessed, 4)
        self._environment.reset(seed=seed)

    def begin(self) -> Stack:
        return np.asarray(self._environment.reset()[0])[np.newaxis]

    def step(self, action: int) -> tuple[Stack, bool]:
        stack, _, terminated, truncated, _ = self._environment.step(action)
        return np.asarray(stack)[np.newaxis], bool(terminated or truncated)


class VectorGame:
    """A vector of one environment, in the interface that `AtariVectorEnv` and EnvPool share."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._action = np.zeros(1, np.int32)

    def begin(self) -> Stack:
        return np.asarray(self._environment.reset()[0])

    def step(self, action: int) -> tuple[Stack, bool]:
        self._action[0] = action
        stack, _, terminated, truncated, _ = self._environment.step(self._action)
        return np.asarray(stack), bool(terminated[0] or truncated[0])


def _vector_game(game: str, options: AtariOptions, seed: int) -> PeerGame:
    specification = gymnasium.spec(game)
    environment = AtariVectorEnv(
        specification.kwargs["game"],
        1,
        num_threads=1,
        frameskip=options.frame_skip,
        repeat_action_probability=options.sticky_actions,
        full_action_space=not options.minimal_actions,
        max_num_frames_per_episode=options.max_steps * options.frame_skip,
        reward_clipping=False,
    )
    environment.reset(seed=seed)
    return VectorGame(environment)


def _envpool_game(game: str, options: AtariOptions, seed: int) -> PeerGame:
    environment = import_module("envpool").make_gymnasium(
        game.removeprefix("ALE/"),
        num_envs=1,
        num_threads=1,
        seed=seed,
        frame_skip=options.frame_skip,
        repeat_action_probability=options.sticky_actions,
        full_action_space=not options.minimal_actions,
        max_episode_steps=options.max_steps,
        reward_clip=False,
        episodic_life=False,
    )
    return VectorGame(environment)


PEERS: dict[str, Callable[[str, AtariOptions, int], PeerGame]] = {
    "gymnasium": GymnasiumGame,
    "atari-vector-env": _vector_game,
    "envpool": _envpool_game,
}
MODULES = {"gymnasium": "cv2", "atari-vector-env": "ale_py.vector_env", "envpool": "envpool"}
"""What must be importable, beside PyTorch."""


def missing_peers() -> dict[str, str]:
    """The peers that cannot play here, with the reason."""
    problems = {}
    for name, module in MODULES.items():
        try:
            import_module("torch")
            import_module(module)
        except ImportError as error:
            problems[name] = f"not installed: {error}"
    return problems


def make_peer(name: str, game: str, chains: Sequence[SeedChain], process: int) -> PeerLoop:
    """The peer, playing these policies."""
    options = AtariOptions.model_validate(chains[0].environment.options)
    return PeerLoop(PEERS[name](game, options, SEED + process), options.frame_skip, chains)
