"""How long an individual takes until it plays: a mutation of a kept parent, and a long chain from nothing.

Timed is what the worker does, the episode of one decision less the same episode again, for which nothing is prepared.
"""

import time
from collections.abc import Sequence
from statistics import median

from benchmarks.chains import shortened
from evolution.architectures import ImageArchitecture
from evolution.environments import Environment
from worker.evaluation import Evaluator, fitting_shape, make_game
from worker.individuals import Individual

CHILDREN = 30
COLD_SEEDS = 1000
POWER = 0.002


class Preparation:
    """Times the making of individuals of `uber-large`, the largest network."""

    def __init__(self, game: str) -> None:
        """`game`: Gymnasium id. Raises: UnplayableEnvironment: it cannot be made here."""
        environment = Environment(id=game)
        _, actions, _ = fitting_shape(make_game(game), environment)
        self._environment = shortened(environment, 1)
        self._architecture = ImageArchitecture(name="uber-large", actions=actions)

    def mutation_milliseconds(self, children: int = CHILDREN) -> float:
        """From a kept parent to a child that plays: the median."""
        evaluator = Evaluator()
        parent = [1, 2]
        self._seconds(evaluator, self._individual([*parent, 3]))  # expands the parent, compiles
        return 1000 * median(self._seconds(evaluator, self._individual([*parent, 4 + n])) for n in range(children))

    def cold_chain_seconds(self, seeds: int = COLD_SEEDS) -> float:
        """A chain of so many seeds of which nothing is kept."""
        evaluator = Evaluator()
        self._seconds(evaluator, self._individual([1, 2]))  # compiles
        return self._seconds(evaluator, self._individual(range(100, 100 + seeds)))

    def _seconds(self, evaluator: Evaluator, individual: Individual) -> float:
        first = self._episode(evaluator, individual)
        return first - self._episode(evaluator, individual)

    def _episode(self, evaluator: Evaluator, individual: Individual) -> float:
        began = time.perf_counter()
        evaluator.evaluate(individual, self._environment, 0)
        return time.perf_counter() - began

    def _individual(self, seeds: Sequence[int]) -> Individual:
        *parent, newest = seeds
        return Individual(self._architecture, parent, [POWER] * len(parent), newest)
