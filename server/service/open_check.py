"""A complete generation's episodes that are being evaluated again: by whom they may be, and which are still awaited."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from uuid import UUID

from server.service.supply import Task

Bars = Mapping[Task, frozenset[UUID]]
"""Episodes, each with the workers that may not play it."""


class OpenCheck:
    """Of one run's open generation. `disputed`: those where workers disagree, so that the generation cannot close."""

    def __init__(self, awaited: Bars, disputed: frozenset[Task]) -> None:
        self.disputed = disputed
        self._awaited = dict(awaited)

    def __bool__(self) -> bool:
        """Whether anything is awaited."""
        return bool(self._awaited)

    @property
    def awaited(self) -> Bars:
        """What nobody has evaluated since this began."""
        return self._awaited

    def wants(self, task: Task, worker: UUID) -> bool:
        """Whether the worker's word on the episode is news."""
        return worker not in self._awaited.get(task, {worker})

    def note(self, task: Task) -> None:
        """Somebody's word is stored."""
        self._awaited.pop(task, None)

    def is_stuck(self, can_play: Callable[[frozenset[UUID]], bool]) -> bool:
        """Whether an undisputed episode waits for a worker that is not there. `can_play`: whether one but these is."""
        return any(task not in self.disputed and not can_play(barred) for task, barred in self._awaited.items())

    def blocked(self, can_play: Callable[[frozenset[UUID]], bool]) -> Task | None:
        """A disputed one that does, if there is any."""
        lonely = (task for task, barred in self._awaited.items() if not can_play(barred))
        return next((task for task in lonely if task in self.disputed), None)

    def supply(self) -> "CheckSupply":
        """What is awaited, as of now, for the schedule."""
        return CheckSupply(self._awaited)


class CheckSupply:
    """As `server.service.supply.Supply`."""

    def __init__(self, awaited: Bars) -> None:
        self._open = dict.fromkeys(awaited)
        self._rest = (task for task in list(awaited) if task in self._open)

    @property
    def left(self) -> float:
        """As `Supply`."""
        return len(self._open)

    def wants(self, task: Task) -> bool:
        """As `Supply`."""
        return task in self._open

    def settle(self, tasks: Iterable[Task]) -> None:
        """As `Supply`."""
        for task in tasks:
            self._open.pop(task, None)

    def __iter__(self) -> Iterator[Task]:
        return self._rest
