"""Counts of what the library can be narrowed to."""

from typing import Any

import pytest
from sqlalchemy import insert

from server.storage import facets, tables
from server.storage.database import Storage
from server.storage.policies import Wish
from tests.storage.conftest import EPOCH, AddRun
from tests.storage.test_policies import add, policy

pytestmark = pytest.mark.anyio


async def count(storage: Storage, **wish: Any) -> facets.Counted:
    async with storage.reading() as connection:
        return await facets.count(connection, Wish(**wish))


async def test_a_policy_counts_once_in_each_run_that_bred_it(storage: Storage, add_run: AddRun) -> None:
    await add_run("aaaaaa")
    await add_run("bbbbbb")
    await add(storage, policy(1), policy(2))
    births = [("aaaaaa", 0, 1), ("aaaaaa", 1, 1), ("aaaaaa", 2, 2), ("bbbbbb", 0, 1)]
    async with storage.transaction(EPOCH) as connection:
        values = [
            {"run_id": run, "generation": generation, "index": 0, "policy_id": policy(number)["id"]}
            for run, generation, number in births
        ]
        await connection.execute(insert(tables.policy_births), values)
    found = await count(storage)

    assert {each.value: each.count for each in found.kinds["runs"]} == {"aaaaaa": 2, "bbbbbb": 1}
    assert (found.total, (await count(storage, run="bbbbbb")).total) == (2, 1)


async def test_no_more_values_are_told_than_people_choose_from(storage: Storage) -> None:
    many = range(facets.MOST + 10)
    await add(storage, *(policy(number, tags=[f"tag {number:03}", "all"]) for number in many))
    tags = (await count(storage)).kinds["tags"]

    assert len(tags) == facets.MOST
    assert tags[0] == facets.Tally("all", None, len(many))
