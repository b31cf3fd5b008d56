"""Chance within an Atari episode: golden values, and slices that agree with the whole."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.chance import no_ops, sticky_frames
from evolution.philox import philox_block

seeds = st.integers(0, 2**31 - 1)


@pytest.mark.parametrize("seed", [0, 5, 2147483647])
def test_chance_is_golden(seed: int, golden: dict[str, Any]) -> None:
    expected = golden["atari_episode"][f"episode seed {seed}"]
    assert no_ops(seed) == expected["no_ops"]
    repeated = np.flatnonzero(sticky_frames(seed, 0.25, 0, 60)).tolist()
    assert repeated == expected["repeated frames below 60 at p=0.25"]


@given(seeds)
def test_an_episode_begins_with_1_to_30_no_ops(seed: int) -> None:
    assert 1 <= no_ops(seed) <= 30


def test_every_number_of_no_ops_occurs() -> None:
    assert {no_ops(seed) for seed in range(1000)} == set(range(1, 31))


@given(seeds, st.floats(0, 1), st.integers(0, 200), st.integers(0, 50))
def test_any_stretch_of_frames_agrees_with_the_whole(seed: int, probability: float, start: int, count: int) -> None:
    stretch = sticky_frames(seed, probability, start, count)
    assert stretch.dtype == np.bool_
    assert stretch.tolist() == sticky_frames(seed, probability, 0, 250)[start : start + count].tolist()


@given(seeds)
def test_without_stickiness_nothing_is_repeated(seed: int) -> None:
    assert not sticky_frames(seed, 0.0, 0, 500).any()
    assert sticky_frames(seed, 1.0, 0, 500).all()


@given(seeds, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_repeats_the_same_frames_and_more(seed: int, one: float, other: float) -> None:
    fewer, more = (sticky_frames(seed, probability, 0, 200) for probability in sorted((one, other)))
    assert not (fewer & ~more).any()


@given(seeds)
def test_a_frame_is_repeated_if_its_draw_lies_below_the_probability(seed: int) -> None:
    draw = philox_block((0, 1, 0, 0), (seed, 0x6E6F6F70)).word0
    assert not sticky_frames(seed, draw / 2**32, 0, 1)[0]
    assert sticky_frames(seed, (draw + 1) / 2**32, 0, 1)[0]


def test_about_a_quarter_of_the_frames_is_repeated() -> None:
    assert sticky_frames(1, 0.25, 0, 20_000).mean() == pytest.approx(0.25, abs=0.01)
