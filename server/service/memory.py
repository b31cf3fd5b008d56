"""All that a master holds in memory. But for workers and leases it follows from what is stored."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import replace
from secrets import token_hex
from typing import Any, Protocol

from anyio import CapacityLimiter

from server.service.active_run import ActiveRun, ended
from server.service.clock import Clock
from server.service.descriptions import Descriptions
from server.service.errors import DatabaseUnavailable, NotLeading
from server.service.events import EventLog
from server.service.fingerprints import Fingerprints
from server.service.meters import Meters
from server.service.open_jobs import OpenJobs
from server.service.schedule import Schedule
from server.service.strays import Strays
from server.service.troubles import Troubles
from server.service.waiters import Waiters
from server.service.workers import Workers
from server.storage.database import Storage

logger = logging.getLogger(__name__)

ENDED_RUNS_KEPT = 16
"""Ended runs held for what still arrives for them, or for those who look at their individuals."""


class MasterSettings(Protocol):
    """What of the server's settings the master reads."""

    @property
    def lease_seconds(self) -> float: ...

    @property
    def batch_seconds(self) -> float: ...

    @property
    def wait_seconds(self) -> float: ...

    @property
    def video_quota_mb(self) -> int: ...

    @property
    def library_share(self) -> float: ...

    @property
    def recheck(self) -> bool: ...

    @property
    def core_hour_price(self) -> float | None: ...


class Memory:
    """What the use cases share."""

    def __init__(
        self, storage: Storage, clock: Clock, settings: MasterSettings, on_replaced: Callable[[], None]
    ) -> None:
        self.storage = storage
        self.clock = clock
        self.settings = settings
        self.epoch = 0
        self.events = EventLog(0)
        self.troubles = Troubles(self.events)
        self.schedule = Schedule(settings.lease_seconds, settings.batch_seconds)
        self.jobs = OpenJobs(settings.lease_seconds, settings.batch_seconds, settings.library_share)
        self.workers = Workers(clock)
        self.waiters = Waiters()
        self.meters = Meters()
        self.descriptions = Descriptions()
        self.fingerprints = Fingerprints()
        self.exports = CapacityLimiter(1)
        """Of policies with their weights."""
        self.runs: dict[str, ActiveRun] = {}
        self.ended: OrderedDict[str, ActiveRun] = OrderedDict()
        self.stray_runs, self.stray_jobs = Strays(), Strays()
        self.changed: set[str] = set()
        """Runs of which watchers have not been told yet."""
        self.salt = token_hex()
        """By it alone the results are chosen that are evaluated again without need: nobody foresees them."""
        self.ledger = asyncio.Lock()
        """Held while results are stored, and while those of a worker are retracted: not one comes after."""
        self.reasons_told: dict[str, str | None] = {}
        """Why runs that could go on do not, as watchers know it."""
        self.workers_told: list[dict[str, Any]] = []
        """The workers as watchers know them."""
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._on_replaced = on_replaced

    def remember(self, run: ActiveRun) -> None:
        """Holds the run: as long as it may go on, else while it is among the last ended ones that were asked for."""
        self.runs.pop(run.id, None)
        self.ended.pop(run.id, None)
        if not ended(run.row):
            self.runs[run.id] = run
            return
        self.ended[run.id] = run
        if len(self.ended) > ENDED_RUNS_KEPT:
            self.ended.popitem(last=False)

    def forget(self, id: str) -> None:
        """The run is gone."""
        if run := self.recall(id):
            # Whoever still holds it must not go on with it.
            run.row = replace(run.row, state="deleted")
        self.schedule.drop(id)
        self.runs.pop(id, None)
        self.ended.pop(id, None)
        self.changed.discard(id)

    def recall(self, id: str) -> ActiveRun | None:
        """The run, if it is held."""
        return self.runs.get(id) or self.ended.get(id)

    def start_task(self, work: Callable[[], Coroutine[Any, Any, None]], action: str) -> None:
        """Lets `work` go on beside the requests. What it cannot do now, the next tick tries again.

        It is called when its turn comes: a task that is cancelled before leaves nothing behind.
        """
        task = asyncio.get_running_loop().create_task(self._watch(work, action))
        self._tasks[task] = action
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def cancel_tasks(self) -> None:
        """Ends such work."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def replaced(self, error: NotLeading) -> None:
        """Another master leads: this one must go."""
        logger.critical("action=master.replaced epoch=%d reason=%s", self.epoch, error)
        self._on_replaced()

    async def _watch(self, work: Callable[[], Coroutine[Any, Any, None]], action: str) -> None:
        try:
            await work()
        except NotLeading as error:
            self.replaced(error)
        except DatabaseUnavailable as error:
            logger.warning("action=%s.postponed reason=%s", action, error)
        except Exception:  # One run's trouble must stay its own: it is logged, and the others go on.
            logger.exception("action=%s.failed", action)
