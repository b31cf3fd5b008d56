"""What is missing of an open generation follows from what is stored."""

from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.configuration import RunConfiguration
from evolution.lineage import Birth
from evolution.messages import Phase
from server.service.open_generation import OpenGeneration, open_generation
from server.storage.generations import Elite
from server.storage.results import Scored

VALUES: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "architecture": "mlp",
    "population": 4,
    "parents": 2,
    "mutation_power": 0.1,
    "episodes": 2,
    "candidates": 2,
    "validation_episodes": 3,
    "test_episodes": 1,
}
CONFIGURATION = RunConfiguration.model_validate(VALUES)
BLOCK_FREE = RunConfiguration.model_validate(
    VALUES | {"algorithm": "block-free", "episodes": 1, "candidates": 0, "test_episodes": 0}
)
CARRIED = Elite(Birth(0, 1), 5.0, [1])


def scored(index: int, phase: int, episode: int, score: float = 0.0) -> Scored:
    return Scored(index, phase, episode, score, 10, 40, bytes(32), index, late=False)


def evaluations(scores: list[float]) -> list[Scored]:
    return [scored(index, 0, episode, score) for index, score in enumerate(scores) for episode in range(2)]


def validations(means: dict[int, float]) -> list[Scored]:
    return [scored(index, 1, episode, score) for index, score in means.items() for episode in range(3)]


def opened(*results: Scored, number: int = 1, carried: Elite | None = CARRIED) -> OpenGeneration:
    return open_generation(CONFIGURATION, number, carried, results)


def test_a_new_generation_misses_every_episode_of_every_individual() -> None:
    current = opened(number=0, carried=None).current
    assert (current.phase, current.done, current.total) == (Phase.EVALUATION, 0, 8)
    assert list(current.missing()) == [(0, index, 0, episode) for index in range(4) for episode in range(2)]


def test_stored_results_are_not_missing() -> None:
    current = opened(scored(2, 0, 1)).current
    assert current.done == 1
    assert (1, 2, 0, 1) not in list(current.missing())


def test_the_best_play_again_in_generation_0() -> None:
    current = opened(*evaluations([1, 4, 2, 4]), number=0, carried=None).current
    assert {task[1] for task in current.missing()} == {1, 3}


def test_later_the_carried_elite_plays_again_with_the_best_others() -> None:
    current = opened(*evaluations([1, 4, 2, 4])).current
    assert (current.phase, current.total) == (Phase.VALIDATION, 6)
    assert {task[1] for task in current.missing()} == {1, 4}


def test_the_elite_by_validation_is_tested() -> None:
    results = evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3.5})
    assert list(opened(*results).current.missing()) == [(1, 4, 2, 0)]


def test_a_complete_generation_stays_at_its_last_phase() -> None:
    results = evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3.5}) + [scored(4, 2, 0)]
    generation = opened(*results)
    assert generation.current.phase == Phase.TEST
    assert generation.current.complete


def test_without_candidates_the_carried_elite_keeps_its_fitness_and_its_place_unless_beaten() -> None:
    configuration = CONFIGURATION.model_copy(update={"candidates": 0})
    for best, tested in ((4.0, 4), (5.0, 4), (6.0, 2)):
        results = evaluations([1, 2, best, 3])
        current = open_generation(configuration, 1, CARRIED, results).current
        assert [task[1] for task in current.missing()] == [tested]


def test_tests_cost_no_budget() -> None:
    results = evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3.5}) + [scored(4, 2, 0)]
    generation = opened(*results)
    assert (generation.frames, generation.steps) == (14 * 40, 14 * 10)


def test_settling_twice_counts_once() -> None:
    current = opened().current
    current.settle(0, 0)
    current.settle(0, 0)
    assert current.done == 1


@pytest.mark.parametrize(("index", "episode"), [(4, 0), (-1, 0), (0, 2), (0, -1)])
def test_episodes_that_nobody_was_asked_for_belong_to_no_phase(index: int, episode: int) -> None:
    assert opened().find(index, Phase.EVALUATION, episode) is None


def test_a_phase_that_is_not_reached_asks_for_nothing() -> None:
    assert opened().find(0, Phase.VALIDATION, 0) is None
    assert opened(*evaluations([1, 4, 2, 4])).find(0, Phase.VALIDATION, 0) is None
    assert opened(*evaluations([1, 4, 2, 4])).find(4, Phase.VALIDATION, 0) is not None


def test_a_block_free_generation_asks_for_ever_new_individuals_but_never_for_the_elites_number() -> None:
    current = open_generation(BLOCK_FREE, 1, CARRIED, [scored(1, 0, 0)]).current
    assert [task[1] for task in islice(current.missing(), 6)] == [0, 2, 3, 5, 6, 7]
    assert not current.asks_for(4, 0)
    assert current.asks_for(10**6, 0)
    assert not current.asks_for(0, 1)


def test_a_block_free_generation_is_complete_at_its_size_and_asks_for_no_more() -> None:
    current = open_generation(BLOCK_FREE, 1, CARRIED, [scored(index, 0, 0) for index in (0, 1, 2)]).current
    supply = current.missing()
    assert next(iter(supply))[1] == 3
    before = current.complete
    current.settle(9, 0)
    supply.settle([(1, 9, 0, 0)])
    assert (before, current.complete) == (False, True)
    assert list(supply) == []


@given(st.data())
def test_any_order_of_results_opens_the_same_phases(data: st.DataObject) -> None:
    results = evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3.5}) + [scored(4, 2, 0)]
    kept = data.draw(st.integers(0, len(results)))
    ordered = opened(*results[:kept])
    shuffled = opened(*data.draw(st.permutations(results[:kept])))
    assert [phase.phase for phase in shuffled.phases] == [phase.phase for phase in ordered.phases]
    assert list(shuffled.current.missing()) == list(ordered.current.missing())
