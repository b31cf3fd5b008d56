"""Who is bred from whom, and with which seeds: pure functions of the run's seed (GENOME.md, "Derived randomness")."""

from typing import NamedTuple

from evolution.messages import Phase
from evolution.philox import philox_block

BREEDING_KEY = 0x62726564
EPISODE_KEY = 0x65706973
EPISODE_SEED_MASK = 0x7FFFFFFF
"""Some environments refuse seeds of 2**31 and more."""


class Bred(NamedTuple):
    """How an individual comes to be: its newest seed, and its parent's place in the list of parents."""

    seed: int
    """uint32."""
    parent: int | None
    """From 0, best first; None in generation 0."""


def breed(run_seed: int, generation: int, index: int, parents: int) -> Bred:
    """The new seed of individual `index` of `generation`, and which of the `parents` of that number it descends from.

    Raises:
        ValueError: a later generation than 0 without parents.
    """
    if generation > 0 and parents < 1:
        raise ValueError(f"generation {generation} needs at least one parent")
    block = philox_block((index, generation, 0, 0), (run_seed, BREEDING_KEY))
    parent = (block.word1 * parents) >> 32 if generation > 0 else None
    return Bred(block.word0, parent)


def episode_seed(run_seed: int, generation: int, index: int, phase: Phase | int, episode: int) -> int:
    """The seed, 0..2**31-1, of one episode that individual `index` of `generation` plays in `phase`.

    The elite carried into a generation is its individual number `population`.
    """
    block = philox_block((index, generation, int(phase), episode), (run_seed, EPISODE_KEY))
    return block.word0 & EPISODE_SEED_MASK
