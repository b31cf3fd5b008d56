"""Atari games as Gymnasium first registered them, `Frostbite-v4`: what format cshenton-2018 plays.

An episode is that of `gymnasium.make(id)` reset with the seed, in every frame: no sticky actions, minimal actions, a
frame skip of 2 to 4 drawn at each decision. It is played straight on the emulator, so that each frame can be seen.
"""

from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
from ale_py import ALEInterface, LoggerMode, roms
from gymnasium.utils import seeding

from evolution.environments import ClassicAtariOptions
from worker.atari import FRAMES_PER_SECOND
from worker.episode import Drawing, Picture, Played, Tick, UnplayableEnvironment, UnreplayableActions, digest_of
from worker.policy import Player, greedy

SKIPS = (2, 5)
"""Frames of a decision: from the first to below the second."""
MOST_FRAMES = 108_000
"""Of an episode: half an hour."""


class ClassicAtariGame:
    """One game in one emulator. It is loaded anew for each episode, so that none depends on those before."""

    frames_per_second = FRAMES_PER_SECOND
    pixel_aspect = 2
    """A television of the time showed a pixel about twice as wide as high."""

    def __init__(self, rom: str) -> None:
        """`rom`: the game's name in snake case, `frostbite`.

        Raises:
            UnplayableEnvironment: there is no such ROM.
        """
        path = roms.get_rom_path(rom)
        if path is None:
            raise UnplayableEnvironment(f"ale-py has no ROM of {rom}: choose another game")
        self._path = path
        self._emulator = _open(path)
        self.actions = [action.value for action in self._emulator.getMinimalActionSet()]
        """The emulator's codes of the actions that a policy chooses from."""
        height, width = self._emulator.getScreenDims()
        self.screen_shape = (height, width, 3)
        self._screen = np.zeros(self.screen_shape, np.uint8)

    def play(self, policy: Player, options: ClassicAtariOptions, seed: int) -> Played:
        """One episode, to the end of the game or `max_steps` decisions."""
        emulator, screen = self._emulator, self._screen
        skips = self._begin(seed)
        chosen = bytearray()
        score, over = 0, False
        while not over and len(chosen) < options.max_steps:
            emulator.getScreenRGB(screen)
            choice = greedy(policy.outputs(screen))
            chosen.append(choice)
            score += sum(self._hold(self.actions[choice], next(skips)))
            over = emulator.game_over()
        digest = digest_of(bytes(chosen), emulator.getRAM().tobytes())
        return Played(float(score), len(chosen), emulator.getEpisodeFrameNumber(), digest, bytes(chosen))

    def replay(self, options: ClassicAtariOptions, seed: int, actions: bytes) -> Generator[Tick, None, Played]:
        """The episode in which a policy chose these actions, frame by frame, without the policy.

        Raises:
            UnreplayableActions: no episode of this seed has them.
        """
        emulator, skips = self._emulator, self._begin(seed)
        score = steps = 0
        while not emulator.game_over() and steps < options.max_steps:
            if steps == len(actions) or actions[steps] >= len(self.actions):
                raise UnreplayableActions.at(steps)
            steps += 1
            for reward in self._hold(self.actions[actions[steps - 1]], next(skips)):
                score += reward
                yield Tick(float(score), steps)
        chosen = actions[:steps]
        digest = digest_of(chosen, emulator.getRAM().tobytes())
        return Played(float(score), steps, emulator.getEpisodeFrameNumber(), digest, chosen)

    def picture(self) -> Picture:
        """The emulator's current frame, in colour."""
        return self._emulator.getScreenRGB()

    def drawing(self) -> Drawing:
        """The same frame in the emulator's palette."""
        return self._emulator.getScreen()

    def _hold(self, action: int, frames: int) -> Iterator[int]:
        """Plays one decision, a frame whenever it is asked: each frame's reward. It ends with the game."""
        for _ in range(frames):
            yield self._emulator.act(action)
            if self._emulator.game_over():
                return

    def _begin(self, seed: int) -> Iterator[int]:
        """Starts an episode; the frames of each decision in turn, without end."""
        # As ale_py.env.AtariEnv.reset: of two words of the seed the first is for the skips, the other the emulator's.
        skip_seed, emulator_seed = np.random.SeedSequence(seed).generate_state(2)
        self._emulator.setInt("random_seed", int(emulator_seed.astype(np.int32)))
        self._emulator.loadROM(self._path)
        self._emulator.reset_game()
        return _skips(int(skip_seed))


def _skips(seed: int) -> Iterator[int]:
    generator, _ = seeding.np_random(seed)
    while True:
        yield int(generator.integers(*SKIPS))


def _open(path: Path) -> ALEInterface:
    ALEInterface.setLoggerMode(LoggerMode.Error)
    emulator = ALEInterface()
    emulator.setFloat("repeat_action_probability", 0.0)
    emulator.setInt("max_num_frames_per_episode", MOST_FRAMES)
    emulator.loadROM(path)
    emulator.reset_game()
    return emulator
