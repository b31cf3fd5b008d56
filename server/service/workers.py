"""Who works: connected workers, known by what they say and when they said it. In memory only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from evolution.messages import Announcement, Farewell, WorkerIdentity
from server.service.clock import Clock
from server.service.rates import Rate
from server.storage.exclusions import Exclusion

LOST_SECONDS = 45.0
"""Silence after which a worker counts as lost: longer than a lease and than the longest wait for work."""
REMEMBERED_SECONDS = 3600.0
"""How long a worker that left or was lost is still shown."""
MOST_GONE = 10_000
"""So many of them, the last: nobody fills the memory by coming under ever new names."""


@dataclass(eq=False)
class Worker:
    """One worker. `seen`: monotonic seconds of its last request; `open_requests`: those that it waits in now."""

    id: UUID
    name: str
    announcement: Announcement
    engines: Mapping[str, str]
    """Environment id to engine; one object for all workers that announce the same."""
    first_seen_at: datetime
    last_seen_at: datetime
    seen: float
    frame_rate: Rate
    open_requests: int = 0
    state: Literal["connected", "lost"] | Farewell = "connected"
    """Silent for too long makes it lost; it crashed by its own word, or if another of its name came instead."""
    handed_back: int = 0
    """Episodes that it had not played when it last said goodbye."""
    crash: str | None = None
    """Why it crashed, by its own word."""
    episodes: int = 0
    frames: int = 0
    refused: int = 0
    """Results that cannot be."""
    exclusion: Exclusion | None = None
    """Why it was set aside, if it was."""
    has_stored_price: bool = False
    """Its price for a core-hour is in the database."""
    counted_slots: int = 0
    """Those of it that are in the fleet's sum."""


@dataclass
class Workers:
    """All workers of the last hour."""

    clock: Clock
    _known: dict[UUID, Worker] = field(default_factory=dict)
    _newest: dict[tuple[str, str], Worker] = field(default_factory=dict)
    """By name and host: who was started there last."""
    _engine_sets: dict[frozenset[tuple[str, str]], Mapping[str, str]] = field(default_factory=dict)
    _slots: int = 0
    _announced: dict[str, Counter[str]] | None = None
    _excluded: list[Exclusion] = field(default_factory=list)

    @property
    def slots(self) -> int:
        """Evaluation processes of all workers that serve."""
        return self._slots

    def greet(self, identity: WorkerIdentity, announcement: Announcement | None) -> Worker | None:
        """The worker that asks; None if it is unknown and did not announce itself."""
        worker = self._known.get(identity.id)
        if announcement is not None:
            worker = self._enrol(identity, announcement, worker)
        elif worker is not None and worker.state != "connected":
            worker.state = "connected"
            self._recount(worker)
        self.touch(identity.id)
        return worker

    def touch(self, id: UUID) -> None:
        """The worker was heard of, be it by hanging up."""
        if worker := self._known.get(id):
            worker.last_seen_at, worker.seen = self.clock.now(), self.clock.monotonic()

    def find(self, id: UUID) -> Worker | None:
        """The worker with this id, connected or not."""
        return self._known.get(id)

    def name_of(self, id: UUID) -> str:
        """What it is called; its id if it is forgotten."""
        known = self._known.get(id)
        return known.name if known else str(id)

    def has_stored_price(self, id: UUID) -> bool:
        """Whether the worker's price is known to be stored."""
        known = self._known.get(id)
        return known is not None and known.has_stored_price

    def note_prices(self, stored: Iterable[UUID]) -> None:
        """The prices of these are stored."""
        for id in stored:
            if known := self._known.get(id):
                known.has_stored_price = True

    def leave(self, id: UUID, why: Farewell = "left", handed_back: int = 0, reason: str | None = None) -> None:
        """The worker said goodbye."""
        if worker := self._known.get(id):
            worker.state, worker.handed_back, worker.crash = why, handed_back, reason
            self._recount(worker)

    def reap(self) -> list[Worker]:
        """Marks silent workers as lost, or crashed, and gives them; forgets those that were gone for an hour."""
        now = self.clock.monotonic()
        lost = [worker for worker in self.connected() if not worker.open_requests and now - worker.seen > LOST_SECONDS]
        for worker in lost:
            worker.state = "lost" if self._newest.get(_place(worker)) is worker else "crashed"
        gone = [worker for worker in self._known.values() if worker.state != "connected" and worker.exclusion is None]
        gone.sort(key=lambda worker: worker.seen)
        surplus = len(gone) - MOST_GONE
        forgotten = [
            worker for place, worker in enumerate(gone) if place < surplus or now - worker.seen > REMEMBERED_SECONDS
        ]
        self._forget(forgotten)
        if lost:
            self._recount(*lost)
        return lost

    def all(self) -> list[Worker]:
        """All that are remembered, by name."""
        return sorted(self._known.values(), key=lambda worker: (worker.name, worker.first_seen_at, worker.id))

    def connected(self) -> list[Worker]:
        """Those that are there."""
        return [worker for worker in self._known.values() if worker.state == "connected"]

    def serving(self) -> list[Worker]:
        """Those that are there and were not set aside."""
        return [worker for worker in self.connected() if worker.exclusion is None]

    def players(self, environment: str, engine: str, silence: float) -> list[Worker]:
        """Those that can play the environment on this engine and wait for work, or were heard of within `silence` s."""
        since = self.clock.monotonic() - silence
        heard = (worker for worker in self.serving() if worker.open_requests or worker.seen >= since)
        return [worker for worker in heard if worker.engines.get(environment) == engine]

    def exclude(self, excluded: Iterable[Exclusion]) -> None:
        """These count as set aside from now on, and no others."""
        self._excluded = list(excluded)
        for worker in self._known.values():
            worker.exclusion = self._exclusion_of(worker.id, worker)
        self._recount(*self._known.values())

    def exclusion_of(self, id: UUID) -> Exclusion | None:
        """Why this worker, known or not, was set aside, if it was."""
        return self._exclusion_of(id, self._known.get(id))

    def announced(self) -> Mapping[str, Counter[str]]:
        """For each environment id that workers that serve can make: its engines, each with their slots."""
        if self._announced is None:
            self._announced = self._add_up()
        return self._announced

    def can_play(self, environment: str, engine: str) -> bool:
        """Whether a connected worker has this engine."""
        return engine in self.announced().get(environment, ())

    def _add_up(self) -> dict[str, Counter[str]]:
        slots: Counter[int] = Counter()
        sets: dict[int, Mapping[str, str]] = {}
        for worker in self.serving():
            slots[id(worker.engines)] += worker.announcement.slots
            sets[id(worker.engines)] = worker.engines
        announced: dict[str, Counter[str]] = {}
        for key, engines in sets.items():
            for environment, engine in engines.items():
                announced.setdefault(environment, Counter())[engine] += slots[key]
        return announced

    def _enrol(self, identity: WorkerIdentity, announcement: Announcement, known: Worker | None) -> Worker:
        engines = self._engine_sets.setdefault(frozenset(announcement.engines.items()), announcement.engines)
        # The announcement's own copy of a long list is let go: thousands of workers share one.
        slim = announcement.model_copy(update={"engines": engines})
        if known is None:
            now, monotonic = self.clock.now(), self.clock.monotonic()
            known = Worker(identity.id, identity.name, slim, engines, now, now, monotonic, Rate(monotonic))
            self._known[identity.id] = known
            self._succeed(known)
        known.name, known.announcement, known.engines, known.state = identity.name, slim, engines, "connected"
        known.exclusion = self._exclusion_of(identity.id, known)
        self._recount(known)
        return known

    def _succeed(self, worker: Worker) -> None:
        """Whoever had its name on its host and fell silent without a goodbye was started again: it has crashed."""
        before = self._newest.get(place := _place(worker))
        if before is not None and before.state == "lost":
            before.state = "crashed"
        self._newest[place] = worker

    def _forget(self, workers: Sequence[Worker]) -> None:
        for worker in workers:
            del self._known[worker.id]
            if self._newest.get(place := _place(worker)) is worker:
                del self._newest[place]
        if workers:
            used = {id(worker.engines) for worker in self._known.values()}
            self._engine_sets = {names: engines for names, engines in self._engine_sets.items() if id(engines) in used}

    def _exclusion_of(self, id: UUID, known: Worker | None) -> Exclusion | None:
        # A worker that is started again draws another id; a name that somebody chose, and its host, stay.
        place = _place(known) if known else None
        return next((one for one in self._excluded if one.worker == id or (one.name, one.host) == place), None)

    def _recount(self, *changed: Worker) -> None:
        """These came, went or changed. Only their slots are counted anew: an arrival must not cost a look at all."""
        for worker in changed:
            serves = worker.state == "connected" and worker.exclusion is None
            slots = worker.announcement.slots if serves else 0
            self._slots += slots - worker.counted_slots
            worker.counted_slots = slots
        self._announced = None


def _place(worker: Worker) -> tuple[str, str]:
    return worker.name, worker.announcement.host
