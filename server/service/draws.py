"""What chance gives a run's individuals, worked out a thousand at a time: batches ask for them one by one."""

from functools import lru_cache

from evolution.breeding import episode_seeds
from evolution.lineage import Birth, Lineage

CHUNK = 1024
CHUNKS = 64
"""Of each kind that are kept; a batch's episodes are of neighbours."""


class Draws:
    """Of one run."""

    def __init__(self, run_seed: int, lineage: Lineage) -> None:
        self._run_seed, self._lineage = run_seed, lineage
        self._bred = lru_cache(CHUNKS)(self._breed)
        self._seeds = lru_cache(CHUNKS)(self._draw)

    def bred(self, generation: int, index: int) -> tuple[Birth | None, int]:
        """Parent and newest seed of an individual that is not the carried elite. Raises as `Lineage.offspring`."""
        return self._bred(generation, index // CHUNK)[index % CHUNK]

    def episode_seed(self, generation: int, index: int, phase: int, episode: int) -> int:
        """As `evolution.breeding.episode_seed`."""
        return self._seeds(generation, index // CHUNK, phase, episode)[index % CHUNK]

    def _breed(self, generation: int, chunk: int) -> list[tuple[Birth | None, int]]:
        return self._lineage.offspring(generation, chunk * CHUNK, (chunk + 1) * CHUNK)

    def _draw(self, generation: int, chunk: int, phase: int, episode: int) -> list[int]:
        return episode_seeds(self._run_seed, generation, chunk * CHUNK, (chunk + 1) * CHUNK, phase, episode)
