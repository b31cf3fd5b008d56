"""Videos on their way to the server: kept until their results are committed, then sent; lost ones are made again."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping
from uuid import UUID

from evolution.messages import Outcome
from worker.journal import line, logger
from worker.orders import Recording
from worker.server import Refused, Server, ServerUnreachable

MOST_BYTES = 2**28
"""Of videos that wait, be it for their results or for their turn; beyond it the oldest are dropped."""
AT_ONCE = 2
"""So many are sent at a time: the line is shared with results, and each is held in memory until it is sent."""
TRIES = 4
FIRST_PAUSE_SECONDS = 1.0
"""Before the second try; doubled each time."""


class Uploads:
    """Recordings by the submission that their results came in, then in a line of their own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._uncommitted: OrderedDict[UUID, list[Recording]] = OrderedDict()
        self._ready: deque[Recording] = deque()
        self._senders = 0

    def hold(self, submission: UUID, recordings: list[Recording]) -> None:
        """Keeps them until the submission is committed."""
        if recordings:
            self._uncommitted[submission] = recordings
            self._bound()

    def release(self, outcomes: Mapping[UUID, Outcome]) -> bool:
        """Lets those be sent whose results are committed and forgets those that nobody wants. Gives whether any wait
        to be sent."""
        found = [(self._uncommitted.pop(name, []), outcome) for name, outcome in outcomes.items()]
        self._ready += [recording for recordings, outcome in found if not outcome.unwanted for recording in recordings]
        return bool(self._ready)

    async def send(self) -> None:
        """Sends what waits, unless enough others do so already."""
        if self._senders == AT_ONCE:
            return
        self._senders += 1
        try:
            while self._ready:
                await self._send(self._ready.popleft())
        finally:
            self._senders -= 1

    def _bound(self) -> None:
        left = sum(map(_size, self._ready)) + sum(sum(map(_size, each)) for each in self._uncommitted.values())
        while left > MOST_BYTES and len(self._ready) + len(self._uncommitted) > 1:
            dropped = [self._ready.popleft()] if self._ready else self._uncommitted.popitem(last=False)[1]
            left -= sum(map(_size, dropped))
            logger.warning(line("videos-dropped", rollouts=[recording.rollout for recording in dropped]))

    async def _send(self, recording: Recording) -> None:
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


def _size(recording: Recording) -> int:
    return len(recording.video) + len(recording.poster)
