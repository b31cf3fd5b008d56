"""What a complete generation comes to: its elite, the parents of the next one, its statistics. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from evolution.configuration import RunConfiguration
from evolution.lineage import Birth
from evolution.messages import Phase
from evolution.selection import Spread, Summary, choose_parents, rank, spread, summarize
from server.service.open_generation import Scores, elect, group, means
from server.storage.generations import Elite
from server.storage.results import Scored


@dataclass(frozen=True)
class Tried:
    """An individual that was validated or tested: its place, its birth, its scores' numbers and sums."""

    index: int
    birth: Birth
    validation_episodes: int
    validation_sum: float
    test_episodes: int
    test_sum: float


@dataclass(frozen=True)
class Conclusion:
    """How a generation closes. `frames` and `steps`: what it adds to the budget's count, late results included."""

    elite_index: int
    elite_birth: Birth
    elite_fitness: float
    carried: bool
    parents: list[Birth]
    spread: Spread
    validation: Summary | None
    test: Summary | None
    tried: list[Tried]
    episodes: int
    frames: int
    steps: int
    last_member: int
    """Sequence number of the last result that counts; later ones are late."""

    @property
    def elite_score(self) -> float:
        """What the elite is known by: its validation mean, without validation its fitness."""
        return self.validation.mean if self.validation else self.elite_fitness


def conclude(
    configuration: RunConfiguration, number: int, carried: Elite | None, results: Sequence[Scored]
) -> Conclusion:
    """Closes generation `number` on its stored results, which must be complete."""
    members = choose_members(configuration, results)
    scores = group(members)
    elite, fitness = elect(configuration, carried, scores), means(scores[Phase.EVALUATION])
    budgeted = [result for result in results if result.phase != Phase.TEST]
    carries = carried is not None and elite == configuration.population
    return Conclusion(
        elite_index=elite,
        elite_birth=_birth(configuration, number, carried, elite),
        elite_fitness=carried.fitness if carried and carries else fitness[elite],
        carried=carries,
        parents=_parents(configuration, number, carried, fitness, elite),
        spread=spread(list(fitness.values())),
        validation=_summary(scores[Phase.VALIDATION].get(elite)),
        test=_summary(scores[Phase.TEST].get(elite)),
        tried=_tried(configuration, number, carried, scores),
        episodes=len(members),
        frames=sum(result.frames for result in budgeted),
        steps=sum(result.steps for result in budgeted),
        last_member=max(result.sequence for result in members),
    )


def choose_members(configuration: RunConfiguration, results: Sequence[Scored]) -> list[Scored]:
    """The results that count: all, but of a block-free run the first `population` in the order of commit."""
    if configuration.algorithm == "generational":
        return list(results)
    return sorted(results, key=lambda result: result.sequence)[: configuration.population]


def thin(sparkline: Sequence[float], number: int, score: float, most: int = 60) -> list[float]:
    """The curve with generation `number`'s score added, at most `most` points, evenly spaced from generation 0 on.

    Points stand for generations 0, s, 2s, … with s the smallest power of two that keeps them few enough.
    """
    stride = 1
    while number // stride >= most:
        stride *= 2
    points = list(sparkline)
    # The stride doubles at the first generation that would be one point too many: every other point goes then.
    if stride > 1 and number == most * stride // 2:
        points = points[::2]
    return [*points, score] if number % stride == 0 else points


def _birth(configuration: RunConfiguration, number: int, carried: Elite | None, index: int) -> Birth:
    return carried.birth if carried and index == configuration.population else Birth(number, index)


def _parents(
    configuration: RunConfiguration, number: int, carried: Elite | None, fitness: dict[int, float], elite: int
) -> list[Birth]:
    population, count = configuration.population, configuration.parents
    if configuration.algorithm == "generational":
        chosen = choose_parents(rank(fitness), count, elite)
    else:
        rivals = {**fitness, population: carried.fitness} if carried else fitness
        chosen = rank(rivals, population)[:count]
    return [_birth(configuration, number, carried, index) for index in chosen]


def _summary(results: Sequence[Scored] | None) -> Summary | None:
    return summarize([result.score for result in results], [result.digest for result in results]) if results else None


def _tried(configuration: RunConfiguration, number: int, carried: Elite | None, scores: Scores) -> list[Tried]:
    validated, tested = scores[Phase.VALIDATION], scores[Phase.TEST]
    return [
        Tried(
            index,
            _birth(configuration, number, carried, index),
            len(validated.get(index, [])),
            fsum(result.score for result in validated.get(index, [])),
            len(tested.get(index, [])),
            fsum(result.score for result in tested.get(index, [])),
        )
        for index in sorted({*validated, *tested})
    ]
