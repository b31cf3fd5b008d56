"""Atari 2600 games, played straight on the Arcade Learning Environment (Bellemare et al. 2013).

Protocol: Such et al. 2017: 1 to 30 no-ops, FIRE where a game waits for it, whole games, unclipped scores, a cap on
decisions; sticky actions as Machado et al. 2018. All chance is drawn from the episode's seed (evolution.chance); the
emulator's own repetition is off and its generator, which fills the memory at power-on, has one fixed seed.
"""

from collections.abc import Generator, Iterator
from typing import NamedTuple

import numpy as np
from ale_py import Action, ALEInterface, ALEState, LoggerMode, roms
from numpy.typing import NDArray

from evolution.chance import MOST_NO_OPS, no_ops, sticky_frames
from evolution.environments import AtariOptions
from worker.episode import Drawing, Picture, Played, Tick, UnplayableEnvironment, UnreplayableActions, digest_of
from worker.policy import Player, greedy
from worker.screen import Frame, Screen, take_frame

NO_OP, FIRE = 0, 1
FRAMES_PER_SECOND = 60.0
EMULATOR_SEED = 0
STICKY_CHUNK = 2048
"""Frames whose repetition is drawn at once."""

WAITING_FOR_FIRE = frozenset(
    {"bowling", "breakout", "crossbow", "donkey_kong", "earthworld", "human_cannonball", "solaris", "tennis"}
)
"""Games in which nothing happens before FIRE is pressed.

Determined by play, ale-py 0.12.1, all games: after twenty no-ops, directions were pressed at random without FIRE,
changing every 8 frames, for a minute, twice: no score, no life lost, no end. Then the same again after one frame of
FIRE: at least 1.75 times as many bytes of memory ever changed. `tests/worker/test_fire.py` repeats it.
"""


class Start(NamedTuple):
    """Where an episode with a certain number of no-ops begins: one frame before its policy is asked first."""

    state: ALEState
    action: int
    """The frame that is left: the last no-op, or FIRE."""
    frame: Frame
    """What is seen after it."""


class AtariGame:
    """One game in one emulator. Each episode starts from a saved state, so that none depends on those before.

    Saved are states one frame early, for the emulator's picture of the first frame after a restore can hold remains
    of what was shown before in some games (Amidar, Q*bert); its memory never does.
    """

    frames_per_second = FRAMES_PER_SECOND
    pixel_aspect = 2
    """A television of the time showed a pixel about twice as wide as high."""

    def __init__(self, rom: str) -> None:
        """`rom`: the game's name in snake case, `frostbite`.

        Raises:
            UnplayableEnvironment: there is no such ROM.
        """
        self._emulator = open_emulator(rom)
        height, width = self._emulator.getScreenDims()
        self._screen = Screen(height, width)
        self.minimal_actions = [action.value for action in self._emulator.getMinimalActionSet()]
        self.all_actions = [action.value for action in self._emulator.getLegalActionSet()]
        self._starts = list(self._save_starts(fire=rom in WAITING_FOR_FIRE))

    def actions(self, options: AtariOptions) -> list[int]:
        """The emulator's codes of the actions that a policy chooses from."""
        return self.minimal_actions if options.minimal_actions else self.all_actions

    def play(self, policy: Player, options: AtariOptions, seed: int) -> Played:
        """One episode, to the end of the game or `max_steps` decisions."""
        codes, screen = self.actions(options), self._screen
        controls = _Controls(self._emulator, options, seed)
        self._begin(seed)
        chosen = bytearray()
        score, over = 0, False
        while not over and len(chosen) < options.max_steps:
            choice = greedy(policy.outputs(screen.stack))
            chosen.append(choice)
            reward, over = controls.press(codes[choice], screen)
            score += reward
            screen.push()
        digest = digest_of(bytes(chosen), self._emulator.getRAM().tobytes())
        return Played(float(score), len(chosen), controls.frames, digest, bytes(chosen))

    def replay(self, options: AtariOptions, seed: int, actions: bytes) -> Generator[Tick, None, Played]:
        """The episode in which a policy chose these actions, frame by frame, without the policy.

        Raises:
            UnreplayableActions: no episode of this seed has them.
        """
        codes = self.actions(options)
        controls = _Controls(self._emulator, options, seed)
        self._begin(seed)
        score = steps = 0
        while not self._emulator.game_over() and steps < options.max_steps:
            if steps == len(actions) or actions[steps] >= len(codes):
                raise UnreplayableActions.at(steps)
            steps += 1
            for reward in controls.hold(codes[actions[steps - 1]]):
                score += reward
                yield Tick(float(score), steps)
        chosen = actions[:steps]
        digest = digest_of(chosen, self._emulator.getRAM().tobytes())
        return Played(float(score), steps, controls.frames, digest, chosen)

    def picture(self) -> Picture:
        """The emulator's current frame, in colour."""
        return self._emulator.getScreenRGB()

    def drawing(self) -> Drawing:
        """The same frame in the emulator's palette."""
        return self._emulator.getScreen()

    def _begin(self, seed: int) -> None:
        start = self._starts[no_ops(seed) - 1]
        self._emulator.restoreState(start.state)
        self._emulator.act(start.action)
        self._screen.begin(start.frame)

    def _save_starts(self, *, fire: bool) -> Iterator[Start]:
        """One for each number of no-ops, from 1."""
        emulator = self._emulator
        for _ in range(MOST_NO_OPS):
            state = emulator.cloneState(include_rng=True)
            emulator.act(NO_OP)
            if not fire:
                yield Start(state, NO_OP, take_frame(emulator))
                continue
            state = emulator.cloneState(include_rng=True)
            emulator.act(FIRE)
            yield Start(state, FIRE, take_frame(emulator))
            emulator.restoreState(state)


class _Controls:
    """The joystick of one episode: holds an action for a decision's frames, unless a frame is sticky."""

    def __init__(self, emulator: ALEInterface, options: AtariOptions, seed: int) -> None:
        self.frames = 0
        self._emulator, self._skip = emulator, options.frame_skip
        self._first_seen = max(0, options.frame_skip - 2)
        self._repeats = _repeats(seed, options.sticky_actions)
        self._held = NO_OP

    def press(self, action: int, screen: Screen) -> tuple[int, bool]:
        """Plays one decision: its reward, and whether the game is over. `screen` is shown the last two frames."""
        total = 0
        for frame, reward in enumerate(self.hold(action)):
            total += reward
            if frame >= self._first_seen:
                screen.look(self._emulator)
        return total, self._emulator.game_over()

    def hold(self, action: int) -> Iterator[int]:
        """Plays one decision, a frame whenever it is asked: each frame's reward."""
        emulator, repeats = self._emulator, self._repeats
        for _ in range(self._skip):
            if not next(repeats):
                self._held = action
            reward = emulator.act(self._held)
            self.frames += 1
            yield reward
            if emulator.game_over():
                return


def _repeats(seed: int, probability: float) -> Iterator[bool]:
    """Whether each frame in turn repeats the action before, without end."""
    start = 0
    while True:
        drawn: NDArray[np.bool_] = (
            sticky_frames(seed, probability, start, STICKY_CHUNK) if probability else np.zeros(STICKY_CHUNK, np.bool_)
        )
        yield from drawn.tolist()
        start += STICKY_CHUNK


def action_meanings(codes: list[int]) -> list[str]:
    """The names of the emulator's actions: NOOP, FIRE, UPLEFT."""
    return [Action(code).name for code in codes]


def open_emulator(rom: str) -> ALEInterface:
    """An emulator with the game at its start, its own chance off and its seed fixed.

    Raises:
        UnplayableEnvironment: there is no such ROM.
    """
    path = roms.get_rom_path(rom)
    if path is None:
        raise UnplayableEnvironment(f"ale-py has no ROM of {rom}: choose another game")
    ALEInterface.setLoggerMode(LoggerMode.Error)
    emulator = ALEInterface()
    emulator.setFloat("repeat_action_probability", 0.0)
    emulator.setInt("random_seed", EMULATOR_SEED)
    emulator.setInt("max_num_frames_per_episode", 0)
    emulator.loadROM(path)
    emulator.reset_game()
    return emulator
