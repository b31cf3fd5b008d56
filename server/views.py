"""What the REST interface shows: the response models of `/api/v1` and the events of `/live`.

Times are UTC. Scores are unclipped game points. Frames are emulator frames with skipped ones, steps are decisions.
"""

from datetime import datetime
from typing import Generic, Literal, TypeVar

from evolution.architectures import Architecture
from evolution.chains import SeedChain
from evolution.configuration import RunConfiguration
from evolution.environments import EnvironmentDescription
from evolution.model import Value

Item = TypeVar("Item")
RunState = Literal["waiting", "running", "paused", "stopped", "finished", "failed"]
"""waiting: no connected worker can play it yet; running with a `state_reason`: nobody plays it now, and why (it goes on
by itself once a worker can); stopped: by a person, for good; finished: its budget is spent;
failed: its environment fits no policy (`state_reason` says why)."""


class Listing(Value, Generic[Item]):
    """All there is."""

    items: list[Item]


class Page(Listing[Item], Generic[Item]):
    """A part of a list. `next_cursor` leads to the next part; null at the end."""

    next_cursor: str | None = None


class ScoreSummary(Value):
    """Scores of several episodes of one policy. `distinct`: how many different episodes (by digest) were among them."""

    mean: float
    sd: float | None
    n: int
    distinct: int


class Progress(Value):
    """Where the open generation stands."""

    generation: int
    phase: Literal["evaluation", "validation", "test"]
    done: int
    total: int
    frames_per_second: float
    seconds_left: float | None


class RunCost(Value):
    """What workers' time on a run's results cost, US dollars: late and retracted results and second evaluations too.

    A worker's time costs what it told for an hour of a core, else what the server is set to, for all that such workers
    ever played. Not in it are workers that wait, work that was lost or that two did at once, the server, tests and
    recordings.
    """

    dollars: float
    forecast: float | None
    """An estimate of `dollars` at the end of its budget, if it goes on as so far; null where none can be made."""
    score_per_dollar: float | None
    """`best` by `dollars`; null without both, and where it is not above zero."""


class RunSummary(Value):
    """A run in a list."""

    id: str
    name: str
    state: RunState
    state_reason: str | None
    environment_id: str
    architecture_name: str
    preset: str | None
    """The preset that its configuration was made from, or its origin's if it is a clone; null: none."""
    generation: int
    frames: int
    steps: int
    active_seconds: float
    best: float | None
    """The highest that an elite was ever validated at; without validation, its fitness."""
    best_elite: ScoreSummary | None
    """The validation that gave `best`; null without validation."""
    elite: ScoreSummary | None
    """The newest elite's validation; null without validation."""
    mean: float | None
    """Mean fitness of the newest closed generation's population."""
    created_at: datetime
    finished_at: datetime | None
    progress: Progress | None
    cost: RunCost | None = None
    """Null where no price for a core-hour is known (NEUROEVO_CORE_HOUR_PRICE)."""
    sparkline: list[float]
    """Best validated elite of up to 60 generations, evenly thinned."""
    playable: bool | None = None
    """Of a run that has not ended: whether a connected worker has the engine it is bound to. Null while none can make
    its environment at all, and before the run is bound to one."""


class RunDetail(RunSummary):
    """A run whole. `architecture`, `engine` and `description` are null until a worker has described its environment."""

    configuration: RunConfiguration
    architecture: Architecture | None
    engine: str | None
    description: EnvironmentDescription | None
    cloned_from: str | None


class GenerationView(Value):
    """One closed generation: statistics of its evaluation scores, and its elite."""

    number: int
    closed_at: datetime
    frames: int
    """Cumulative budget frames at its close."""
    seconds: float
    """Cumulative wall time without pauses at its close."""
    cost: float | None = None
    """Cumulative cost at its close, US dollars, as `RunCost.dollars`."""
    episodes: int
    best: float
    mean: float
    median: float
    sd: float
    quartile_low: float
    quartile_high: float
    worst: float
    elite_index: int
    elite_born: tuple[int, int]
    """(generation, index) in which the elite was bred; differs from its place here when it was carried."""
    elite_carried: bool
    elite_length: int | None
    """Seeds in its chain."""
    elite_seeds: list[int] | None
    """Null where chains were left out."""
    validation: ScoreSummary | None
    test: ScoreSummary | None
    late: int
    confirmed: int | None = None
    """Of the episodes that its selection rests on, those that two workers found the same; null where nobody asked."""
    unconfirmed: int | None = None
    """Those that no second worker was there for."""


class IndividualView(Value):
    """One individual of a generation, with its parent (generation, index as bred) and its newest seed."""

    index: int
    parent: tuple[int, int] | None
    seed: int | None
    carried: bool
    fitness: float | None
    evaluation: ScoreSummary | None
    validation: ScoreSummary | None
    test: ScoreSummary | None
    rank: int | None
    selected: bool
    elite: bool
    seeds: list[int] | None
    """The whole chain; given for parents and the elite."""


class WorkerRun(Value):
    run: str
    name: str
    episodes_leased: int


WorkerState = Literal["working", "idle", "set aside", "left", "preempted", "crashed", "lost"]
"""set aside: it was found wrong, or a person did not want it; it gets no work until a person lets it in again."""


class WorkerView(Value):
    """A connected worker, or one that left within the last hour."""

    id: str
    name: str
    host: str
    version: str
    processor: str
    slots: int
    state: WorkerState
    first_seen_at: datetime
    last_seen_at: datetime
    episodes: int
    frames: int
    frames_per_second: float
    runs: list[WorkerRun]
    environments: int
    refused: int
    """Results of it that cannot be, since it connected: none was stored."""
    handed_back: int
    """Episodes that it had not played when it said goodbye: others play them."""
    reason: str | None
    """Why it was set aside, why it crashed if it could say so, or why it can play none of the runs that go on."""


class RefusedView(Value):
    """Workers of one address that were not let in within the last hour. `at`: the last time; `reason`: what to do."""

    address: str
    reason: str
    at: datetime
    times: int


class EnvironmentView(Value):
    """An environment that connected workers announce."""

    id: str
    family: Literal["atari", "vector"]
    workers: int
    description: EnvironmentDescription | None


class PolicyView(Value):
    """A policy of a run, ranked by its test mean, else its validation mean; `document` is what `policy import` reads.

    `policy`: its public id. `protocol`: how the scores were made, so that only like is compared with like. `born`:
    (generation, index) in which it was bred.
    """

    policy: str
    document: SeedChain
    mean: float
    n: int
    sd: float | None
    distinct: int
    phase: Literal["test", "validation"]
    protocol: str
    engine: str
    born: tuple[int, int]
    run: str
