"""A run moves between servers whole: it goes on as it would have where it was. A damaged file leaves nothing behind."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from server.service.errors import MalformedRun, NotFound
from server.service.master import Master
from server.service.run_file import VERSION
from server.storage import runs
from server.storage.database import Storage
from server.storage.tables import results
from tests.clock import FakeClock
from tests.conftest import TEMPLATE, Postgres
from tests.database import count_results
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, at_work, described, reached, settled

pytestmark = pytest.mark.anyio
BLOCK_FREE = {"algorithm": "block-free", "candidates": 0, "test_episodes": 0}


@pytest.fixture
async def elsewhere(postgres: Postgres, clock: FakeClock) -> AsyncIterator[Master]:
    """A master on another database."""
    url = postgres.create_database(TEMPLATE)
    masters = Masters(url, clock)
    yield await masters.start()
    await masters.stop()
    postgres.drop_database(url)


async def exported(master: Master, id: str) -> bytes:
    """The run's file."""
    _, content = await master.export_run(id)
    return b"".join([part async for part in content])


async def parts(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """As a request's body arrives."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def outcome(master: Master, id: str) -> list[Any]:
    """Every generation with its individuals, but for when it was."""
    page = await master.list_generations(id, None, 100)
    individuals = [(await master.list_individuals(id, view.number, None, 500)).items for view in page.items]
    return [
        (view.model_copy(update={"closed_at": None, "seconds": 0}), every)
        for view, every in zip(page.items, individuals, strict=True)
    ]


@pytest.mark.parametrize("changes", [{}, BLOCK_FREE], ids=["generational", "block-free"])
async def test_a_run_goes_on_elsewhere_as_it_would_have_here(
    master: Master, elsewhere: Master, changes: dict[str, Any]
) -> None:
    worker = await described(master)
    run = await master.create_run(None, "mover", SMALL | changes)
    while (await master.show_run(run.id)).generation < 2:
        await worker.submit(worker.play(await worker.claim()))
        await settled(master)
    await worker.submit(worker.play(await worker.claim()))
    paused = await master.pause_run(run.id)
    content = await exported(master, run.id)
    imported = await elsewhere.import_run(parts(content))
    assert (imported.id, imported.name, imported.state, imported.generation) == (
        run.id,
        "mover",
        "paused",
        paused.generation,
    )
    assert await exported(elsewhere, run.id) == content
    for here in (master, elsewhere):
        worker = await described(here)
        await here.resume_run(run.id)
        async with at_work(worker):
            await reached(here, run.id, "finished")
        await settled(here)
    if not changes:  # a block-free run follows arrival
        assert await outcome(elsewhere, run.id) == await outcome(master, run.id)
    assert len(await outcome(elsewhere, run.id)) == 4


async def test_a_run_that_is_there_already_comes_in_under_another_id(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, "twice", SMALL)
    async with at_work(worker):
        await reached(master, run.id, "finished")
    await settled(master)
    again = await master.import_run(parts(await exported(master, run.id)))
    assert again.id != run.id
    assert (again.state, again.generation) == ("finished", 4)
    assert await outcome(master, again.id) == await outcome(master, run.id)


async def test_imports_of_one_run_at_the_same_time_come_in_under_ids_of_their_own(
    master: Master, elsewhere: Master
) -> None:
    worker = await described(master)
    run = await master.create_run(None, "twice", SMALL)
    async with at_work(worker):
        await reached(master, run.id, "finished")
    await settled(master)
    content = await exported(master, run.id)
    async with asyncio.TaskGroup() as group:
        imports = [group.create_task(elsewhere.import_run(parts(content))) for _ in range(4)]
    imported = [task.result() for task in imports]
    assert len({row.id for row in imported}) == 4
    assert run.id in {row.id for row in imported}
    for row in imported:
        assert await outcome(elsewhere, row.id) == await outcome(master, run.id)


async def test_a_run_that_is_deleted_while_it_is_exported_gives_no_whole_file(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL)
    async with at_work(worker):
        await reached(master, run.id, "finished")
    await settled(master)
    _, content = await master.export_run(run.id)
    await anext(content)
    await master.delete_run(run.id)
    await settled(master)
    with pytest.raises(NotFound, match="deleted while"):
        async for _ in content:
            pass


def without_end(lines: list[Any]) -> list[Any]:
    return lines[:-1]


def without_generation(lines: list[Any]) -> list[Any]:
    return [line for line in lines if line.get("generation", {}).get("number") != 1]


def with_other_chain(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "generation" in line:
            line["generation"]["elite_seeds"][-1] ^= 1
    return lines


def with_result_twice(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "results" in line:
            line["results"].append(line["results"][0])
    return lines


def with_fewer_results(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "results" in line:
            line["results"].pop()
    return lines


def of_a_later_version(lines: list[Any]) -> list[Any]:
    lines[0]["version"] = VERSION + 1
    return lines


def with_infinite_score(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "results" in line:
            line["results"][0][5] = float("inf")
    return lines


def with_score_beyond_all_games(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "results" in line:
            line["results"][0][5] = 1e308
    return lines


def with_unborn_elite(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "generation" in line:
            line["generation"]["elite_born_generation"] = 9
    return lines


def with_candidate_twice(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "candidates" in line:
            line["candidates"].append(line["candidates"][0])
    return lines


def with_unsayable_name(lines: list[Any]) -> list[Any]:
    lines[0]["run"]["name"] = "a\0b"
    return lines


def with_later_result(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "results" in line:
            line["results"][0][0] = 40
    return lines


def with_strange_individual(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "results" in line:
            line["results"][0][1] = 10**6
    return lines


def with_strange_episode(lines: list[Any]) -> list[Any]:
    for line in lines:
        if "results" in line:
            line["results"][0][3] = 1000
    return lines


def without_network(lines: list[Any]) -> list[Any]:
    lines[0]["run"]["architecture"] = None
    return lines


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (with_unborn_elite, "not what it was bred from"),
        (with_candidate_twice, "twice"),
        (with_unsayable_name, "NUL"),
        (with_later_result, "not come to"),
        (with_strange_individual, "individual 1,000,000, phase 0"),
        (with_strange_episode, "episode 1,000"),
        (without_network, "no network"),
        (without_end, "cut short"),
        (without_generation, "does not fit"),
        (with_other_chain, "not what it was bred from"),
        (with_result_twice, "twice"),
        (with_fewer_results, "should have"),
        (of_a_later_version, "upgrade"),
        (with_infinite_score, "damaged"),
        (with_score_beyond_all_games, "damaged"),
        (lambda _: [{"hello": 1}], "no exported run"),
    ],
)
async def test_a_damaged_file_is_refused_and_leaves_nothing(
    master: Master, storage: Storage, damage: Callable[[list[Any]], list[Any]], complaint: str
) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL)
    async with at_work(worker):
        await reached(master, run.id, "finished")
    await settled(master)
    lines = [json.loads(line) for line in gzip.decompress(await exported(master, run.id)).splitlines()]
    damaged = gzip.compress(b"\n".join(json.dumps(line).encode() for line in damage(lines)))
    with pytest.raises(MalformedRun, match=complaint):
        await master.import_run(parts(damaged))
    await settled(master)
    assert [item.id for item in (await master.list_runs(None, None, 10)).items] == [run.id]
    async with storage.reading() as connection:
        everything = (await connection.execute(select(func.count()).select_from(results))).scalar_one()
        assert everything == await count_results(connection, run.id)
        assert await runs.deleted(connection) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"") + b"more", gzip.compress(b""), gzip.compress(b"x" * 100)[:-4]],
    # Not by what they hold: gzip puts the moment into it, and processes that share the tests out would not agree.
    ids=["empty", "no gzip", "more", "nothing in it", "cut off"],
)
async def test_what_is_no_run_is_refused(master: Master, content: bytes) -> None:
    with pytest.raises(MalformedRun):
        await master.import_run(parts(content))


async def test_a_run_that_is_not_there_cannot_be_exported(master: Master) -> None:
    with pytest.raises(NotFound):
        await master.export_run("nothin")
