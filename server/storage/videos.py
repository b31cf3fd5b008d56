"""The table `videos`: MP4 and poster of rollouts. The least recently used videos are evicted, posters never."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.tables import videos


@dataclass(frozen=True)
class VideoFile:
    """A stored video. `size` in bytes; `sha256` in hex."""

    size: int
    sha256: str
    used_at: datetime


async def lock(connection: AsyncConnection) -> None:
    """One transaction after the other may add a video: who evicts must see what the others have added."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('videos'))"))


async def put_mp4(connection: AsyncConnection, rollout: str, mp4: bytes, sha256: str, now: datetime) -> None:
    """The rollout's video, new or in place of a former one."""
    values = {"mp4": mp4, "size": len(mp4), "sha256": sha256, "used_at": now}
    statement = insert(videos).values(rollout_id=rollout, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["rollout_id"], set_=values))


async def remove_mp4(connection: AsyncConnection, rollout: str) -> None:
    """Removes the rollout's video; its poster stays."""
    await connection.execute(update(videos).where(videos.c.rollout_id == rollout).values(mp4=None, size=0, sha256=None))


async def put_poster(connection: AsyncConnection, rollout: str, poster: bytes, now: datetime) -> None:
    """The rollout's poster, new or in place of a former one."""
    statement = insert(videos).values(rollout_id=rollout, poster=poster, used_at=now)
    await connection.execute(statement.on_conflict_do_update(index_elements=["rollout_id"], set_={"poster": poster}))


async def find(connection: AsyncConnection, rollout: str) -> VideoFile | None:
    """The rollout's video, without its bytes; None if there is none now."""
    query = select(videos.c.size, videos.c.sha256, videos.c.used_at).where(
        videos.c.rollout_id == rollout, videos.c.size > 0
    )
    return next((VideoFile(*row) for row in await connection.execute(query)), None)


async def read(connection: AsyncConnection, rollout: str, sha256: str, start: int, length: int) -> bytes | None:
    """Bytes `start` to `start + length` of this very video; None if it is there no more."""
    part = func.substring(videos.c.mp4, start + 1, length)
    return await connection.scalar(select(part).where(videos.c.rollout_id == rollout, videos.c.sha256 == sha256))


async def poster(connection: AsyncConnection, rollout: str) -> bytes | None:
    """The rollout's poster."""
    return await connection.scalar(select(videos.c.poster).where(videos.c.rollout_id == rollout))


async def touch(connection: AsyncConnection, rollout: str, now: datetime) -> None:
    """Somebody watches the video."""
    await connection.execute(update(videos).where(videos.c.rollout_id == rollout).values(used_at=now))


# Videos beyond the quota, counted from the one used last; the one that was just stored always stays.
EVICT = text(
    """
    UPDATE videos SET mp4 = NULL, size = 0, sha256 = NULL
    WHERE rollout_id IN (
        SELECT rollout_id FROM (
            SELECT rollout_id, sum(size) OVER (ORDER BY rollout_id = :kept DESC, used_at DESC, rollout_id) AS total
            FROM videos WHERE size > 0
        ) AS used
        WHERE total > :quota AND rollout_id <> :kept
    )
    RETURNING rollout_id
    """
)


async def evict(connection: AsyncConnection, quota: int, kept: str) -> list[str]:
    """Removes the least recently used videos until all together have at most `quota` bytes. Gives whose they were."""
    return list(await connection.scalars(EVICT, {"quota": quota, "kept": kept}))
