"""How fast something goes: an amount per second over the recent past."""

from collections import deque

WINDOW_SECONDS = 30


class Rate:
    """Amount per second over the last half minute, counted in whole seconds so that it stays small."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._buckets: deque[tuple[int, float]] = deque()
        self._sum = 0.0

    def add(self, amount: float, now: float) -> None:
        """Takes note of an amount at the moment `now` (monotonic seconds)."""
        second = int(now)
        if self._buckets and self._buckets[-1][0] == second:
            amount_before = self._buckets.pop()[1]
            self._buckets.append((second, amount_before + amount))
        else:
            self._buckets.append((second, amount))
        self._sum += amount
        self._forget(now)

    def value(self, now: float) -> float:
        """The amount per second up to `now`."""
        self._forget(now)
        return self._sum / min(WINDOW_SECONDS, max(now - self._since, 1.0))

    def _forget(self, now: float) -> None:
        while self._buckets and self._buckets[0][0] <= now - WINDOW_SECONDS:
            self._sum -= self._buckets.popleft()[1]
        if not self._buckets:
            self._sum = 0.0
