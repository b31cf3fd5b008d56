"""The normal table and the noise, against golden values and against GENOME.md's own words."""

import hashlib
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.noise import CHUNK_TILES, LONGEST, TABLE_SHA256, TILE, DifferentNormalTable, check_table, noise
from evolution.noise import normal_table as table
from evolution.philox import philox_block

CASES = ["noise seed=1 purpose=0", "noise seed=1 purpose=1", "noise seed=4070460811 purpose=1"]
seeds = st.integers(0, 2**32 - 1)
purposes = st.integers(0, 1)
WHOLE = 2 * CHUNK_TILES * TILE + 77
"""More than two chunks and no whole number of tiles."""


def test_the_table_is_the_golden_one(golden: dict[str, Any]) -> None:
    assert golden["table_sha256"] == TABLE_SHA256
    assert hashlib.sha256(table().astype("<f4").tobytes()).hexdigest() == golden["table_sha256"]
    assert table()[:4].tolist() == golden["table_first4"]
    assert float(table()[32768]) == golden["table_32768"]
    assert table().dtype == np.float32


def test_the_table_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        table()[0] = 0


def test_a_platform_with_another_table_stops_with_an_error() -> None:
    other = table().copy()
    other[1234] = np.nextafter(other[1234], np.float32(9))
    with pytest.raises(DifferentNormalTable, match="philox-1"):
        check_table(other)


@pytest.mark.parametrize("case", CASES)
def test_noise_is_golden(case: str, golden: dict[str, Any]) -> None:
    seed, purpose = (int(part.split("=")[1]) for part in case.split()[1:])
    values = noise(seed, purpose, 0, 2**20)
    assert values.dtype == np.float32
    assert values[:8].tolist() == golden[case]["first8"]
    assert hashlib.sha256(values.astype("<f4").tobytes()).hexdigest() == golden[case]["sha256_of_first_1048576"]
    for index in (16, 127, 128, 1_000_000):
        assert float(values[index]) == golden[case][f"index_{index}"]
        assert noise(seed, purpose, index, index + 1).tolist() == [golden[case][f"index_{index}"]]


@given(seeds, purposes, st.integers(0, LONGEST - 1))
def test_each_element_sits_where_the_format_says(seed: int, purpose: int, index: int) -> None:
    tile, place = divmod(index, 128)
    words = philox_block((tile * 16 + place % 16, 0, purpose, 0), (seed, 0x65766F6C))
    word = words[place // 32]
    half = word & 0xFFFF if (place // 16) % 2 == 0 else word >> 16
    expected = np.float32(NormalDist().inv_cdf((half + 0.5) / 65536))
    assert noise(seed, purpose, index, index + 1).tolist() == [expected]


@given(seeds, purposes, st.lists(st.integers(0, WHOLE), min_size=2, max_size=2))
def test_any_slice_agrees_with_the_whole(seed: int, purpose: int, ends: list[int]) -> None:
    start, stop = sorted(ends)
    assert (noise(seed, purpose, start, stop) == noise(seed, purpose, 0, WHOLE)[start:stop]).all()


def test_an_empty_slice_is_empty() -> None:
    assert noise(1, 0, 300, 300).shape == (0,)


def test_the_last_element_can_be_made() -> None:
    assert noise(1, 1, LONGEST - 1, LONGEST).shape == (1,)


@pytest.mark.parametrize(("start", "stop"), [(-1, 4), (5, 4), (0, LONGEST + 1)])
def test_slices_outside_are_refused(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="no slice"):
        noise(1, 0, start, stop)


def test_purposes_and_seeds_give_unlike_noise() -> None:
    firsts = {tuple(noise(seed, purpose, 0, 8).tolist()) for seed in range(50) for purpose in (0, 1)}
    assert len(firsts) == 100
