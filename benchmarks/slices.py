"""Alternation: whoever is compared plays in turn, about a second at a time, again and again.

A machine's speed drifts by tens of percent within minutes (clock, neighbours, heat). What is compared within one round
met the same machine; so ratios are taken round by round, and their median is what is reported.
"""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple, Protocol

LEAST_ROUNDS = 3


class Slice(NamedTuple):
    """What one contender did when it was its turn."""

    frames: int
    """Emulator frames, or steps of an environment without frames."""
    seconds: float

    @property
    def rate(self) -> float:
        """Frames per second."""
        return self.frames / self.seconds


class Key(NamedTuple):
    """Who plays, and whose policies: `ours`, `raw` or a peer's name, and the network's architecture."""

    contender: str
    architecture: str


Round = dict[Key, Slice]
"""One slice of each contender."""


class Contender(Protocol):
    """One way to play."""

    def warm_up(self) -> None:
        """Does what is done once in a process: compiles, fills caches."""

    def measure(self, seconds: float) -> Slice:
        """Plays for about so long, to the end of what it has begun."""

    def play_on(self) -> None:
        """Plays a little, unmeasured, so that others are still disturbed as they were."""


class Turns(Protocol):
    """What keeps the processes that play at once in step."""

    def take(self, contender: Contender, seconds: float) -> Slice:
        """One slice, begun when all processes are there, and followed by play until all have had theirs."""

    def goes_on(self, deadline: float) -> bool:
        """Whether there is another round, the same answer in all processes. `deadline`: of `time.monotonic`."""


def play_rounds(contenders: dict[Key, Contender], turns: Turns, seconds: float, deadline: float) -> list[Round]:
    """Rounds until the deadline, at least `LEAST_ROUNDS`; `seconds`: of each slice."""
    return list(_rounds(contenders, turns, seconds, deadline))


def _rounds(contenders: dict[Key, Contender], turns: Turns, seconds: float, deadline: float) -> Iterator[Round]:
    for number in count(1):
        yield {key: turns.take(contender, seconds) for key, contender in contenders.items()}
        goes_on = turns.goes_on(deadline)
        if number >= LEAST_ROUNDS and not goes_on:
            return
