"""Masters on a real database, with a clock that stands still until a test moves it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from server.service.leadership import SILENCE_SECONDS
from server.service.master import Master
from server.storage.database import Storage
from tests.clock import FakeClock
from tests.database import age_heartbeat


@dataclass(frozen=True)
class TestSettings:
    """What the master reads of its settings."""

    __test__ = False
    lease_seconds: float = 30.0
    batch_seconds: float = 5.0
    wait_seconds: float = 20.0
    video_quota_mb: int = 2000
    library_share: float = 0.1
    recheck: bool = False
    """Off, where the clock stands still: a worker that a test has forgotten counts as present for ever."""
    core_hour_price: float | None = None


@dataclass
class Masters:
    """Starts masters on one database and stops them at the end."""

    database_url: str
    clock: FakeClock
    settings: TestSettings = field(default_factory=TestSettings)
    replaced: list[Master] = field(default_factory=list)
    _started: list[tuple[Master, Storage]] = field(default_factory=list)

    def build(self, connections: int) -> Master:
        """A master that is not started yet."""
        storage = Storage(self.database_url, connections=connections)
        built = Master(storage, self.clock, self.settings, lambda: self.replaced.append(built))
        self._started.append((built, storage))
        return built

    async def start(self, connections: int = 5) -> Master:
        """A master that leads, or stands by."""
        master = self.build(connections)
        await master.start()
        return master

    async def crash(self, master: Master) -> None:
        """Ends a master as kill -9 does: nothing is stored, nothing is given up; the next one must know it dead."""
        for loop in master._loops:
            loop.cancel()
        await asyncio.gather(*master._loops, return_exceptions=True)
        await master._memory.cancel_tasks()
        storage = next(storage for known, storage in self._started if known is master)
        await storage.close()
        self._started = [(known, storage) for known, storage in self._started if known is not master]
        master._ready = False

    async def restart(self) -> Master:
        """A master after the one before has crashed: as long as its process lives, its silence must be waited for."""
        storage = Storage(self.database_url)
        async with storage.unfenced() as connection:
            await age_heartbeat(connection, SILENCE_SECONDS + 1)
        await storage.close()
        return await self.start()

    async def stop(self) -> None:
        for master, storage in reversed(self._started):
            await master.stop()
            await storage.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def masters(database_url: str, clock: FakeClock) -> AsyncIterator[Masters]:
    masters = Masters(database_url, clock)
    yield masters
    await masters.stop()


@pytest.fixture
async def master(masters: Masters) -> Master:
    """A master that leads."""
    return await masters.start()


@pytest.fixture
async def storage(database_url: str) -> AsyncIterator[Storage]:
    """The database, seen past the master."""
    storage = Storage(database_url)
    yield storage
    await storage.close()
