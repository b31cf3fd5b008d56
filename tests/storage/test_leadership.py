"""The leadership row decides who may write: shown with transactions that run at the same time."""

import asyncio

import pytest
from sqlalchemy import text

from server.storage import leadership, runs
from server.storage.database import Storage
from server.storage.errors import NotLeading
from tests.database import age_heartbeat
from tests.storage.conftest import EPOCH, AddRun, blocked

pytestmark = pytest.mark.anyio


async def take(storage: Storage, holder: str = "another 2 2") -> int:
    async with storage.unfenced() as connection:
        return await leadership.take(connection, holder)


async def test_each_new_leader_has_a_higher_epoch(storage: Storage) -> None:
    assert await take(storage) == EPOCH + 1
    assert await take(storage) == EPOCH + 2


async def test_a_replaced_master_writes_nothing(storage: Storage, add_run: AddRun) -> None:
    await take(storage)
    with pytest.raises(NotLeading, match="epoch 1, but the database is at epoch 2"):
        await add_run("k3f9x2")
    async with storage.reading() as connection:
        assert await runs.find(connection, "k3f9x2") is None


async def test_a_successor_waits_for_the_transaction_that_is_under_way(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    async with storage.transaction(EPOCH) as connection:
        await runs.change(connection, "k3f9x2", {"name": "written before"})
        rising = asyncio.create_task(take(storage))
        assert await blocked(rising, storage)
    assert await rising == EPOCH + 1
    async with storage.reading() as connection:
        found = await runs.find(connection, "k3f9x2")
    assert found is not None
    assert found.name == "written before"


async def test_a_write_waits_for_the_rising_successor_and_then_fails(storage: Storage, add_run: AddRun) -> None:
    async with storage.unfenced() as connection:
        await leadership.take(connection, "another 2 2")
        writing = asyncio.ensure_future(add_run())
        assert await blocked(writing, storage)
    with pytest.raises(NotLeading):
        await writing


async def test_two_that_rise_at_once_get_different_epochs(storage: Storage) -> None:
    assert sorted(await asyncio.gather(take(storage), take(storage))) == [EPOCH + 1, EPOCH + 2]


async def test_a_heartbeat_of_a_replaced_master_is_refused(storage: Storage) -> None:
    async with storage.unfenced() as connection:
        await leadership.beat(connection, EPOCH)
    await take(storage)
    with pytest.raises(NotLeading):
        async with storage.unfenced() as connection:
            await leadership.beat(connection, EPOCH)


async def test_a_heartbeat_ends_the_silence(storage: Storage) -> None:
    async with storage.unfenced() as connection:
        await age_heartbeat(connection, 100)
    async with storage.unfenced() as connection:
        silent = await leadership.lock(connection)
        await leadership.beat(connection, EPOCH)
    async with storage.unfenced() as connection:
        heard = await leadership.lock(connection)
    assert silent is not None
    assert heard is not None
    assert silent.silent_seconds > 99
    assert heard.silent_seconds < 50


async def test_who_was_replaced_cannot_release_the_lead_of_its_successor(storage: Storage) -> None:
    await take(storage)
    async with storage.unfenced() as connection:
        await leadership.release(connection, EPOCH)
        present = await leadership.lock(connection)
    assert present is not None
    assert not present.released


async def test_an_open_transaction_of_a_stopped_master_is_ended_by_the_database(storage: Storage) -> None:
    async with storage.reading() as connection:
        setting = (await connection.execute(text("SHOW idle_in_transaction_session_timeout"))).scalar_one()
        durable = (await connection.execute(text("SHOW synchronous_commit"))).scalar_one()
    assert (setting, durable) == ("5s", "on")
