"""Jobs, rollouts and videos, as the interface calls them."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from server.policy_views import EliteView, JobView, RolloutView
from server.service.ask_jobs import cancel_job, test_policy
from server.service.errors import Conflict
from server.service.job_views import JobState, find_rollout, list_elites, list_jobs, show_job, view_rollout
from server.service.memory import Memory
from server.service.record_rollout import record_policy, remake_video, replace_video
from server.service.show_policy import list_rollouts
from server.service.store_videos import find_video, read_poster, read_video, store_poster, store_video
from server.service.verify_rollout import verify_rollout
from server.storage import rollouts
from server.storage.rollouts import RolloutRow
from server.storage.videos import VideoFile
from server.views import Page


class Recordings:
    """Their use cases. All raise NotLeading unless the master leads."""

    def __init__(self, leading: Callable[[], Memory]) -> None:
        """`leading`: the master's memory; raises NotLeading."""
        self._leading = leading

    async def test_policy(self, id: str, episodes: int, environment: Mapping[str, Any] | None) -> JobView:
        """Raises NotFound, AmbiguousPolicy, InvalidConfiguration, UnknownEnvironment, Conflict."""
        return await test_policy(self._leading(), id, episodes, environment)

    async def record_policy(self, id: str, seed: int | None) -> RolloutView:
        """Raises NotFound, AmbiguousPolicy, UnknownEnvironment, Conflict."""
        return await record_policy(self._leading(), id, seed)

    async def list_jobs(
        self, policy: str | None, state: JobState | None, cursor: str | None, limit: int
    ) -> Page[JobView]:
        """Raises InvalidConfiguration (the cursor)."""
        return await list_jobs(self._leading(), policy, state, cursor, limit)

    async def show_job(self, id: str) -> JobView:
        """Raises NotFound."""
        return await show_job(self._leading(), id)

    async def cancel_job(self, id: str) -> None:
        """Raises NotFound."""
        await cancel_job(self._leading(), id)

    async def show_rollout(self, id: str) -> RolloutView:
        """Raises NotFound."""
        return view_rollout(await find_rollout(self._leading(), id))

    async def list_elites(self, id: str) -> list[EliteView]:
        """Raises NotFound."""
        return await list_elites(self._leading(), id)

    async def list_rollouts(self, id: str) -> list[RolloutView]:
        """Raises NotFound, AmbiguousPolicy."""
        return await list_rollouts(self._leading(), id)

    async def read_actions(self, id: str) -> tuple[RolloutRow, bytes]:
        """A recorded episode and what was chosen in it. Raises NotFound, Conflict (it is not recorded)."""
        memory = self._leading()
        row = await find_rollout(memory, id)
        async with memory.storage.reading() as connection:
            actions = await rollouts.actions(connection, id)
        if actions is None or row.state != "recorded":
            raise Conflict(f"Rollout {id} is not recorded{f': {row.problem}' if row.problem else ' yet'}.")
        return row, actions

    async def verify_rollout(self, id: str) -> JobView:
        """Raises NotFound, UnknownEnvironment, Conflict (it was never recorded, or too many jobs are open)."""
        return await verify_rollout(self._leading(), id)

    async def find_video(self, id: str) -> VideoFile | None:
        """The video, or None if it must be made. Raises NotFound."""
        return await find_video(self._leading(), id)

    async def remake_video(self, id: str) -> RolloutView:
        """Raises NotFound, UnknownEnvironment, Conflict."""
        return await remake_video(self._leading(), id)

    async def replace_video(self, id: str) -> RolloutView:
        """Raises NotFound, UnknownEnvironment, Conflict."""
        return await replace_video(self._leading(), id)

    def read_video(self, id: str, video: VideoFile, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to before `end`. Raises NotFound when it is evicted meanwhile."""
        return read_video(self._leading(), id, video, start, end)

    async def read_poster(self, id: str) -> bytes | None:
        """The poster, or None if it must be made. Raises NotFound."""
        return await read_poster(self._leading(), id)

    async def store_video(self, id: str, content: bytes) -> None:
        """Raises NotFound, DamagedMedia."""
        await store_video(self._leading(), id, content)

    async def store_poster(self, id: str, content: bytes) -> None:
        """Raises NotFound, DamagedMedia."""
        await store_poster(self._leading(), id, content)
