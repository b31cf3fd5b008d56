"""What the interface shows of policies: their scores, recordings, jobs and descent."""

from datetime import datetime
from typing import Literal

from evolution.architectures import Architecture
from evolution.chains import SeedChain
from evolution.environments import Environment
from evolution.model import Value
from server.views import ScoreSummary


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


class EliteView(Value):
    """A generation's elite. `mean`: of its validation, else its fitness; `recordings`: how many it has or waits for."""

    generation: int
    policy: str
    mean: float | None
    recordings: int
