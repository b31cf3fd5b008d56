"""The laws of truncation selection with a validated elite."""

import random
from itertools import pairwise
from statistics import mean, median, quantiles, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.selection import (
    choose_candidates,
    choose_elite,
    choose_parents,
    fitness,
    rank,
    spread,
    summarize,
)

scores = st.floats(-1e6, 1e6)
few_values = st.sampled_from([0.0, 10.0, 20.0, 20.5])
"""So few that ties are the rule."""
populations = st.dictionaries(st.integers(0, 50), few_values, min_size=1)


@given(st.lists(scores, min_size=1), st.randoms(use_true_random=False))
def test_fitness_is_the_mean_in_whatever_order_scores_arrive(values: list[float], chance: random.Random) -> None:
    shuffled = values.copy()
    chance.shuffle(shuffled)
    assert fitness(values) == fitness(shuffled) == pytest.approx(mean(values), rel=1e-12, abs=1e-9)


def test_rounding_is_not_left_to_the_order_of_scores() -> None:
    assert fitness([0.1] * 10) == 0.1
    assert fitness([1e16, 1.0, -1e16]) == fitness([1e16, -1e16, 1.0]) == 1 / 3


def test_fitness_needs_a_score() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fitness([])


@given(populations, st.randoms(use_true_random=False))
def test_ranks_are_best_first_with_ties_by_index_whoever_arrived_first(
    values: dict[int, float], chance: random.Random
) -> None:
    arrivals = list(values.items())
    chance.shuffle(arrivals)
    ranked = rank(dict(arrivals))
    assert ranked == rank(values)
    assert sorted(ranked) == sorted(values)
    for better, worse in pairwise(ranked):
        assert values[better] > values[worse] or (values[better] == values[worse] and better < worse)


@given(populations, few_values)
def test_a_carried_elite_ranks_behind_its_equals(values: dict[int, float], carried: float) -> None:
    ranked = rank(values | {7: carried}, carried=7)
    place = ranked.index(7)
    assert all(values[index] >= carried for index in ranked[:place])
    assert all(values[index] < carried for index in ranked[place + 1 :])
    assert [index for index in ranked if index != 7] == rank({key: values[key] for key in values if key != 7})


@given(populations, st.integers(0, 60))
def test_the_first_candidates_are_the_best(values: dict[int, float], count: int) -> None:
    ranked = rank(values)
    candidates = choose_candidates(ranked, count, None)
    assert candidates == sorted(candidates)
    assert set(candidates) == set(ranked[:count])


@given(populations, st.integers(2, 60))
def test_a_carried_elite_is_one_of_the_candidates(values: dict[int, float], count: int) -> None:
    ranked = rank(values)
    candidates = choose_candidates(ranked, count, 1000)
    assert candidates == sorted({1000, *ranked[: count - 1]})
    assert len(candidates) == min(count, len(values) + 1)


def test_a_carried_elite_is_never_counted_twice() -> None:
    assert choose_candidates([1000, 3, 5], 2, 1000) == [3, 1000]


def test_without_candidates_nobody_plays_again() -> None:
    assert choose_candidates([3, 1, 2], 0, None) == choose_candidates([3, 1, 2], 0, 100) == []


@given(populations)
def test_the_elite_has_the_best_mean_and_the_lowest_index(means: dict[int, float]) -> None:
    elite = choose_elite(means)
    assert means[elite] == max(means.values())
    assert elite == min(index for index in means if means[index] == means[elite])


def test_a_carried_elite_stays_unless_strictly_beaten() -> None:
    assert choose_elite({0: 5.0, 9: 5.0}, carried=9) == 9
    assert choose_elite({0: 5.5, 9: 5.0}, carried=9) == 0
    assert choose_elite({0: 5.0, 9: 5.0}) == 0


@given(populations, st.data())
def test_parents_are_the_best_with_the_elite_among_them(values: dict[int, float], data: st.DataObject) -> None:
    ranked = rank(values)
    count = data.draw(st.integers(1, len(ranked)))
    elite = data.draw(st.sampled_from([*ranked, 1000]))
    parents = choose_parents(ranked, count, elite)
    assert len(set(parents)) == len(parents) == count
    assert elite in parents
    if elite in ranked[:count]:
        assert parents == ranked[:count]
    else:
        assert parents == [*ranked[: count - 1], elite]


def test_a_single_parent_is_the_elite() -> None:
    assert choose_parents([4, 2, 0], 1, 2) == [2]


@given(st.lists(scores, min_size=2), st.data())
def test_a_summary_counts_distinct_episodes(values: list[float], data: st.DataObject) -> None:
    digests = data.draw(st.lists(st.sampled_from("abc"), min_size=len(values), max_size=len(values)))
    summary = summarize(values, digests)
    assert summary.mean == pytest.approx(mean(values), rel=1e-12, abs=1e-9)
    assert summary.sd == pytest.approx(stdev(values), rel=1e-6, abs=1e-3)
    assert (summary.n, summary.distinct) == (len(values), len(set(digests)))


def test_a_single_episode_has_no_deviation() -> None:
    assert summarize([3.0], ["a"]) == (3.0, None, 1, 1)


@given(st.lists(scores, min_size=2), st.randoms(use_true_random=False))
def test_a_spread_is_that_of_the_textbook(values: list[float], chance: random.Random) -> None:
    seen = spread(values)
    low, _, high = quantiles(values, n=4, method="inclusive")
    assert (seen.best, seen.worst) == (max(values), min(values))
    assert (seen.quartile_low, seen.quartile_high) == pytest.approx((low, high), rel=1e-9, abs=1e-6)
    assert seen.median == pytest.approx(median(values), rel=1e-12, abs=1e-9)
    assert seen.mean == pytest.approx(mean(values), rel=1e-12, abs=1e-9)
    shuffled = values.copy()
    chance.shuffle(shuffled)
    assert spread(shuffled) == seen


def test_the_spread_of_one_value_is_that_value() -> None:
    assert spread([4.0]) == (4.0, 4.0, 4.0, 0.0, 4.0, 4.0, 4.0)
