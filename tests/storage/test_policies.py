"""The library's tables: pages of thousands of policies come from an index, in one order."""

from math import inf
from typing import Any, get_args

import pytest
from sqlalchemy import insert, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from evolution.lineage import Birth
from server.storage import policies, tables
from server.storage.database import Storage
from server.storage.policies import SortKey, Wish
from tests.storage.conftest import BEGINNING, EPOCH, AddRun

pytestmark = pytest.mark.anyio

MANY = 5000


def policy(number: int, **values: Any) -> dict[str, Any]:
    """A row of the library."""
    return {
        "id": f"{number:08x}" + "0" * 56,
        "name": f"policy {number % 100}",
        "document": {"seeds": [number]},
        "environment_id": "CartPole-v1" if number % 2 else "Acrobot-v1",
        "environment": {"id": "CartPole-v1", "options": {}},
        "architecture": {"name": "mlp", "inputs": 4, "hidden": [], "actions": 2},
        "format": "philox-1",
        "length": number % 50,
        "origin": "run",
        "tags": ["tenth"] if number % 10 == 0 else [],
        "mean": -inf if number % 7 == 0 else float(number % 500),
        "normalised": -inf,
        "created_at": BEGINNING,
        **values,
    }


async def add(storage: Storage, *rows: dict[str, Any]) -> None:
    async with storage.transaction(EPOCH) as connection:
        await connection.execute(insert(tables.policies), list(rows))


async def explain(storage: Storage, wish: Wish, after: tuple[Any, str] | None) -> str:
    """The plan of a page's query."""
    dialect = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
    query = policies.page_query(wish, after, 51).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    async with storage.reading() as connection:
        return "\n".join(await connection.scalars(text(f"EXPLAIN {query}".replace(":", "\\:"))))


@pytest.mark.parametrize("key", get_args(SortKey))
async def test_a_page_of_thousands_is_read_from_an_index(storage: Storage, add_run: AddRun, key: SortKey) -> None:
    await add_run()
    await add(storage, *map(policy, range(MANY)))
    births = [
        {"run_id": "k3f9x2", "generation": number, "index": 0, "policy_id": policy(number)["id"]}
        for number in range(MANY)
    ]
    async with storage.transaction(EPOCH) as connection:
        await connection.execute(insert(tables.policy_births), births)
    async with storage.unfenced() as connection:
        await connection.execute(text("ANALYZE"))
    place = BEGINNING if key == "created_at" else "policy 5" if key == "name" else 20
    for descending in (True, False):
        for after in (None, (place, policy(77)["id"])):
            plan = await explain(storage, Wish(sort=key, descending=descending), after)
            assert f"using policies_{key}_id_idx" in plan, plan
            assert "Seq Scan on policies" not in plan, plan
            assert "Seq Scan on policy_births" not in plan, plan


@pytest.mark.parametrize("key", get_args(SortKey))
@pytest.mark.parametrize("descending", [True, False])
async def test_pages_have_each_policy_once_though_many_are_equal(
    storage: Storage, key: SortKey, descending: bool
) -> None:
    await add(storage, *map(policy, range(60)))
    wish, after, seen = Wish(sort=key, descending=descending), None, []
    async with storage.reading() as connection:
        whole = [row.id for row in await policies.page(connection, wish, None, 100)]
        while found := await policies.page(connection, wish, after, 7):
            seen += [row.id for row in found]
            after = (getattr(found[-1], key), found[-1].id)
    assert seen == whole
    assert len(set(seen)) == 60


async def test_a_policy_is_added_once(storage: Storage) -> None:
    async with storage.transaction(EPOCH) as connection:
        assert await policies.add(connection, policy(1))
        assert not await policies.add(connection, policy(1, name="other"))
        found = await policies.find(connection, policy(1)["id"])
    assert found is not None
    assert found.name == "policy 1"
    assert found.birth is None


async def test_an_id_is_a_hash(storage: Storage) -> None:
    with pytest.raises(IntegrityError):
        await add(storage, policy(1, id="abc"))


async def test_ids_are_found_by_their_beginning(storage: Storage) -> None:
    await add(storage, policy(0x12345678), policy(0x12345679), policy(0xFFFFFFFF))
    async with storage.reading() as connection:
        assert len(await policies.beginning_with(connection, "1234567")) == 2
        assert await policies.beginning_with(connection, "12345679") == [policy(0x12345679)["id"]]
        assert await policies.beginning_with(connection, "ffffffff0") == [policy(0xFFFFFFFF)["id"]]
        assert await policies.beginning_with(connection, "abc") == []


async def test_births_of_a_deleted_run_go_and_policies_that_only_it_bred(storage: Storage, add_run: AddRun) -> None:
    await add_run("aaaaaa")
    await add_run("bbbbbb")
    await add(storage, *map(policy, range(1, 4)), policy(4, tags=["kept"]), policy(5, origin="imported"))
    async with storage.transaction(EPOCH) as connection:
        for number in range(1, 6):
            await policies.add_birth(connection, "aaaaaa", Birth(number, 0), policy(number)["id"])
        await policies.add_birth(connection, "bbbbbb", Birth(9, 0), policy(2)["id"])
        assert set((await policies.staying(connection, "aaaaaa")).values()) == {Birth(4, 0), Birth(5, 0)}
        await policies.leave(connection, "aaaaaa")
        rows = await policies.page(connection, Wish(sort="length", descending=False), None, 9)
    assert [(row.id[:8], row.run) for row in rows] == [
        ("00000002", "bbbbbb"),
        ("00000004", None),
        ("00000005", None),
    ]
