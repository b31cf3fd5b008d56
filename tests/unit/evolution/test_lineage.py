"""Descent: chains walked back agree with chains carried along by hand, and little is kept."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.breeding import breed
from evolution.lineage import Birth, Lineage, OpenGeneration

words = st.integers(0, 2**32 - 1)


@given(words, st.integers(2, 9), st.integers(1, 12), st.data())
def test_chains_equal_those_derived_by_hand(run: int, population: int, generations: int, data: st.DataObject) -> None:
    lineage = Lineage(run, population)
    by_hand = {Birth(0, index): [breed(run, 0, index, 0).seed] for index in range(population)}
    for generation in range(generations):
        # An elite may be carried over any number of generations.
        born = [birth for birth in by_hand if birth.generation == generation]
        carried = data.draw(st.sampled_from(sorted(by_hand)))
        parents = list(dict.fromkeys([*data.draw(st.lists(st.sampled_from(born), min_size=1)), carried]))
        lineage.close(generation, parents)
        for index in range(population):
            seed, place = breed(run, generation + 1, index, len(parents))
            assert place is not None
            by_hand[Birth(generation + 1, index)] = [*by_hand[parents[place]], seed]
            assert lineage.parent(generation + 1, index) == parents[place]
            assert lineage.mutation(generation + 1, index) == seed
            assert lineage.offspring(generation + 1, index, index + 1) == [(parents[place], seed)]
    assert {birth: lineage.seeds(birth) for birth in by_hand} == by_hand


def test_the_first_generation_has_no_parents_and_single_seeds() -> None:
    lineage = Lineage(1, 100)
    assert lineage.parent(0, 4) is None
    assert lineage.seeds(Birth(0, 4)) == [lineage.mutation(0, 4)] == [560946508]


def test_individuals_of_an_open_generation_can_be_bred_but_no_later_ones() -> None:
    lineage = Lineage(1, 100)
    lineage.close(0, [Birth(0, 3)])
    assert lineage.parent(1, 0) == Birth(0, 3)
    for ask in (
        lambda: lineage.parent(2, 0),
        lambda: lineage.mutation(2, 0),
        lambda: lineage.seeds(Birth(2, 0)),
        lambda: lineage.offspring(2, 0, 8),
    ):
        with pytest.raises(OpenGeneration, match="generation 1 is not closed yet"):
            ask()


def test_generations_close_in_order_and_with_parents() -> None:
    lineage = Lineage(1, 100)
    with pytest.raises(ValueError, match="generation 0 is the next to close, not 1"):
        lineage.close(1, [Birth(0, 0)])
    with pytest.raises(ValueError, match="at least one parent"):
        lineage.close(0, [])
    lineage.close(0, [Birth(0, 0)])
    with pytest.raises(ValueError, match="generation 1 is the next to close, not 0"):
        lineage.close(0, [Birth(0, 0)])
    with pytest.raises(ValueError, match="born in generation 2"):
        lineage.close(1, [Birth(2, 0)])
    assert lineage.closed == 1


def test_a_carried_elite_is_asked_for_by_its_birth() -> None:
    lineage = Lineage(1, 100)
    with pytest.raises(ValueError, match="carried elite"):
        lineage.parent(0, 100)
    with pytest.raises(ValueError, match="carried elite"):
        lineage.close(0, [Birth(0, 100)])


def test_block_free_numbers_beyond_the_population_are_individuals_too() -> None:
    lineage = Lineage(1, 100)
    lineage.close(0, [Birth(0, 101), Birth(0, 5)])
    assert lineage.seeds(Birth(0, 101)) == [breed(1, 0, 101, 0).seed]


def test_thousands_of_generations_of_a_thousand_stay_small() -> None:
    generations, parents = 1000, 20
    lineage = Lineage(1, 1000)
    for generation in range(generations):
        lineage.close(generation, [Birth(generation, index) for index in range(parents)])
    assert len(lineage.seeds(Birth(generations, 999))) == generations + 1
    assert footprint(lineage) < 1000 * generations


def footprint(lineage: Lineage) -> int:
    """Bytes that the selected parents take."""
    return sum(
        sys.getsizeof(selected) + sum(sys.getsizeof(numbers) for numbers in selected) for selected in lineage._closed
    )
