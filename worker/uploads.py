"""Videos on their way to the server: kept until their results are committed, then sent; lost ones are made again."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from uuid import UUID

from evolution.messages import Outcome
from worker.journal import line, logger
from worker.orders import Recording
from worker.server import Refused, Server, ServerUnreachable

MOST_BYTES = 2**28
"""Of videos that wait; beyond it the oldest are dropped."""
TRIES = 4
FIRST_PAUSE_SECONDS = 1.0
"""Before the second try; doubled each time."""


class Uploads:
    """Recordings by the submission that their results came in."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._waiting: OrderedDict[UUID, list[Recording]] = OrderedDict()

    def hold(self, submission: UUID, recordings: list[Recording]) -> None:
        """Keeps them until the submission is committed."""
        if not recordings:
            return
        self._waiting[submission] = recordings
        while len(self._waiting) > 1 and sum(map(_size, self._waiting.values())) > MOST_BYTES:
            _, dropped = self._waiting.popitem(last=False)
            logger.warning(line("videos-dropped", rollouts=[recording.rollout for recording in dropped]))

    def release(self, outcomes: Mapping[UUID, Outcome]) -> list[Recording]:
        """Those that may be sent now; those that nobody wants are forgotten."""
        found = [(self._waiting.pop(name, []), outcome) for name, outcome in outcomes.items()]
        return [recording for recordings, outcome in found if not outcome.unwanted for recording in recordings]

    async def send(self, recording: Recording) -> None:
        """Poster, then video; after some tries it is dropped, and made again when somebody wants to see it."""
        for name, kind, content in (
            ("poster.jpg", "image/jpeg", recording.poster),
            ("video.mp4", "video/mp4", recording.video),
        ):
            if not await self._put(f"rollouts/{recording.rollout}/{name}", kind, content):
                return

    async def _put(self, path: str, kind: str, content: bytes) -> bool:
        reason = ""
        for number in range(TRIES):
            if number:
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 2 ** (number - 1))
            try:
                await self._server.put(path, kind, content)
            except ServerUnreachable as error:
                reason = str(error)
            except Refused as error:
                reason = str(error)
                break
            else:
                return True
        logger.warning(line("upload-dropped", path=path, size=len(content), reason=reason))
        return False


def _size(recordings: list[Recording]) -> int:
    return sum(len(recording.video) + len(recording.poster) for recording in recordings)
