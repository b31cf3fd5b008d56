"""With a server that does not answer: pauses that grow, and two lines in the log."""

import asyncio
import random

from worker.journal import line, logger

SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 15.0


class Patience:
    """Counts requests in a row without an answer."""

    def __init__(self, url: str) -> None:
        self._url, self._failures = url, 0

    def note_answer(self) -> None:
        """The server has answered."""
        if self._failures > 1:
            logger.warning(line("server-back", url=self._url))
        self._failures = 0

    async def wait(self, reason: str) -> None:
        """It has not, for this reason."""
        self._failures += 1
        if self._failures == 2:
            logger.warning(line("server-unreachable", url=self._url, reason=reason))
        await asyncio.sleep(pause_seconds(self._failures, random.random()))


def pause_seconds(failures: int, chance: float) -> float:
    """How long to wait after so many failures in a row. `chance`, in [0, 1), keeps workers from coming all at once."""
    longest = min(LONGEST_PAUSE_SECONDS, SHORTEST_PAUSE_SECONDS * 2.0 ** min(failures, 10))
    return longest * (0.5 + chance / 2)
