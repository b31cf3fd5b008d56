"""Descent: from the parents that each generation selected to any individual's seed chain.

Only the selected are kept, a few numbers each; every other individual follows from them by breeding.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from evolution.breeding import Bred, breed, breed_range


class Birth(NamedTuple):
    """An individual's name for ever: the generation in which it was bred, and its index there.

    An elite that is carried into later generations keeps it.
    """

    generation: int
    index: int  # type: ignore[assignment]  # hides a tuple's search method, which nobody misses


class OpenGeneration(LookupError):
    """The individual's parents are not selected yet. Close the generation before it first."""


class _Selected(NamedTuple):
    """The parents that one generation selected, one entry each: birth, newest seed, place of their own parent."""

    generations: "array[int]"
    indices: "array[int]"
    seeds: "array[int]"
    places: "array[int]"
    """In the list that the generation before the parent's birth selected; 0 for the first generation's."""


class Lineage:
    """The descent of one run's individuals. It keeps sixteen bytes for each selected parent."""

    def __init__(self, run_seed: int, population: int) -> None:
        self._run_seed = run_seed
        self._population = population
        self._closed: list[_Selected] = []

    @property
    def closed(self) -> int:
        """How many generations are closed; the next to close has this number."""
        return len(self._closed)

    def close(self, generation: int, parents: Sequence[Birth]) -> None:
        """Takes note of the parents, best first, that `generation` selected for the next one.

        Raises:
            ValueError: `generation` is not the next to close, there are no parents, or one is not born yet.
        """
        if generation != self.closed:
            raise ValueError(f"generation {self.closed} is the next to close, not {generation}")
        if not parents:
            raise ValueError(f"generation {generation} must select at least one parent")
        newest = max(birth.generation for birth in parents)
        if newest > generation:
            raise ValueError(f"generation {generation} cannot select a parent born in generation {newest}")
        bred = [self._breed(birth) for birth in parents]
        self._closed.append(
            _Selected(
                array("I", (birth.generation for birth in parents)),
                array("I", (birth.index for birth in parents)),
                array("I", (seed for seed, _ in bred)),
                array("I", (place or 0 for _, place in bred)),
            )
        )

    def parent(self, generation: int, index: int) -> Birth | None:
        """The parent of individual `index` of `generation`; None in generation 0.

        Raises:
            OpenGeneration: the generation before is not closed.
            ValueError: `index` is the number of the carried elite, which is not bred.
        """
        place = self._breed(Birth(generation, index)).parent
        if place is None:
            return None
        selected = self._closed[generation - 1]
        return Birth(selected.generations[place], selected.indices[place])

    def mutation(self, generation: int, index: int) -> int:
        """The newest seed, uint32, of individual `index` of `generation`. Raises as `parent`."""
        return self._breed(Birth(generation, index)).seed

    def offspring(self, generation: int, start: int, stop: int) -> list[tuple[Birth | None, int]]:
        """Parent and newest seed of the individuals `start` to `stop` - 1, the number of the carried elite ignored.

        Raises:
            OpenGeneration: the generation before is not closed.
        """
        bred = breed_range(self._run_seed, generation, start, stop, self._parents(generation))
        if generation == 0:
            return [(None, seed) for seed, _ in bred]
        selected = self._closed[generation - 1]
        births = [Birth(*born) for born in zip(selected.generations, selected.indices, strict=True)]
        return [(births[place or 0], seed) for seed, place in bred]

    def seeds(self, birth: Birth) -> list[int]:
        """The individual's seed chain, oldest first. Raises as `parent`."""
        bred = self._breed(birth)
        generation, seed, place = birth.generation, bred.seed, bred.parent or 0
        chain = [seed]
        while generation > 0:
            selected = self._closed[generation - 1]
            generation = selected.generations[place]
            chain.append(selected.seeds[place])
            place = selected.places[place]
        return chain[::-1]

    def _breed(self, birth: Birth) -> Bred:
        generation, index = birth
        if index == self._population:
            raise ValueError(f"individual {index} of generation {generation} is a carried elite: ask by its birth")
        return breed(self._run_seed, generation, index, self._parents(generation))

    def _parents(self, generation: int) -> int:
        """From how many the generation is bred."""
        if generation > self.closed:
            raise OpenGeneration(f"generation {generation - 1} is not closed yet: its successor has no parents")
        return len(self._closed[generation - 1].seeds) if generation else 0
