"""What happened, numbered, for those who watch: the source of `/live`."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

KEPT_EVENTS = 2000
"""How far back a watcher that was cut off can catch up."""
QUEUED_EVENTS = 1000
"""How far behind a watcher may fall before it is dropped."""

TOPICS = ("runs", "workers", "policies", "jobs", "rollouts")
"""What watchers may subscribe to, beside single runs."""


@dataclass(frozen=True)
class Event:
    """Something that happened. `payload` is JSON-ready; (epoch, n) orders all events of all masters."""

    epoch: int
    n: int
    topics: frozenset[str]
    type: str
    payload: dict[str, Any]

    def message(self) -> dict[str, Any]:
        """The event as `/live` sends it."""
        return {"type": self.type, "epoch": self.epoch, "n": self.n, **self.payload}


class TooSlow(Exception):
    """The watcher fell too far behind: connect again and catch up."""


class Subscription:
    """One watcher's queue of events."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue(QUEUED_EVENTS)
        self._overflown = False

    async def next(self) -> Event:
        """The next event, awaited.

        Raises:
            TooSlow: events were lost, since they were not fetched in time.
        """
        if self._overflown:
            raise TooSlow(TooSlow.__doc__)
        return await self._events.get()

    def offer(self, event: Event) -> None:
        """Puts an event in the queue, or marks the watcher as too slow."""
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            self._overflown = True


class EventLog:
    """The last events and those who watch. `epoch`: the master's; `n`: number of the newest event."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.n = 0
        self.trouble: str | None = None
        """What is the matter with the database now, as watchers know it."""
        self._kept: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._newest: dict[str, int] = {}
        """Number of the newest whole picture of each type."""
        self._subscriptions: set[Subscription] = set()

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._subscriptions)

    def publish(self, topics: Iterable[str], type: str, **payload: Any) -> Event:
        """Numbers the event and gives it to all watchers; each picks its topics."""
        self.n += 1
        event = Event(self.epoch, self.n, frozenset(topics), type, payload)
        self._kept.append(event)
        for subscription in self._subscriptions:
            subscription.offer(event)
        return event

    def publish_whole(self, topics: Iterable[str], type: str, **payload: Any) -> Event:
        """Publishes a whole picture: those of the same type before it tell nothing more, and are not kept."""
        place = len(self._kept) - 1 - (self.n - self._newest.get(type, 0))
        if type in self._newest and place >= 0:
            self._kept[place] = replace(self._kept[place], topics=frozenset(), payload={})
        event = self.publish(topics, type, **payload)
        self._newest[type] = event.n
        return event

    def tell_trouble(self, reason: str | None) -> None:
        """Tells everybody what is the matter with the database, or (None) that nothing is any more."""
        if reason != self.trouble:
            self.trouble = reason
            self.publish(TOPICS, "trouble.changed", trouble=reason)

    def since(self, epoch: int, n: int) -> list[Event] | None:
        """The events after (epoch, n); None when they are not all known: fetch everything afresh."""
        missed = self.n - n
        if epoch != self.epoch or missed < 0 or missed > len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - missed :]

    def subscribe(self) -> Subscription:
        """Begins to watch. End with `unsubscribe`."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Ends watching."""
        self._subscriptions.discard(subscription)
