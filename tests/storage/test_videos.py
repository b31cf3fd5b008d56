"""Videos: read in parts, evicted by use, posters kept."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage import rollouts, videos
from server.storage.database import Storage
from server.storage.tables import policies
from tests.clock import START

pytestmark = pytest.mark.anyio

SHA = "ab" * 32


async def add_rollouts(connection: AsyncConnection, *ids: str) -> None:
    """Rollouts of one policy."""
    policy: dict[str, object] = {
        "id": "f" * 64,
        "name": "p",
        "document": {},
        "environment_id": "e",
        "environment": {"id": "e"},
    }
    policy |= {"architecture": {}, "format": "f", "length": 1, "origin": "imported"}
    await connection.execute(insert(policies).values(**policy, mean=0.0, normalised=0.0, created_at=START))
    rows = [
        {"id": id, "policy": "f" * 64, "seed": seed, "label": "asked", "state": "waiting", "created_at": START}
        for seed, id in enumerate(ids)
    ]
    assert await rollouts.add(connection, rows) == set(ids)
    assert await rollouts.add(connection, [rows[0] | {"id": "again"}]) == set()


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    storage = Storage(database_url)
    async with storage.unfenced() as connection:
        yield connection
    await storage.close()


async def test_the_least_recently_used_videos_are_evicted_and_posters_stay(connection: AsyncConnection) -> None:
    await add_rollouts(connection, "a", "b", "c")
    for age, id in ((3, "a"), (1, "b"), (2, "c")):
        await videos.put_mp4(connection, id, b"x" * 100, SHA, START - timedelta(hours=age))
        await videos.put_poster(connection, id, b"poster", START)
    await videos.touch(connection, "a", START)
    assert await videos.evict(connection, 250, "b") == ["c"]
    assert await videos.evict(connection, 50, "b") == ["a"]
    assert await videos.find(connection, "b") is not None
    assert await videos.find(connection, "c") is None
    assert await videos.poster(connection, "c") == b"poster"
    row = await rollouts.find(connection, "c")
    assert row is not None
    assert (row.video, row.poster) == (False, True)


async def test_a_part_of_a_video_is_read_alone_and_of_this_video_only(connection: AsyncConnection) -> None:
    await add_rollouts(connection, "a")
    await videos.put_mp4(connection, "a", bytes(range(256)), SHA, START)
    assert await videos.read(connection, "a", SHA, 10, 3) == bytes([10, 11, 12])
    assert await videos.read(connection, "a", "cd" * 32, 10, 3) is None


async def test_videos_are_kept_uncompressed_and_apart_so_that_parts_are_read_alone(connection: AsyncConnection) -> None:
    query = "SELECT attname FROM pg_attribute WHERE attrelid = 'videos'::regclass AND attstorage = 'e' ORDER BY attname"
    assert list(await connection.scalars(text(query))) == ["mp4", "poster"]
