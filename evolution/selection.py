"""Truncation selection with a validated elite (Such et al. 2017, algorithm 1).

Every result is a function of what was scored, not of the order in which scores arrived: sums are exact before they are
rounded, ties go to the lower index.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import fsum, sqrt
from typing import NamedTuple


class Summary(NamedTuple):
    """Scores of several episodes of one policy."""

    mean: float
    sd: float | None
    """Sample standard deviation; None of a single episode."""
    n: int
    distinct: int
    """How many different episodes were among them: without sticky actions many repeat each other."""


class Spread(NamedTuple):
    """How a generation's fitness is distributed."""

    best: float
    mean: float
    median: float
    sd: float
    """Sample standard deviation; 0 of a single individual."""
    quartile_low: float
    quartile_high: float
    worst: float


def fitness(scores: Sequence[float]) -> float:
    """The mean score of an individual's episodes.

    Raises:
        ValueError: there are none.
    """
    if not scores:
        raise ValueError("fitness needs at least one score")
    return fsum(scores) / len(scores)


def rank(fitness: Mapping[int, float], carried: int | None = None) -> list[int]:
    """Indices, best fitness first, ties by index; the `carried` elite comes last among its equals."""
    return sorted(fitness, key=lambda index: (-fitness[index], index == carried, index))


def choose_candidates(ranked: Sequence[int], count: int, carried: int | None) -> list[int]:
    """Who plays again to become the elite, ascending: any carried elite and the best others, `count` in all."""
    if count == 0:
        return []
    if carried is None:
        return sorted(ranked[:count])
    others = [index for index in ranked if index != carried]
    return sorted([*others[: count - 1], carried])


def choose_elite(means: Mapping[int, float], carried: int | None = None) -> int:
    """The index with the best mean, ties by index; but the `carried` elite stays unless another is strictly better."""
    best = rank(means)[0]
    keeps = carried is not None and means[carried] >= means[best]
    return carried if carried is not None and keeps else best


def choose_parents(ranked: Sequence[int], count: int, elite: int) -> list[int]:
    """The best `count`, best first; an elite that is not among them takes the last place."""
    best = list(ranked[:count])
    return best if elite in best else [*ranked[: count - 1], elite]


def summarize(scores: Sequence[float], digests: Iterable[bytes | str]) -> Summary:
    """Statistics of one policy's episodes; equal digests are equal episodes.

    Raises:
        ValueError: there are no scores.
    """
    mean = fitness(scores)
    return Summary(mean, _deviation(scores, mean), len(scores), len(set(digests)))


def spread(values: Sequence[float]) -> Spread:
    """The distribution of a generation's fitness; quartiles interpolate linearly between neighbours.

    Raises:
        ValueError: there are no values.
    """
    mean = fitness(values)
    ordered = sorted(values)
    low, median, high = (_quantile(ordered, part) for part in (0.25, 0.5, 0.75))
    return Spread(ordered[-1], mean, median, _deviation(values, mean) or 0.0, low, high, ordered[0])


def _deviation(values: Sequence[float], mean: float) -> float | None:
    if len(values) < 2:
        return None
    return sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _quantile(ordered: Sequence[float], part: float) -> float:
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
