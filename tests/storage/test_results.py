"""The ledger: a row an episode, inserted once, whatever happens at the same time."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from server.storage import results, runs
from server.storage.database import Storage
from server.storage.results import Delivery, Key
from server.storage.tables import results as table
from tests.database import count_results
from tests.storage.conftest import CONFIGURATION, EPOCH, RUN, WORKER, AddRun, blocked, delivery

pytestmark = pytest.mark.anyio

BLOCK_FREE = CONFIGURATION | {"algorithm": "block-free"}


def key(index: int = 0, *, generation: int = 0, phase: int = 0, episode: int = 0) -> Key:
    return generation, index, phase, episode


async def insert(storage: Storage, *deliveries: Delivery) -> dict[Key, bool]:
    """The keys of `RUN` that are added."""
    async with storage.transaction(EPOCH) as connection:
        return (await results.insert(connection, deliveries)).get(RUN, {})


async def rows(storage: Storage, run: str = RUN, generation: int = 0) -> list[results.Scored]:
    async with storage.reading() as connection:
        return await results.of_generation(connection, run, generation)


async def test_a_result_is_inserted_once_and_the_first_counts(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    assert await insert(storage, delivery(key())) == {key(): False}
    assert await insert(storage, delivery(key(), score=2.0), delivery(key(1), score=3.0)) == {key(1): False}
    assert [row.score for row in await rows(storage)] == [1.0, 3.0]


async def test_of_two_submissions_at_once_one_brings_the_row(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    wanted = [key(index) for index in range(50)]
    taken = await asyncio.gather(
        insert(storage, delivery(*wanted, submission=UUID(int=1))),
        insert(storage, delivery(*wanted, submission=UUID(int=2))),
    )
    assert sorted([*taken[0], *taken[1]]) == wanted
    assert len(await rows(storage)) == 50


async def test_of_several_for_one_episode_in_one_statement_the_first_brings_the_row(
    storage: Storage, add_run: AddRun
) -> None:
    await add_run()
    twins = [delivery(key(), key(), score=score, submission=UUID(int=int(score))) for score in (1.0, 2.0)]
    assert await insert(storage, *twins) == {key(): False}
    async with storage.reading() as connection:
        row = (await connection.execute(select(table))).one()
    assert (row.score, row.submission) == (1.0, UUID(int=1))


async def test_one_that_waits_for_an_uncommitted_twin_inserts_if_that_is_undone(
    storage: Storage, add_run: AddRun
) -> None:
    await add_run()
    async with storage.transaction(EPOCH) as connection:
        await results.insert(connection, [delivery(key())])
        second = asyncio.create_task(insert(storage, delivery(key(), score=2.0)))
        assert await blocked(second, storage)
        await connection.rollback()
    assert await second == {key(): False}
    assert [row.score for row in await rows(storage)] == [2.0]


async def test_rows_are_numbered_in_the_order_in_which_they_came(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    order = [7, 3, 9, 1]
    await insert(storage, delivery(*map(key, order[:2])), delivery(*map(key, order[2:])))
    by_sequence = sorted(await rows(storage), key=lambda row: row.sequence)
    assert [row.index for row in by_sequence] == order


async def test_what_no_run_waits_for_is_not_stored(storage: Storage, add_run: AddRun) -> None:
    await add_run(generation=3)
    await add_run("gone22", state="deleted")
    refused = [delivery(key(), run="gone22"), delivery(key(), run="absent")]
    async with storage.transaction(EPOCH) as connection:
        assert await results.insert(connection, [delivery(key(generation=2), key(generation=4)), *refused]) == {}
    assert await insert(storage, delivery(key(generation=3))) == {key(generation=3): False}


async def test_late_results_of_a_block_free_run_are_kept_flagged_and_counted(storage: Storage, add_run: AddRun) -> None:
    await add_run(generation=2, configuration=BLOCK_FREE, frames=100, steps=10)
    late = [key(5, generation=1), key(6, generation=1)]
    async with storage.transaction(EPOCH) as connection:
        added = await results.insert(connection, [delivery(*late, key(generation=2))])
        assert added == {RUN: {late[0]: True, late[1]: True, key(generation=2): False}}
        run = await runs.find(connection, RUN)
    assert run is not None
    assert (run.frames, run.steps) == (180, 30)
    assert [row.late for row in await rows(storage, generation=1)] == [True, True]


async def test_results_wait_for_a_run_that_closes_its_generation(storage: Storage, add_run: AddRun) -> None:
    await add_run(configuration=BLOCK_FREE)
    async with storage.transaction(EPOCH) as connection:
        await runs.lock(connection, RUN)
        coming = asyncio.create_task(insert(storage, delivery(key())))
        assert await blocked(coming, storage)
        await runs.change(connection, RUN, {"generation": 1})
    assert await coming == {key(): True}


async def test_closing_waits_for_results_that_are_being_stored(storage: Storage, add_run: AddRun) -> None:
    await add_run()

    async def close() -> int:
        async with storage.transaction(EPOCH) as connection:
            await runs.lock(connection, RUN)
            return len(await results.of_generation(connection, RUN, 0))

    async with storage.transaction(EPOCH) as connection:
        await results.insert(connection, [delivery(key())])
        closing = asyncio.create_task(close())
        assert await blocked(closing, storage)
    assert await closing == 1


async def test_stored_tells_which_keys_have_a_row(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    await insert(storage, delivery(key(1), key(2, phase=1, episode=4)))
    async with storage.reading() as connection:
        asked = [key(1), key(2), key(2, phase=1, episode=4)]
        assert await results.stored(connection, RUN, asked) == {key(1), key(2, phase=1, episode=4)}
        assert await results.stored(connection, "absent", asked) == set()
        assert await results.stored(connection, RUN, []) == set()


async def test_mark_late_flags_what_came_after_the_last_member(storage: Storage, add_run: AddRun) -> None:
    await add_run(configuration=BLOCK_FREE)
    await insert(storage, delivery(key(2), key(0), key(1)))
    last = next(row.sequence for row in await rows(storage) if row.index == 0)
    async with storage.transaction(EPOCH) as connection:
        assert await results.mark_late(connection, RUN, 0, last) == 1
    assert [row.index for row in await rows(storage) if row.late] == [1]


async def test_a_runs_results_are_removed_in_parts_and_no_other_runs(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    await add_run("other2")
    await insert(storage, delivery(*map(key, range(5))), delivery(key(), run="other2"))
    removed = []
    for _ in range(3):
        async with storage.transaction(EPOCH) as connection:
            removed.append(await results.remove(connection, RUN, 2))
    assert removed == [2, 2, 1]
    async with storage.reading() as connection:
        assert await count_results(connection, "other2") == 1


async def test_a_row_names_its_submission_worker_and_engine(storage: Storage, add_run: AddRun) -> None:
    await add_run()
    played = delivery(key(3, phase=2, episode=9), score=-12.5, submission=UUID(int=77))
    await insert(storage, delivery(key(1)), played)
    async with storage.reading() as connection:
        row = (await connection.execute(select(table).where(table.c.index == 3))).one()
    assert (row.submission, row.worker, row.engine_id) == (UUID(int=77), WORKER, 1)
    assert (row.score, row.steps, row.frames, row.seconds, row.digest) == (-12.5, 10, 40, 0.5, bytes(32))
