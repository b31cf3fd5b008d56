"""A run that may still go on, as the master holds it: what is stored of it, and what follows from that."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from evolution.architectures import Architecture
from evolution.chains import FORMAT, SeedChain, policy_id
from evolution.configuration import RunConfiguration
from evolution.lineage import Birth, Lineage
from server.service.draws import Draws
from server.service.open_check import OpenCheck
from server.service.open_generation import OpenGeneration, open_generation
from server.service.plausibility import Limits
from server.service.rates import Rate
from server.storage.costs import Spent
from server.storage.generations import Elite
from server.storage.results import Key, Scored
from server.storage.runs import Meter, RunRow

ARCHITECTURE: TypeAdapter[Architecture] = TypeAdapter(Architecture)


class Stopwatch:
    """Wall time without pauses, in seconds; the clock comes in as `now`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def start(self, now: float) -> None:
        """Begins to count, unless it does already."""
        self._since = now if self._since is None else self._since

    def stop(self, now: float) -> None:
        """Counts no further."""
        self._seconds, self._since = self.read(now), None

    def read(self, now: float) -> float:
        """Seconds counted so far."""
        return self._seconds + (now - self._since if self._since is not None else 0.0)


@dataclass(frozen=True)
class Parent:
    """A policy that others are bred from: the key that batches name it by, and its chain."""

    key: str
    seeds: list[int]


@dataclass(eq=False)
class ActiveRun:
    """One run. `row` is what is stored, as of the last change; `lock` serves one change after the other."""

    row: RunRow
    configuration: RunConfiguration
    lineage: Lineage
    carried: Elite | None
    open: OpenGeneration
    stopwatch: Stopwatch
    frame_rate: Rate
    episode_rate: Rate
    spent: Spent
    """By now, for display: what counts is added up from the ledger when a generation closes."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    outdated: bool = False
    """A result is stored that this memory missed: read the open generation again."""
    reopened: bool = False
    """Results were retracted: what is missing of the open generation must be handed out anew."""
    check: OpenCheck | None = None
    """The open generation is complete, but for episodes that are being evaluated again."""
    _journal: list[Key] | None = None
    """What was stored while the open generation is being read."""
    _parents: dict[Birth, Parent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draws = Draws(self.seed, self.lineage)
        self.limits = Limits.of(self.configuration.environment)
        self.architecture = _architecture(self.row)
        """The network, once a worker has described the environment."""

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def state(self) -> str:
        return self.row.state

    @property
    def due(self) -> bool:
        """Whether there is a phase to open, or the generation to close."""
        return self.state == "running" and (self.outdated or (self.open.current.complete and not self.check))

    @property
    def outstanding(self) -> int:
        """Episodes that are wanted now, those in play included; also while nobody is there who could play them."""
        if self.state not in {"waiting", "running"}:
            return 0
        return len(self.check.awaited) if self.check else self.open.current.total - self.open.current.done

    @property
    def seed(self) -> int:
        """The run's seed, uint32."""
        return run_seed(self.configuration)

    def parent(self, birth: Birth) -> Parent:
        """The parent of this birth; worked out once a generation."""
        found = self._parents.get(birth)
        if found is None:
            found = self._parents[birth] = self._describe(birth)
        return found

    def document(self, seeds: list[int]) -> SeedChain:
        """A policy of this run as a document."""
        if self.architecture is None:
            raise ValueError(f"run {self.id} has no network yet")
        return chain(self.configuration, self.architecture, seeds)

    def settle(self, keys: Collection[Key]) -> None:
        """Results are stored; those of another than the open generation change nothing."""
        if self._journal is not None:
            self._journal.extend(keys)
        self.open.settle(keys)

    async def reopen(self, read: Callable[[], Awaitable[list[Scored]]]) -> list[Scored] | None:
        """Finds anew what is done and missing, from what `read` gives; results stored meanwhile are not forgotten.

        Gives what was read if it is the whole generation. What came meanwhile may have completed it too, but is not
        in what was read: then it must be read again.
        """
        self.outdated, self._journal = False, []
        try:
            stored = await read()
            opened = open_generation(self.configuration, self.open.number, self.carried, stored)
        except BaseException:
            self.outdated, self._journal = True, None
            raise
        complete = opened.current.complete
        meanwhile, self._journal = self._journal, None
        self.open = opened
        opened.settle(meanwhile)
        return stored if complete else None

    def adopt(self, other: "ActiveRun") -> None:
        """Becomes what `other` is, which was read afresh."""
        self.replace_row(other.row)
        self.lineage, self.draws = other.lineage, other.draws
        self.open_next(other.open, other.carried)

    def open_next(self, generation: OpenGeneration, carried: Elite | None) -> None:
        """Goes on to the next generation."""
        self.check = None
        self.open, self.carried = generation, carried
        self._parents.clear()

    def reopen_later(self) -> None:
        """Results of the open generation are being retracted: what is known of it holds no longer."""
        self.outdated = self.reopened = True
        self.check = None

    def meter(self, now: float) -> Meter:
        """What the run has used so far."""
        return Meter(self.id, self.open.number, self.open.frames, self.open.steps, self.stopwatch.read(now))

    def replace_row(self, row: RunRow) -> None:
        """Takes over what is stored now."""
        self.row = row
        self.note_spent(row.spent)
        self.configuration = RunConfiguration.model_validate(row.configuration)
        self.architecture = _architecture(row)

    def note_spent(self, spent: Spent) -> None:
        """What the run has spent. It only grows: what was read before a commit may come after it."""
        self.spent = self.spent.at_least(spent)

    def _describe(self, birth: Birth) -> Parent:
        is_carried = self.carried is not None and self.carried.birth == birth
        seeds = self.carried.seeds if self.carried and is_carried else self.lineage.seeds(birth)
        return Parent(policy_id(self.document(seeds)), seeds)


def _architecture(row: RunRow) -> Architecture | None:
    return ARCHITECTURE.validate_python(row.architecture) if row.architecture else None


def run_seed(configuration: RunConfiguration) -> int:
    """The seed that was drawn for the run at its creation."""
    if configuration.seed is None:
        raise ValueError("a stored run has a seed")
    return configuration.seed


def chain(configuration: RunConfiguration, architecture: Architecture, seeds: list[int]) -> SeedChain:
    """The document of a policy with these seeds."""
    return SeedChain(
        format=FORMAT,
        architecture=architecture,
        environment=configuration.environment,
        seeds=seeds,
        power=configuration.mutation_power,
    )


def ended(row: RunRow) -> bool:
    """Whether the run is over."""
    return row.state in {"stopped", "finished", "failed"}
