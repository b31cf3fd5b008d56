"""The episodes of one phase that have no result yet, in the order in which they are first handed out. Pure.

A generation may have millions of them: none is an object before somebody plays it.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Protocol

from server.storage.results import Key

Task = Key
"""One episode to play, as the ledger keys it within its run."""


class Supply(Protocol):
    """Iterating gives each missing episode once, and goes on where it was left."""

    @property
    def left(self) -> float:
        """How many have no result, be they given already or not; infinite if they are endless."""

    def wants(self, task: Task) -> bool:
        """Whether the task is one of them, and has no result."""

    def settle(self, tasks: Iterable[Task]) -> None:
        """The tasks' results are stored; those of another phase change nothing."""

    def __iter__(self) -> Iterator[Task]: ...


class Grid:
    """`episodes` episodes of each of some individuals, numbered one after the other: their places."""

    def __init__(self, generation: int, phase: int, individuals: Sequence[int], episodes: int) -> None:
        self.size = len(individuals) * episodes
        self._generation, self._phase = generation, phase
        self._individuals, self._episodes = individuals, episodes
        self._rows = {index: row for row, index in enumerate(individuals)}

    def place(self, index: int, episode: int) -> int | None:
        """Where the episode is, if it is here."""
        row = self._rows.get(index)
        return None if row is None or not 0 <= episode < self._episodes else row * self._episodes + episode

    def place_of(self, task: Task) -> int | None:
        """Where the task is, if it is here."""
        generation, index, phase, episode = task
        return self.place(index, episode) if generation == self._generation and phase == self._phase else None

    def task(self, place: int) -> Task:
        """What is there."""
        row, episode = divmod(place, self._episodes)
        return self._generation, self._individuals[row], self._phase, episode


class FixedSupply:
    """What is missing of a grid. `stored`: of length `size`, 1 where a result is."""

    def __init__(self, grid: Grid, stored: bytearray) -> None:
        self.left = stored.count(0)
        self._grid, self._stored = grid, bytearray(stored)
        self._rest = self._walk()

    def wants(self, task: Task) -> bool:
        """As `Supply`."""
        place = self._grid.place_of(task)
        return place is not None and not self._stored[place]

    def settle(self, tasks: Iterable[Task]) -> None:
        """As `Supply`."""
        for place in map(self._grid.place_of, tasks):
            if place is not None and not self._stored[place]:
                self._stored[place] = 1
                self.left -= 1

    def __iter__(self) -> Iterator[Task]:
        return self._rest

    def _walk(self) -> Iterator[Task]:
        place = -1
        while (place := self._stored.find(0, place + 1)) >= 0:
            yield self._grid.task(place)


class EndlessSupply:
    """One episode of each individual 0, 1, 2, … but for `population`, the carried elite's number (block-free).

    `stored`: the individuals that have a result. Once there are `population` of them it gives no more: until the next
    generation is open, whatever else was played of this one would come late.
    """

    left = math.inf

    def __init__(self, generation: int, phase: int, population: int, stored: set[int]) -> None:
        self._generation, self._phase, self._population = generation, phase, population
        self._stored, self._rest = set(stored), self._walk()

    def wants(self, task: Task) -> bool:
        """As `Supply`."""
        generation, index, phase, episode = task
        is_mine = generation == self._generation and phase == self._phase and episode == 0
        return is_mine and index not in self._stored

    def settle(self, tasks: Iterable[Task]) -> None:
        """As `Supply`."""
        for task in tasks:
            if self.wants(task):
                self._stored.add(task[1])

    def __iter__(self) -> Iterator[Task]:
        return self._rest

    def _walk(self) -> Iterator[Task]:
        for index in count():
            if len(self._stored) >= self._population:
                return
            if index != self._population and index not in self._stored:
                yield self._generation, index, self._phase, 0
