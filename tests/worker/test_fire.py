"""Which games wait for FIRE, found out by play."""

import numpy as np
import pytest
from ale_py import ALEInterface
from numpy.typing import NDArray

from worker.atari import FIRE, NO_OP, WAITING_FOR_FIRE, open_emulator

NO_OPS = 20
FRAMES = 1500
HOLD_FRAMES = 8
MORE_ALIVE = 1.75


def wander(emulator: ALEInterface, *, fire: bool) -> tuple[int, bool]:
    """Directions at random: how many bytes of memory ever change, and whether there is a score, a loss or an end."""
    random = np.random.default_rng(0)
    directions = [action.value for action in emulator.getLegalActionSet() if "FIRE" not in action.name]
    for _ in range(NO_OPS):
        emulator.act(NO_OP)
    if fire:
        emulator.act(FIRE)
    held = NO_OP
    lives, score, memories = emulator.lives(), 0, list[NDArray[np.uint8]]()
    for frame in range(FRAMES):
        if frame % HOLD_FRAMES == 0:
            held = directions[random.integers(len(directions))]
        score += abs(emulator.act(held))
        if frame % 30 == 0:
            memories.append(emulator.getRAM())
    changed = int((np.max(memories, axis=0) != np.min(memories, axis=0)).sum())
    return changed, bool(score or emulator.lives() != lives or emulator.game_over())


def waits(rom: str) -> bool:
    still, happened = wander(open_emulator(rom), fire=False)
    alive, _ = wander(open_emulator(rom), fire=True)
    return not happened and alive >= MORE_ALIVE * still


@pytest.mark.parametrize("rom", sorted(WAITING_FOR_FIRE))
def test_a_game_of_the_list_waits_for_fire(rom: str) -> None:
    assert waits(rom)


@pytest.mark.parametrize("rom", ["frostbite", "pong", "space_invaders", "beam_rider", "freeway", "enduro"])
def test_other_games_begin_by_themselves(rom: str) -> None:
    assert not waits(rom)
