"""A clock that stands still until a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2030, 1, 1, tzinfo=UTC)


class FakeClock:
    """Time as the test decides. Sleepers wake when it has moved far enough."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._set = timedelta()
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self._seconds) + self._set

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        awake = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._seconds + seconds, awake))
        await awake

    @property
    def sleepers(self) -> int:
        """How many wait for time to pass."""
        return len(self._sleepers)

    def advance(self, seconds: float) -> None:
        """Lets time pass at once."""
        self._seconds += seconds
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._seconds]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._seconds]
        for _, awake in due:
            if not awake.done():
                awake.set_result(None)

    def set(self, seconds: float) -> None:
        """Sets the wall clock forward, or back if negative: no time passes."""
        self._set += timedelta(seconds=seconds)
