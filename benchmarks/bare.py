"""The ceiling: the emulator, or another environment, by itself, with the very actions that policies chose before.

Only its own steps are timed; starts are not.
"""

import time
from itertools import cycle

import gymnasium
import numpy as np
from ale_py import ALEState

from benchmarks.ours import Episode, WorkerLoop
from benchmarks.slices import Slice
from evolution.chance import MOST_NO_OPS, no_ops, sticky_frames
from evolution.environments import AtariOptions
from worker.atari import FIRE, NO_OP, WAITING_FOR_FIRE, open_emulator
from worker.episode import digest_of


class ReplayDiffers(RuntimeError):
    """The bare emulator came to another end than the worker with the same actions: report it, for it is a mistake."""


class BareEmulator:
    """`ALEInterface.act` on the frames of the loop's last slice, sticky repetition included as it was played."""

    def __init__(self, loop: WorkerLoop, rom: str) -> None:
        self._loop = loop
        self._emulator = open_emulator(rom)
        self._minimal = [action.value for action in self._emulator.getMinimalActionSet()]
        self._all = [action.value for action in self._emulator.getLegalActionSet()]
        self._starts = self._save_starts(fire=rom in WAITING_FOR_FIRE)
        self._again = cycle([0])

    def warm_up(self) -> None:
        """There is nothing to warm."""

    def measure(self, seconds: float) -> Slice:  # noqa: ARG002  # the loop's slice says how long
        """All that the loop has just played."""
        episodes = self._loop.episodes
        self._again = cycle(range(len(episodes)))
        return Slice(sum(episode.played.frames for episode in episodes), sum(map(self._replay, episodes)))

    def play_on(self) -> None:
        self._replay(self._loop.episodes[next(self._again)])

    def _replay(self, episode: Episode) -> float:
        """Seconds that the frames took.

        Raises:
            ReplayDiffers: this was another game.
        """
        actions, act = self._actions(episode), self._emulator.act
        self._emulator.restoreState(self._starts[no_ops(episode.seed) - 1])
        began = time.perf_counter()
        for action in actions:
            act(action)
        seconds = time.perf_counter() - began
        if digest_of(episode.played.actions, self._emulator.getRAM().tobytes()) != episode.played.digest:
            raise ReplayDiffers(f"episode {episode.seed} of {episode.environment.id} ended otherwise than the worker's")
        return seconds

    def _actions(self, episode: Episode) -> list[int]:
        """The emulator's action in each frame."""
        options = AtariOptions.model_validate(episode.environment.options)
        codes = np.array(self._minimal if options.minimal_actions else self._all)
        frames = episode.played.frames
        chosen = codes[np.frombuffer(episode.played.actions, np.uint8)].repeat(options.frame_skip)[:frames]
        fresh = ~sticky_frames(episode.seed, options.sticky_actions, 0, frames)
        # A sticky frame has the action of the last frame that was not, before the first a no-op.
        latest = np.maximum.accumulate(np.where(fresh, np.arange(1, frames + 1), 0))
        pressed: list[int] = np.concatenate([[NO_OP], chosen])[latest].tolist()
        return pressed

    def _save_starts(self, *, fire: bool) -> list[ALEState]:
        """The state after each number of no-ops, from 1."""
        starts: list[ALEState] = []
        for _ in range(MOST_NO_OPS):
            self._emulator.act(NO_OP)
            waiting = self._emulator.cloneState(include_rng=True)
            if fire:
                self._emulator.act(FIRE)
            starts.append(self._emulator.cloneState(include_rng=True))
            self._emulator.restoreState(waiting)
        return starts


class BareEnvironment:
    """`step` of an environment with discrete actions, as `gymnasium.make` gives it, without its checker."""

    def __init__(self, loop: WorkerLoop, environment_id: str) -> None:
        self._loop = loop
        self._environment = gymnasium.make(environment_id, disable_env_checker=True)

    def warm_up(self) -> None:
        """There is nothing to warm."""

    def measure(self, seconds: float) -> Slice:  # noqa: ARG002  # the loop's slice says how long
        """All that the loop has just played."""
        episodes = self._loop.episodes
        return Slice(sum(episode.played.steps for episode in episodes), sum(map(self._replay, episodes)))

    def play_on(self) -> None:
        self._replay(self._loop.episodes[0])

    def _replay(self, episode: Episode) -> float:
        """Seconds that the steps took."""
        actions, step = np.frombuffer(episode.played.actions, "<u2").tolist(), self._environment.step
        self._environment.reset(seed=episode.seed)
        began = time.perf_counter()
        for action in actions:
            step(action)
        return time.perf_counter() - began
