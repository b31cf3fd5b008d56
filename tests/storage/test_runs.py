"""Runs as rows: pages, locks, meters."""

import asyncio
from datetime import timedelta

import pytest

from server.storage import runs
from server.storage.database import Storage
from server.storage.runs import Meter
from tests.storage.conftest import BEGINNING, EPOCH, AddRun

pytestmark = pytest.mark.anyio


async def test_pages_lead_from_the_newest_run_to_the_oldest(storage: Storage, add_run: AddRun) -> None:
    for minute, id in enumerate(["aaaaaa", "bbbbbb", "cccccc"]):
        await add_run(id, created_at=BEGINNING + timedelta(minutes=minute))
    await add_run("dddddd", created_at=BEGINNING)
    async with storage.reading() as connection:
        first = await runs.page(connection, None, None, 2)
        second = await runs.page(connection, None, (first[-1].created_at, first[-1].id), 5)
    assert [run.id for run in first + second] == ["cccccc", "bbbbbb", "dddddd", "aaaaaa"]


async def test_a_page_can_be_of_some_states_and_never_shows_deleted_runs(storage: Storage, add_run: AddRun) -> None:
    await add_run("aaaaaa", state="paused")
    await add_run("bbbbbb", state="running")
    await add_run("cccccc", state="deleted")
    async with storage.reading() as connection:
        assert [run.id for run in await runs.page(connection, ["paused"], None, 5)] == ["aaaaaa"]
        assert {run.id for run in await runs.page(connection, None, None, 5)} == {"aaaaaa", "bbbbbb"}
        assert await runs.find(connection, "cccccc") is None
        assert await runs.deleted(connection) == ["cccccc"]
        assert await runs.count(connection) == 2


async def test_active_runs_are_those_that_may_go_on(storage: Storage, add_run: AddRun) -> None:
    for id, state in zip(
        ["a", "b", "c", "d", "e", "f"], ["waiting", "running", "paused", "stopped", "finished", "failed"], strict=True
    ):
        await add_run(id, state=state)
    async with storage.reading() as connection:
        assert [run.id for run in await runs.active(connection)] == ["a", "b", "c"]


async def test_a_run_is_changed_by_one_at_a_time(storage: Storage, add_run: AddRun) -> None:
    id = await add_run()

    async def count_on() -> None:
        async with storage.transaction(EPOCH) as connection:
            row = await runs.lock(connection, id)
            assert row is not None
            await runs.change(connection, id, {"generation": row.generation + 1})

    await asyncio.gather(*(count_on() for _ in range(8)))
    async with storage.reading() as connection:
        row = await runs.find(connection, id)
    assert row is not None
    assert row.generation == 8


async def test_meters_are_stored_together_and_time_never_goes_back(storage: Storage, add_run: AddRun) -> None:
    await add_run("aaaaaa")
    await add_run("bbbbbb", active_seconds=50)
    async with storage.transaction(EPOCH) as connection:
        await runs.meter(connection, [Meter("bbbbbb", 0, 7, 8, 9.5), Meter("aaaaaa", 0, 1, 2, 3.5)])
        await runs.meter(connection, [])
        rows = {row.id: row for row in await runs.active(connection)}
    assert (rows["aaaaaa"].open_frames, rows["aaaaaa"].open_steps, rows["aaaaaa"].active_seconds) == (1, 2, 3.5)
    assert (rows["bbbbbb"].open_frames, rows["bbbbbb"].open_steps, rows["bbbbbb"].active_seconds) == (7, 8, 50)


async def test_a_meter_read_before_its_generation_closed_counts_nothing_twice(
    storage: Storage, add_run: AddRun
) -> None:
    await add_run("aaaaaa", generation=4)
    await add_run("bbbbbb", state="finished", generation=3)
    async with storage.transaction(EPOCH) as connection:
        await runs.meter(connection, [Meter("aaaaaa", 3, 7, 8, 9.5), Meter("bbbbbb", 3, 7, 8, 9.5)])
        rows = [await runs.find(connection, id) for id in ("aaaaaa", "bbbbbb")]
    assert [row.open_frames for row in rows if row] == [0, 0]


async def test_a_runs_engine_is_told_by_name(storage: Storage, add_run: AddRun) -> None:
    await add_run("aaaaaa")
    await add_run("bbbbbb", engine_id=None)
    async with storage.reading() as connection:
        found = [await runs.find(connection, id) for id in ("aaaaaa", "bbbbbb")]
    assert [row.engine for row in found if row] == ["engine", None]
