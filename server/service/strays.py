"""What is stored and not in memory: on its way there, or left out since a commit's answer was lost. Pure."""

from collections.abc import Iterable

STRAY_SECONDS = 30.0
"""What was missed for less may be in the middle of its creation."""


class Strays:
    """Since when each was missed: on the steady clock, for moments of wall clocks lie after a jump."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def overdue(self, missed: Iterable[str], now: float) -> list[str]:
        """Which of those that are missed now have been for so long that nobody else will bring them."""
        self._since = {id: self._since.get(id, now) for id in missed}
        return [id for id, since in self._since.items() if now - since >= STRAY_SECONDS]
