"""Workers that were not let in: they have no row of their own, and yet somebody waits for them. In memory only."""

import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

from server.service.clock import Clock

logger = logging.getLogger(__name__)

MOST = 100
"""Addresses with their reasons; beyond it those are forgotten that were refused the longest ago."""
REMEMBERED_SECONDS = 3600.0


@dataclass(frozen=True)
class Refusal:
    """Why workers of one address are refused. `seen`: monotonic seconds of the last time."""

    address: str
    reason: str
    at: datetime
    seen: float
    times: int


class Refusals:
    """Those of the last hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: OrderedDict[tuple[str, str], Refusal] = OrderedDict()

    def note(self, address: str, reason: str) -> None:
        """A worker was refused. `reason`: what to do, and never a token."""
        fresh = Refusal(address, reason, self._clock.now(), self._clock.monotonic(), 1)
        before = self._found.pop((address, reason), None)
        if before is None:
            logger.warning("action=worker.refuse address=%s reason=%s", address, reason)
        self._found[address, reason] = replace(fresh, times=before.times + 1) if before else fresh
        if len(self._found) > MOST:
            self._found.popitem(last=False)

    def recent(self) -> list[Refusal]:
        """The last one first."""
        since = self._clock.monotonic() - REMEMBERED_SECONDS
        return [refusal for refusal in reversed(self._found.values()) if refusal.seen >= since]
