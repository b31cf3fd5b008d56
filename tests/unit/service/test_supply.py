"""What is missing of a phase, without an object for each episode."""

import math
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from server.service.supply import EndlessSupply, FixedSupply, Grid

INDIVIDUALS = [1, 4, 9]


def supply_of(stored: str) -> FixedSupply:
    """Two episodes of each of three individuals; a 1 where a result is."""
    return FixedSupply(Grid(3, 1, INDIVIDUALS, 2), bytearray(map(int, stored)))


def test_it_gives_what_is_missing_individual_after_individual() -> None:
    supply = supply_of("010010")
    assert supply.left == 4
    assert list(supply) == [(3, 1, 1, 0), (3, 4, 1, 0), (3, 4, 1, 1), (3, 9, 1, 1)]


def test_what_was_given_is_still_missing_until_its_result_is_stored() -> None:
    supply = supply_of("000000")
    task = next(iter(supply))
    assert (supply.left, supply.wants(task)) == (6, True)
    supply.settle([task])
    supply.settle([task])
    assert (supply.left, supply.wants(task)) == (5, False)


def test_a_result_that_comes_before_its_turn_is_passed_over() -> None:
    supply = supply_of("000000")
    supply.settle([(3, 1, 1, 1)])
    assert list(islice(supply, 2)) == [(3, 1, 1, 0), (3, 4, 1, 0)]


def test_other_phases_results_change_nothing() -> None:
    strange = [(2, 1, 1, 0), (3, 1, 0, 0), (3, 2, 1, 0), (3, 1, 1, 2), (3, 4, 1, -1)]
    supply, endless = supply_of("000000"), EndlessSupply(3, 1, 2, set())
    for task in strange:
        supply.settle([task])
        assert not supply.wants(task)
    assert supply.left == 6
    for task in [(2, 0, 1, 0), (3, 0, 0, 0), (3, 0, 1, 1)]:
        endless.settle([task])
        assert not endless.wants(task)
    assert next(iter(endless)) == (3, 0, 1, 0)


def test_an_endless_supply_wants_no_individual_twice() -> None:
    supply = EndlessSupply(0, 0, 9, {1})
    task = next(iter(supply))
    assert supply.wants(task)
    supply.settle([task])
    assert not supply.wants(task)
    assert not supply.wants((0, 1, 0, 0))


def test_what_it_is_made_of_is_not_changed_by_it() -> None:
    stored, played = bytearray(6), {1}
    fixed, endless = FixedSupply(Grid(3, 1, INDIVIDUALS, 2), stored), EndlessSupply(3, 1, 9, played)
    fixed.settle([(3, 1, 1, 0)])
    endless.settle([(3, 2, 1, 0)])
    assert (stored, played) == (bytearray(6), {1})


@given(st.lists(st.integers(0, 40)), st.integers(1, 30))
def test_an_endless_supply_gives_new_individuals_until_enough_results_are_stored(
    results: list[int], population: int
) -> None:
    supply = EndlessSupply(0, 0, population, set(results))
    given = list(islice(supply, 50))
    assert supply.left == math.inf
    assert (given == []) == (len(set(results)) >= population)
    assert not {population, *results}.intersection(task[1] for task in given)
    assert [task[1] for task in given] == sorted({task[1] for task in given})
