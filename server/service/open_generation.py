"""The open generation of a run: which episodes are still missing, phase by phase. Pure: it follows from what is stored.

EVALUATION: every individual; VALIDATION: the candidates, with the carried elite as individual number `population`;
TEST: the elite. A block-free run has one phase without an end, of which the first `population` results count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evolution.configuration import RunConfiguration
from evolution.messages import EpisodeResult, Phase
from evolution.selection import choose_candidates, choose_elite, fitness, rank
from server.service.supply import EndlessSupply, FixedSupply, Grid, Supply
from server.storage.generations import Elite
from server.storage.results import Key, Scored

LARGEST_INDEX = 2**31 - 1
Played = Scored | EpisodeResult


class OpenPhase(Protocol):
    """Episodes of one phase: those done and those missing. `total`: how many the phase takes."""

    @property
    def phase(self) -> Phase: ...

    @property
    def total(self) -> int: ...

    @property
    def done(self) -> int:
        """How many results of `total` are stored."""

    @property
    def complete(self) -> bool: ...

    def asks_for(self, index: int, episode: int) -> bool:
        """Whether the episode belongs to this phase, done or not."""

    def has(self, index: int, episode: int) -> bool:
        """Whether the episode's result is stored."""

    def settle(self, index: int, episode: int) -> None:
        """The episode's result is stored; one of another phase changes nothing."""

    def missing(self) -> Supply:
        """The episodes without a result, as of now."""


class FixedPhase:
    """`episodes` episodes of each of some individuals."""

    def __init__(self, generation: int, phase: Phase, individuals: Sequence[int], episodes: int) -> None:
        self.phase = phase
        self.done = 0
        self._grid = Grid(generation, int(phase), individuals, episodes)
        self._stored = bytearray(self._grid.size)

    @property
    def total(self) -> int:
        return self._grid.size

    @property
    def complete(self) -> bool:
        return self.done == self.total

    def asks_for(self, index: int, episode: int) -> bool:
        return self._grid.place(index, episode) is not None

    def has(self, index: int, episode: int) -> bool:
        place = self._grid.place(index, episode)
        return place is not None and bool(self._stored[place])

    def settle(self, index: int, episode: int) -> None:
        place = self._grid.place(index, episode)
        if place is not None and not self._stored[place]:
            self._stored[place] = 1
            self.done += 1

    def missing(self) -> FixedSupply:
        return FixedSupply(self._grid, self._stored)


class EndlessPhase:
    """One episode of each individual 0, 1, 2, …, but for `population`, the carried elite's number (block-free)."""

    phase = Phase.EVALUATION

    def __init__(self, generation: int, population: int) -> None:
        self.total = population
        self._generation = generation
        self._stored: set[int] = set()

    @property
    def done(self) -> int:
        return min(len(self._stored), self.total)

    @property
    def complete(self) -> bool:
        return len(self._stored) >= self.total

    def asks_for(self, index: int, episode: int) -> bool:
        return episode == 0 and 0 <= index <= LARGEST_INDEX and index != self.total

    def has(self, index: int, episode: int) -> bool:
        return episode == 0 and index in self._stored

    def settle(self, index: int, episode: int) -> None:
        if self.asks_for(index, episode):
            self._stored.add(index)

    def missing(self) -> EndlessSupply:
        return EndlessSupply(self._generation, int(self.phase), self.total, self._stored)


@dataclass
class OpenGeneration:
    """A run's open generation. `frames` and `steps`: those that count towards the budget."""

    number: int
    phases: list[OpenPhase]
    frames: int = 0
    steps: int = 0
    done_before: int = field(default=0)
    """Results of the phases before the present one."""

    @property
    def current(self) -> OpenPhase:
        """The phase whose episodes are being played."""
        return self.phases[-1]

    def find(self, index: int, phase: int, episode: int) -> OpenPhase | None:
        """The phase that asks for this episode, if one does."""
        for open in self.phases:
            if open.phase == phase and open.asks_for(index, episode):
                return open
        return None

    def settle(self, keys: Iterable[Key]) -> None:
        """Results are stored; what is not of this generation, or not asked for, changes nothing."""
        for number, index, phase, episode in keys:
            if number == self.number:
                for open in self.phases:
                    if open.phase == phase:
                        open.settle(index, episode)

    def count(self, results: Iterable[Played]) -> None:
        """Adds the cost of results; tests are outside the budget."""
        budgeted = [result for result in results if result.phase != Phase.TEST]
        self.frames += sum(result.frames for result in budgeted)
        self.steps += sum(result.steps for result in budgeted)


def plays(configuration: RunConfiguration, index: int, phase: int, episode: int) -> bool:
    """Whether some generation of such a run can have this episode."""
    population = configuration.population
    if configuration.algorithm == "block-free":
        return phase == Phase.EVALUATION and EndlessPhase(0, population).asks_for(index, episode)
    if phase == Phase.EVALUATION:
        return index < population and episode < configuration.episodes
    # The carried elite's number is `population`.
    most = configuration.validation_episodes if phase == Phase.VALIDATION else configuration.test_episodes
    return index <= population and episode < most


Scores = Mapping[int, Mapping[int, list[Scored]]]


def group(results: Iterable[Scored]) -> Scores:
    """Results by phase and individual, in the order of episodes."""
    grouped: dict[int, dict[int, list[Scored]]] = {phase: {} for phase in Phase}
    for result in sorted(results, key=lambda result: result.episode):
        grouped[result.phase].setdefault(result.index, []).append(result)
    return grouped


def means(results: Mapping[int, list[Scored]]) -> dict[int, float]:
    """Each individual's mean score."""
    return {index: fitness([result.score for result in episodes]) for index, episodes in results.items()}


def open_generation(
    configuration: RunConfiguration, number: int, carried: Elite | None, results: Sequence[Scored]
) -> OpenGeneration:
    """What is done and what is missing of generation `number`, given its stored results."""
    generation = OpenGeneration(number, [])
    scores = group(results)
    for phase in _phases(configuration, number, carried, scores):
        generation.phases.append(phase)
        for index, episodes in scores[phase.phase].items():
            for result in episodes:
                phase.settle(index, result.episode)
        if not phase.complete:
            break
    generation.count(results)
    return generation


def _phases(configuration: RunConfiguration, number: int, carried: Elite | None, scores: Scores) -> Iterator[OpenPhase]:
    """The phases in order; each is asked for when the one before is complete."""
    if configuration.algorithm == "block-free":
        yield EndlessPhase(number, configuration.population)
        return
    yield FixedPhase(number, Phase.EVALUATION, range(configuration.population), configuration.episodes)
    if configuration.candidates:
        candidates = choose_validated(configuration, carried, scores)
        yield FixedPhase(number, Phase.VALIDATION, candidates, configuration.validation_episodes)
    if configuration.test_episodes:
        elite = elect(configuration, carried, scores)
        yield FixedPhase(number, Phase.TEST, [elite], configuration.test_episodes)


def choose_validated(configuration: RunConfiguration, carried: Elite | None, scores: Scores) -> list[int]:
    """Who plays again to become the elite, ascending."""
    place = configuration.population if carried else None
    return choose_candidates(rank(means(scores[Phase.EVALUATION])), configuration.candidates, place)


def elect(configuration: RunConfiguration, carried: Elite | None, scores: Scores) -> int:
    """The elite's index: by validation where there is one, else by fitness; a carried elite keeps its stored one."""
    if configuration.candidates:
        return choose_elite(means(scores[Phase.VALIDATION]))
    population = configuration.population
    evaluated = means(scores[Phase.EVALUATION])
    if carried is None:
        return choose_elite(evaluated)
    return choose_elite({**evaluated, population: carried.fitness}, population)
