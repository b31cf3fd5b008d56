"""Videos brought at the same time: the quota bounds what all of them take."""

import asyncio
from dataclasses import replace

import pytest

from server.service.master import Master
from server.storage import videos
from server.storage.database import Storage
from tests.clock import START
from tests.server.test_rollouts import MP4, box
from tests.service.test_asked_recordings import until_it_waits
from tests.service.test_jobs import bring

pytestmark = pytest.mark.anyio

LARGE = MP4 + box(b"free", bytes(600_000))


async def test_of_videos_that_come_at_once_no_more_stay_than_the_quota_has_room_for(
    master: Master, storage: Storage
) -> None:
    policy = await bring(master)
    first, second = [(await master.recordings.record_policy(policy, seed)).id for seed in (1, 2)]
    master._memory.settings = replace(master._memory.settings, video_quota_mb=1)  # type: ignore[type-var]
    async with storage.unfenced() as connection:
        await videos.lock(connection)
        await videos.put_mp4(connection, first, LARGE, "ab" * 32, START)
        other = asyncio.create_task(master.recordings.store_video(second, LARGE))
        await until_it_waits(storage)
    await other
    assert await master.recordings.find_video(first) is None
    assert await master.recordings.find_video(second) is not None
