"""From rounds to figures: medians, ratios to the bare emulator, and how far they spread."""

from collections.abc import Sequence
from statistics import fmean, median, quantiles
from typing import NamedTuple

from benchmarks.slices import Key, Round

Processes = Sequence[Sequence[Round]]
"""The rounds of each process; all have as many."""


class Pace(NamedTuple):
    """How fast one contender is, of one process."""

    frames_per_second: float
    """Median over the rounds."""
    ratio: float
    """To the bare emulator in the same round: median over the rounds."""
    ratio_quartiles: tuple[float, float]
    """Low and high: half of the rounds lie between."""
    raw_frames_per_second: float
    """The bare emulator with this architecture's policies' actions."""


class Rate(NamedTuple):
    """How fast the bare emulator is, of one process, whoever's actions it replays."""

    frames_per_second: float
    quartiles: tuple[float, float]


def pace(processes: Processes, key: Key) -> Pace:
    """What a contender's slices come to; of several processes, the mean of each round."""
    own, raw = rates(processes, key), rates(processes, Key("raw", key.architecture))
    ratios = [mine / ceiling for mine, ceiling in zip(own, raw, strict=True)]
    return Pace(median(own), median(ratios), quartiles(ratios), median(raw))


def bare_rate(processes: Processes, architectures: Sequence[str]) -> Rate:
    """What the bare emulator's slices come to."""
    found = [rate for architecture in architectures for rate in rates(processes, Key("raw", architecture))]
    return Rate(median(found), quartiles(found))


def rates(processes: Processes, key: Key) -> list[float]:
    """Frames per second in each round, of one process: the mean where several play at once."""
    return [fmean(one[key].rate for one in together) for together in zip(*processes, strict=True)]


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Low and high."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high
