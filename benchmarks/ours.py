"""This project's worker: one episode after another, each by another individual, as in a generation."""

import time
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from benchmarks.chains import as_bred, shortened
from benchmarks.slices import Slice
from evolution.breeding import episode_seed
from evolution.chains import SeedChain
from evolution.environments import Environment
from evolution.messages import Phase
from worker.episode import Played
from worker.evaluation import Evaluator
from worker.individuals import Individual

WARM_UP_STEPS = 20


class Episode(NamedTuple):
    """What was played, so that it can be played again without a network."""

    environment: Environment
    seed: int
    played: Played


class WorkerLoop:
    """The whole of a worker's work on an episode: the individual's mutation, the start, the play, the account."""

    def __init__(self, evaluator: Evaluator, chains: Sequence[SeedChain], process: int = 0) -> None:
        """`process`: its number; each plays episodes of its own."""
        self.episodes: list[Episode] = []
        """Those of the last slice."""
        self._evaluator = evaluator
        self._individuals: list[tuple[Individual, Environment]] = [(as_bred(it), it.environment) for it in chains]
        self._process, self._number = process, count()

    def warm_up(self) -> None:
        """Expands all parents, compiles and makes the game."""
        for individual, environment in self._individuals:
            self._evaluator.evaluate(individual, shortened(environment, WARM_UP_STEPS), 0)

    def measure(self, seconds: float) -> Slice:
        """Whole episodes, at least one."""
        began = time.perf_counter()
        self.episodes = [self._play()]
        while (spent := time.perf_counter() - began) < seconds:
            self.episodes.append(self._play())
        return Slice(sum(episode.played.frames for episode in self.episodes), spent)

    def play_on(self) -> None:
        self._play()

    def _play(self) -> Episode:
        lap, place = divmod(next(self._number), len(self._individuals))
        individual, environment = self._individuals[place]
        seed = episode_seed(self._process, lap, place, Phase.EVALUATION, 0)
        return Episode(environment, seed, self._evaluator.evaluate(individual, environment, seed))
