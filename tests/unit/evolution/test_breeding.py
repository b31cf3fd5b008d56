"""Breeding and episode seeds: golden values, ranges, and independence of everything but their names."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.breeding import breed, breed_range, episode_seed, episode_seeds
from evolution.messages import Phase

words = st.integers(0, 2**32 - 1)


def numbers(case: str) -> list[int]:
    return [int(number) for number in re.findall(r"=(\d+)", case)]


def test_breeding_is_golden(golden: dict[str, Any]) -> None:
    assert len(golden["breeding"]) == 4
    for case, expected in golden["breeding"].items():
        run, generation, index = numbers(case)
        assert breed(run, generation, index, 20).seed == expected["seed"], case
        for parents in (20, 50):
            assert breed(run, generation, index, parents).parent == expected.get(f"parent_of_{parents}"), case


def test_episode_seeds_are_golden(golden: dict[str, Any]) -> None:
    assert len(golden["episode_seeds"]) == 3
    for case, expected in golden["episode_seeds"].items():
        assert episode_seed(*numbers(case)) == expected, case


@given(words, st.integers(1, 2**32 - 1), words, st.integers(1, 100_000))
def test_a_bred_individual_has_a_seed_and_a_parent_in_range(
    run: int, generation: int, index: int, parents: int
) -> None:
    seed, parent = breed(run, generation, index, parents)
    assert 0 <= seed < 2**32
    assert parent is not None
    assert 0 <= parent < parents


@given(words, words, words, st.integers(1, 1000))
def test_the_seed_does_not_depend_on_how_many_parents_there_are(
    run: int, generation: int, index: int, parents: int
) -> None:
    assert breed(run, generation, index, parents).seed == breed(run, generation, index, 1).seed


@given(words, words)
def test_the_first_generation_has_no_parents(run: int, index: int) -> None:
    assert breed(run, 0, index, 0) == breed(run, 0, index, 20)
    assert breed(run, 0, index, 0).parent is None


def test_a_later_generation_without_parents_is_refused() -> None:
    with pytest.raises(ValueError, match="generation 3 needs at least one parent"):
        breed(1, 3, 0, 0)


def test_every_parent_is_drawn_about_equally_often() -> None:
    drawn = [breed(11, 5, index, 20).parent for index in range(20_000)]
    counts = [drawn.count(parent) for parent in range(20)]
    assert min(counts) > 850
    assert max(counts) < 1150


@given(words, words, words, st.sampled_from(Phase), words)
def test_an_episode_seed_has_its_top_bit_clear(
    run: int, generation: int, index: int, phase: Phase, episode: int
) -> None:
    assert 0 <= episode_seed(run, generation, index, phase, episode) < 2**31


def test_phases_and_episodes_have_seeds_of_their_own() -> None:
    seeds = {episode_seed(1, 2, 3, phase, episode) for phase in Phase for episode in range(30)}
    assert len(seeds) == 90


@given(words, words, st.integers(0, 2**32 - 40), st.integers(1, 100_000), st.sampled_from(Phase))
def test_many_at_once_are_the_same_as_one_by_one(
    run: int, generation: int, start: int, parents: int, phase: Phase
) -> None:
    places = range(start, start + 40)
    one_by_one = [breed(run, generation, index, parents) for index in places]
    assert breed_range(run, generation, start, start + 40, parents) == one_by_one
    seeds = [episode_seed(run, generation, index, phase, 7) for index in places]
    assert episode_seeds(run, generation, start, start + 40, phase, 7) == seeds
