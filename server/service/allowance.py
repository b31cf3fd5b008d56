"""How much of the fleet's time one kind of job may take beside the runs. Pure; the clock comes in as `now`."""

MOST_DEBT_SECONDS = 600.0
"""However long an episode turned out to be, the next job of its kind waits until so much time is saved at most."""


class Allowance:
    """Worker-seconds that have been saved up: a share of every second of every slot, up to one batch for each.

    Work may begin while there is any, however long it takes: then its kind is in debt until that is saved again. So
    even in a fleet of two slots a tenth of the time is a whole recording now and then.
    """

    def __init__(self, share: float, batch_seconds: float) -> None:
        """`share`: of the fleet's slots, 0..1. `batch_seconds`: what one slot is given at once."""
        self._share = share
        self._batch_seconds = batch_seconds
        self._balance: float | None = None
        self._read_at = 0.0

    def accrue(self, slots: int, now: float) -> None:
        """Adds what was saved since it was last called."""
        most = self._batch_seconds * max(1.0, self._share * slots)
        if self._balance is None:
            self._balance = most
        else:
            saved = self._share * slots * max(0.0, now - self._read_at)
            self._balance = min(most, self._balance + saved)
        self._read_at = now

    @property
    def is_open(self) -> bool:
        """Whether another batch may begin."""
        return self._balance is not None and self._balance > 0

    def spend(self, seconds: float) -> None:
        """Takes so much off, or puts it back if it is negative."""
        self._balance = max(-MOST_DEBT_SECONDS, (self._balance or 0.0) - seconds)
