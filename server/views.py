"""What the REST interface shows: the response models of `/api/v1` and the events of `/live`.

Times are UTC. Scores are unclipped game points. Frames are emulator frames with skipped ones, steps are decisions.
"""

from datetime import datetime
from typing import Generic, Literal, TypeVar

from evolution.architectures import Architecture
from evolution.chains import SeedChain
from evolution.configuration import RunConfiguration
from evolution.environments import Environment, EnvironmentDescription
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
    elite_seeds: list[int]
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


class WorkerView(Value):
    """A connected worker, or one that left within the last hour."""

    id: str
    name: str
    host: str
    version: str
    processor: str
    slots: int
    state: Literal["working", "idle", "set aside", "left", "lost"]
    """set aside: it was found wrong, or a person did not want it; it gets no work until a person lets it in again."""
    first_seen_at: datetime
    last_seen_at: datetime
    episodes: int
    frames: int
    frames_per_second: float
    runs: list[WorkerRun]
    environments: int
    refused: int
    """Results of it that cannot be, since it connected: none was stored."""
    reason: str | None
    """Why it was set aside."""


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


class Origin(Value):
    """Where a policy of the library is from: a run (its elite, bred as `index` of `generation`), a file, or here."""

    kind: Literal["run", "imported", "shipped"]
    run: str | None = None
    run_name: str | None = None
    generation: int | None = None
    index: int | None = None


class PolicyScore(ScoreSummary):
    """Scores of one policy made under one protocol: only scores of one protocol may be compared.

    `source`: validation or test within its run, a job that somebody asked for, or scores that came with its document.
    """

    source: Literal["validation", "test", "job", "document"]
    protocol: str
    engine: str | None


class VerificationView(Value):
    """What came of replaying an episode's actions without the network. `problem`: what came out otherwise than stored;
    null: score, steps, frames and final memory were exactly the same."""

    at: datetime
    engine: str | None
    problem: str | None


class RolloutView(Value):
    """One episode, recorded or to be recorded. `label`: why it is kept."""

    id: str
    policy: str
    seed: int
    label: Literal["best", "median", "worst", "asked", "library"]
    state: Literal["waiting", "recorded", "failed"]
    problem: str | None
    environment_id: str
    score: float | None
    steps: int | None
    frames: int | None
    digest: str | None
    engine: str | None
    video: bool
    """Whether its video is there now; GET …/video.mp4 has a missing one made again."""
    poster: bool
    verified: VerificationView | None
    """The last verification; null: there was none of these actions."""
    created_at: datetime


class JobView(Value):
    """A test, a recording or a verification that somebody asked for. Only tests have a `score` that counts."""

    id: str
    kind: Literal["test", "recording", "verification"]
    policy: str
    rollout: str | None
    """What is recorded or verified; null in a test."""
    environment: Environment
    protocol: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    problem: str | None
    done: int
    total: int
    score: ScoreSummary | None
    created_at: datetime


class PolicySummary(Value):
    """A policy of the library in a list. `score`: by its tests, else its validations, else what its document says."""

    id: str
    name: str
    environment: Environment
    architecture: Architecture
    format: str
    length: int
    """Seeds of its chain."""
    origin: Origin
    score: PolicyScore | None
    normalised: float | None
    """Human-normalised mean score, 1 as good as people; null where nobody measured people."""
    tags: list[str]
    created_at: datetime
    rollout: RolloutView | None
    """The recording that stands for it: the median one, else any."""


class Facet(Value):
    """How many policies have a value that a list can be narrowed to. `name`: for people, where it has one."""

    value: str
    name: str | None
    count: int


class PolicyFacets(Value):
    """What a list of policies can be narrowed to: each counted under all filters but its own, the most frequent first
    (runs: the newest), up to 200 of each. `total`: how many policies all filters leave."""

    total: int
    environments: list[Facet]
    origins: list[Facet]
    runs: list[Facet]
    tags: list[Facet]


class Reference(Value):
    """What random play and people score in a game, and who says so."""

    random: float
    human: float
    source: str


class EpisodeScore(Value):
    """One episode of a policy."""

    seed: int
    score: float
    steps: int | None
    """Null: its document does not say; so with frames."""
    frames: int | None
    source: Literal["validation", "test", "job", "document"]
    protocol: str


class PolicyDetail(PolicySummary):
    """A policy whole. `document` is what `policy import` reads."""

    document: SeedChain
    protocol: str
    """How its environment is played; scores made otherwise stand apart."""
    parameters: int
    parameters_sha256: str | None
    """Of the expanded float32 vector, little-endian. Null while it is being worked out, which a long chain's takes some
    seconds (then `policy.changed` is told), and for a chain that would take minutes."""
    chain_bytes: int
    """Four for each seed."""
    weights_bytes: int
    scores: list[PolicyScore]
    episodes: list[EpisodeScore]
    reference: Reference | None
    rollouts: list[RolloutView]
    jobs: list[JobView]


class LineageNode(Value):
    """A beginning that chains share, or a whole chain. `length`: seeds up to here; `parent`: its index in the list."""

    parent: int | None
    length: int
    policies: list[str]
    """Ids of the policies whose chain ends here."""


class Ancestor(Value):
    """A policy on an elite's line of descent: each is the one before with one mutation more."""

    generation: int
    index: int
    fitness: float | None
    validation: ScoreSummary | None
    policy: str | None
    """Its id if it is in the library."""


class EliteRollout(Value):
    """A generation's elite, for the slider of a run's page."""

    generation: int
    policy: str
    mean: float | None
    rollouts: list[RolloutView]
