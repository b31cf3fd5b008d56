"""Who is bred from whom, and with which seeds: pure functions of the run's seed (GENOME.md, "Derived randomness")."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evolution.messages import Phase
from evolution.philox import philox4x32, philox_block

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


def breed_range(run_seed: int, generation: int, start: int, stop: int, parents: int) -> list[Bred]:
    """`breed` of the individuals `start` to `stop` - 1: a thousand at once take as long as twenty one by one.

    Raises:
        ValueError: a later generation than 0 without parents.
    """
    if generation > 0 and parents < 1:
        raise ValueError(f"generation {generation} needs at least one parent")
    blocks = _blocks(start, stop, (generation, 0, 0), (run_seed, BREEDING_KEY))
    seeds = blocks[:, 0].tolist()
    if generation == 0:
        return [Bred(seed, None) for seed in seeds]
    places = (blocks[:, 1].astype(np.uint64) * np.uint64(parents)) >> np.uint64(32)
    return [Bred(seed, place) for seed, place in zip(seeds, places.tolist(), strict=True)]


def episode_seeds(run_seed: int, generation: int, start: int, stop: int, phase: Phase | int, episode: int) -> list[int]:
    """`episode_seed` of the individuals `start` to `stop` - 1."""
    blocks = _blocks(start, stop, (generation, int(phase), episode), (run_seed, EPISODE_KEY))
    seeds: list[int] = (blocks[:, 0] & np.uint32(EPISODE_SEED_MASK)).tolist()
    return seeds


def _blocks(start: int, stop: int, rest: tuple[int, int, int], key: tuple[int, int]) -> NDArray[np.uint32]:
    """Shape (stop - start, 4): the blocks of the counters (index, *rest)."""
    counters = np.empty((stop - start, 4), np.uint32)
    counters[:, 0] = np.arange(start, stop)
    counters[:, 1:] = rest
    return philox4x32(counters, key)
