"""Chance within an Atari episode, drawn from its seed alone (GENOME.md, "Derived randomness")."""

import numpy as np
from numpy.typing import NDArray

from evolution.philox import philox4x32, philox_block

CHANCE_KEY = 0x6E6F6F70
MOST_NO_OPS = 30
"""Such et al. 2017, after Mnih et al. 2015: an episode begins with 1 to 30 no-ops."""
STICKY_WORD = 1
"""Second counter word of a frame's draw; 0 is the draw of the no-ops."""


def no_ops(episode_seed: int) -> int:
    """How many no-ops begin the episode: 1 to 30."""
    block = philox_block((0, 0, 0, 0), (episode_seed, CHANCE_KEY))
    return 1 + (block.word0 * MOST_NO_OPS >> 32)


def sticky_frames(episode_seed: int, probability: float, start: int, count: int) -> NDArray[np.bool_]:
    """Shape (count,), bool: whether emulator frames start..start+count-1 repeat the action of the frame before.

    Frames count from the first after the no-ops and any FIRE. Source: Machado et al. 2018, "sticky actions".
    """
    counters = np.zeros((count, 4), dtype=np.uint32)
    counters[:, 0] = np.arange(start, start + count)
    counters[:, 1] = STICKY_WORD
    words = philox4x32(counters, (episode_seed, CHANCE_KEY))
    repeats: NDArray[np.bool_] = words[:, 0] < probability * 2.0**32
    return repeats
