"""Videos and posters: taken from workers, kept within a quota, read in parts."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

from server.service.errors import NotFound
from server.service.job_views import find_rollout, tell_of_rollout
from server.service.media import check_jpeg, check_mp4
from server.service.memory import Memory
from server.storage import rollouts, videos
from server.storage.videos import VideoFile

logger = logging.getLogger(__name__)

READ_BYTES = 2**20
"""Read from the database, and sent, at once."""
TOUCH_AGE = timedelta(minutes=1)
"""A video that is watched is marked as used so often."""


async def store_video(memory: Memory, id: str, content: bytes) -> None:
    """Keeps a rollout's video; the least recently used others go if all together are too many.

    Raises:
        NotFound: no such rollout. DamagedMedia: it is no whole video.
    """
    check_mp4(content)
    sha256 = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
    async with memory.storage.transaction(memory.epoch) as connection:
        if await rollouts.find(connection, id) is None:
            raise NotFound(f"There is no rollout {id}.")
        await videos.lock(connection)
        await videos.put_mp4(connection, id, content, sha256, memory.clock.now())
        evicted = await videos.evict(connection, memory.settings.video_quota_mb * 10**6, id)
    memory.jobs.uploads.pop(id, None)
    logger.info("action=video.store rollout=%s bytes=%d evicted=%d", id, len(content), len(evicted))
    for changed in (id, *evicted):
        await tell_of_rollout(memory, changed)


async def store_poster(memory: Memory, id: str, content: bytes) -> None:
    """Keeps a rollout's poster. Raises NotFound, DamagedMedia."""
    check_jpeg(content)
    async with memory.storage.transaction(memory.epoch) as connection:
        if await rollouts.find(connection, id) is None:
            raise NotFound(f"There is no rollout {id}.")
        await videos.put_poster(connection, id, content, memory.clock.now())
        await rollouts.change(connection, id, {"tended": True})
    await tell_of_rollout(memory, id)


async def find_video(memory: Memory, id: str) -> VideoFile | None:
    """The rollout's video, marked as used; None if it must be made (again). Raises NotFound."""
    async with memory.storage.reading() as connection:
        found = await videos.find(connection, id)
    if found is None:
        await find_rollout(memory, id)
    elif abs(memory.clock.now() - found.used_at) > TOUCH_AGE:  # in the future, after a clock was set back
        async with memory.storage.transaction(memory.epoch) as connection:
            await videos.touch(connection, id, memory.clock.now())
    return found


async def read_video(memory: Memory, id: str, video: VideoFile, start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes `start` to before `end` of the video, piece by piece; no connection is held in between.

    Raises:
        NotFound: it was evicted meanwhile.
    """
    for place in range(start, end, READ_BYTES):
        length = min(READ_BYTES, end - place)
        async with memory.storage.reading() as connection:
            piece = await videos.read(connection, id, video.sha256, place, length)
        if piece is None:
            raise NotFound(f"The video of rollout {id} was evicted while it was read. Ask for it again.")
        yield piece


async def read_poster(memory: Memory, id: str) -> bytes | None:
    """The rollout's poster; None if it must be made. Raises NotFound: no such rollout."""
    async with memory.storage.reading() as connection:
        found = await videos.poster(connection, id)
    if found is None:
        await find_rollout(memory, id)
    return found
