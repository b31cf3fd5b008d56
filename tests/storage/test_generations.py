"""Closed generations: the parents they chose, the policies that were tried in them."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from evolution.lineage import Birth
from server.storage import generations
from server.storage.database import Storage
from tests.storage.conftest import BEGINNING, EPOCH, AddRun

pytestmark = pytest.mark.anyio

STATISTICS = ("best", "mean", "median", "sd", "quartile_low", "quartile_high", "worst", "elite_fitness", "seconds")


def generation(number: int, **values: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("frames", "steps", "episodes", "elite_index", "elite_born_index"), 1)
    return {
        "run_id": "k3f9x2",
        "number": number,
        "closed_at": BEGINNING,
        **dict.fromkeys(STATISTICS, 1.0),
        **counts,
        "elite_born_generation": number,
        "elite_seeds": [2**32 - 1, number],
        "parents": [[number, 3], [0, 1]],
        **values,
    }


def candidate(generation: int, birth: Birth, validation: list[float], test: list[float]) -> dict[str, Any]:
    return {
        "run_id": "k3f9x2",
        "generation": generation,
        "index": birth.index if birth.generation == generation else 100,
        "born_generation": birth.generation,
        "born_index": birth.index,
        "validation_episodes": len(validation),
        "validation_sum": sum(validation),
        "test_episodes": len(test),
        "test_sum": sum(test),
    }


async def close(storage: Storage, number: int, *tried: dict[str, Any], **values: Any) -> None:
    async with storage.transaction(EPOCH) as connection:
        await generations.add(connection, generation(number, **values), tried)


async def test_a_generation_closes_once(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    await close(storage, 0)
    with pytest.raises(IntegrityError):
        await close(storage, 0)


async def test_parents_are_read_in_order_however_many_there_are(
    storage: Storage, add_run: AddRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "READ_AT_ONCE", 2)
    await add_run()
    for number in range(5):
        await close(storage, number)
    async with storage.reading() as connection:
        found = [chosen async for chosen in generations.parents(connection, "k3f9x2")]
    assert found == [(number, [Birth(number, 3), Birth(0, 1)]) for number in range(5)]


async def test_the_elite_of_a_generation_keeps_seeds_of_32_bits(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    await close(storage, 0, elite_fitness=2.5)
    async with storage.reading() as connection:
        assert await generations.elite(connection, "k3f9x2", 0) == generations.Elite(Birth(0, 1), 2.5, [2**32 - 1, 0])
        assert await generations.elite(connection, "k3f9x2", 1) is None


async def test_pages_lead_both_ways(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    for number in range(4):
        await close(storage, number)
    async with storage.reading() as connection:
        up = await generations.page(connection, "k3f9x2", 1, 10, newest_first=False)
        down = await generations.page(connection, "k3f9x2", 2, 10, newest_first=True)
        plain = await generations.all_but_chains(connection, "k3f9x2")
    assert [row["number"] for row in up] == [2, 3]
    assert [row["number"] for row in down] == [1, 0]
    assert [row["number"] for row in plain] == [0, 1, 2, 3]
    assert "elite_seeds" not in plain[0]


async def test_the_best_are_ranked_by_tests_else_by_validations_pooled_over_generations(
    storage: Storage, add_run: AddRun
) -> None:
    await add_run()
    old, lucky, single, tested = Birth(0, 1), Birth(0, 2), Birth(0, 3), Birth(1, 4)
    await close(
        storage, 0, candidate(0, old, [10, 20], []), candidate(0, lucky, [30, 20], []), candidate(0, single, [99], [])
    )
    await close(storage, 1, candidate(1, old, [60, 70], []), candidate(1, tested, [90, 90], [5, 6]))
    async with storage.reading() as connection:
        best = await generations.best(connection, "k3f9x2", 10)
        top = await generations.best(connection, "k3f9x2", 1)
        assert await generations.places(connection, "k3f9x2", old) == [(0, 1), (1, 100)]
    assert [found.birth for found in best] == [old, lucky, tested]
    assert best[0] == generations.Candidate(old, 4, 40.0, 0, None)
    assert best[2].test_mean == 5.5
    assert top == best[:1]
