"""What keeps the database from doing what it is asked: known from what failed, told to all who watch."""

from server.service.errors import DatabaseUnavailable, Overloaded
from server.service.events import EventLog

FORGET_SECONDS = 30.0
"""Workers try again after 15 s at most: what has not failed for so long is over, or nobody asks for it any more."""


class Troubles:
    """The last failure of each kind of work that has not come through since."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._found: dict[str, tuple[str, float]] = {}

    def note(self, work: str, error: DatabaseUnavailable, now: float) -> None:
        """`work` has failed. That more comes than the database takes is no trouble of its own."""
        if not isinstance(error, Overloaded):
            self._found.pop(work, None)
            self._found[work] = (str(error), now)
            self._tell()

    def end(self, work: str) -> None:
        """`work` has come through."""
        if self._found.pop(work, None):
            self._tell()

    def expire(self, now: float) -> None:
        """Forgets what has not failed again."""
        for work in [work for work, (_, noted) in self._found.items() if now - noted > FORGET_SECONDS]:
            self.end(work)

    def _tell(self) -> None:
        newest = [reason for reason, _ in self._found.values()][-1:]
        self._events.tell_trouble(newest[0] if newest else None)
