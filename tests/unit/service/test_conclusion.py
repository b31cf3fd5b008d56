"""What a complete generation comes to."""

from dataclasses import replace
from itertools import count, pairwise

from hypothesis import given
from hypothesis import strategies as st

from evolution.lineage import Birth
from server.service.conclusion import Conclusion, conclude, thin
from server.storage.generations import Elite
from server.storage.results import Scored
from tests.unit.service.test_open_generation import BLOCK_FREE, CARRIED, CONFIGURATION, evaluations, scored, validations

ELITE_TESTED = [scored(4, 2, 0, 7.0)]


def concluded(results: list[Scored], carried: Elite | None = CARRIED, number: int = 1) -> Conclusion:
    return conclude(CONFIGURATION, number, carried, results)


def test_a_carried_elite_is_named_by_its_birth_and_is_the_last_parent_if_not_among_the_best() -> None:
    conclusion = concluded(evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3.5}) + ELITE_TESTED)
    assert (conclusion.elite_index, conclusion.elite_birth, conclusion.carried) == (4, CARRIED.birth, True)
    assert conclusion.parents == [Birth(1, 1), CARRIED.birth]
    assert conclusion.elite_fitness == CARRIED.fitness
    assert conclusion.elite_score == 3.5
    assert conclusion.test is not None
    assert conclusion.test.mean == 7.0


def test_an_elite_among_the_best_keeps_its_rank_as_a_parent() -> None:
    conclusion = concluded(evaluations([1, 4, 2, 4]) + validations({1: 9, 4: 3.5}) + ELITE_TESTED)
    assert conclusion.parents == [Birth(1, 1), Birth(1, 3)]
    assert (conclusion.elite_birth, conclusion.carried, conclusion.elite_fitness) == (Birth(1, 1), False, 4.0)


def test_of_equal_validations_the_lower_index_is_the_elite() -> None:
    conclusion = concluded(evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3}) + ELITE_TESTED)
    assert conclusion.elite_index == 1


def test_whoever_was_validated_or_tested_is_remembered_with_its_scores() -> None:
    conclusion = concluded(evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3.5}) + ELITE_TESTED)
    one, four = conclusion.tried
    assert (one.index, one.birth, one.validation_episodes, one.validation_sum) == (1, Birth(1, 1), 3, 9.0)
    assert (one.test_episodes, one.test_sum) == (0, 0.0)
    assert (four.index, four.birth, four.test_episodes, four.test_sum) == (4, CARRIED.birth, 1, 7.0)


def test_frames_are_those_of_evaluation_and_validation_while_episodes_are_all() -> None:
    conclusion = concluded(evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3.5}) + ELITE_TESTED)
    assert (conclusion.frames, conclusion.steps, conclusion.episodes) == (14 * 40, 14 * 10, 15)


def committed(*scores: float) -> list[Scored]:
    """Block-free results, individual 0 first to arrive."""
    numbers = count()
    return [replaced(scored(next(numbers), 0, 0, score), number) for number, score in enumerate(scores)]


def replaced(result: Scored, sequence: int) -> Scored:
    return result._replace(sequence=sequence)


def test_a_block_free_generation_is_its_first_results_in_the_order_of_commit() -> None:
    results = [replaced(result, -result.index) for result in committed(9, 1, 2, 3, 4, 0)]
    results = [result._replace(index=result.index + 5) for result in results]
    conclusion = conclude(BLOCK_FREE, 0, None, results)
    assert conclusion.episodes == 4
    assert conclusion.elite_birth == Birth(0, 9)
    assert conclusion.last_member == -2
    assert conclusion.frames == 6 * 40


def test_a_block_free_elite_keeps_its_fitness_and_competes_as_a_parent() -> None:
    conclusion = conclude(BLOCK_FREE, 1, CARRIED, committed(1, 2, 6, 3))
    assert (conclusion.elite_birth, conclusion.carried) == (Birth(1, 2), False)
    assert conclusion.parents == [Birth(1, 2), CARRIED.birth]
    equal = conclude(BLOCK_FREE, 1, CARRIED, committed(1, 2, 5, 3))
    assert (equal.elite_birth, equal.carried) == (CARRIED.birth, True)
    assert equal.parents == [Birth(1, 2), CARRIED.birth]
    weak = conclude(BLOCK_FREE, 1, replace(CARRIED, fitness=0.5), committed(1, 2, 5, 3))
    assert weak.parents == [Birth(1, 2), Birth(1, 3)]


@given(st.permutations(evaluations([1, 4, 2, 4]) + validations({1: 3, 4: 3.5}) + ELITE_TESTED))
def test_the_order_of_results_changes_nothing(results: list[Scored]) -> None:
    assert concluded(results) == concluded(sorted(results))


@given(st.integers(1, 1000))
def test_a_sparkline_is_short_and_evenly_spaced(generations: int) -> None:
    points: list[float] = []
    for number in range(generations):
        points = thin(points, number, float(number), most=60)
        assert len(points) <= 60
    strides = {after - before for before, after in pairwise(points)}
    assert len(strides) <= 1
    assert points[0] == 0
    assert generations < 60 or len(points) >= 30
