"""What server and worker say to each other: `POST /api/v1/batches`, `/batches/extend` and `/batches/release`.

The worker asks, the server answers; the worker opens no port. Every number is finite, every list bounded.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Base64Bytes, ConfigDict, Field, JsonValue

from evolution.architectures import Architecture
from evolution.configuration import UINT32_MAX
from evolution.environments import Engine, Environment, EnvironmentDescription
from evolution.model import Value

PROTOCOL = 1
"""Version of this protocol. A worker of another one is refused with a clear message."""

Seed = Annotated[int, Field(ge=0, le=UINT32_MAX)]
LARGEST_SCORE = 1e100
"""Of either sign. No game comes near it; the square of a much larger one, of which spreads are made, is endless."""
Score = Annotated[float, Field(ge=-LARGEST_SCORE, le=LARGEST_SCORE)]


class Phase(IntEnum):
    """Why an episode is played (GENOME.md, "Episode")."""

    EVALUATION = 0
    VALIDATION = 1
    TEST = 2


class WorkerIdentity(Value):
    """Who asks. `id` is drawn at each start of a worker; `name` is for people (host and number)."""

    id: UUID
    name: str = Field(min_length=1, max_length=100)
    core_hour_price: float | None = Field(
        None, ge=0, le=1000, description="What an hour of one core of its machine costs, US dollars; else the server's."
    )


class Announcement(Value):
    """What a worker can do: said at its first request and whenever the server asks again."""

    host: str = Field(max_length=200)
    version: str = Field(max_length=100, description="The product's version.")
    slots: int = Field(ge=1, le=4096, description="Evaluation processes.")
    processor: str = Field(max_length=200, description="Model of the CPU.")
    engines: dict[Annotated[str, Field(max_length=200)], Engine] = Field(
        max_length=5000, description="For each environment id that the worker can make, the engine its scores rest on."
    )


@dataclass(slots=True)
class Episode:
    """One episode to play: individual `index` of `generation`, bred from `parent` by the seed `mutation`.

    The individual's chain is the parent's chain (none in generation 0) followed by `mutation` (none for a carried
    elite). Checked where a batch is read, not where it is made: that would take as long as handing it out.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    generation: Annotated[int, Field(ge=0)]
    index: Annotated[int, Field(ge=0)]
    phase: Phase
    episode: Annotated[int, Field(ge=0)]
    seed: Seed
    parent: str | None
    mutation: Seed | None


class ParentChain(Value):
    """The seed chain of a parent that the worker does not hold."""

    seeds: list[Seed] = Field(min_length=1)


class Batch(Value):
    """Work under a lease: episodes of one run. `parents` names every parent used; `chains` has those not held."""

    lease: UUID
    expires_in: float = Field(gt=0, description="Seconds until the lease expires unless extended.")
    run: str
    environment: Environment
    architecture: Architecture
    format: str
    power: float
    parents: list[str]
    chains: dict[str, ParentChain]
    episodes: list[Episode] = Field(min_length=1)


class EpisodeResult(Value):
    """What one episode gave. `digest` is the SHA-256, in hex, of its actions and final memory."""

    generation: int = Field(ge=0, le=2**31 - 1)
    index: int = Field(ge=0, le=2**31 - 1)
    phase: Phase
    episode: int = Field(ge=0, le=2**31 - 1)
    score: Score
    steps: int = Field(ge=1, le=2**31 - 1, description="Decisions of the policy.")
    frames: int = Field(ge=1, le=2**31 - 1, description="Emulator frames, skipped ones included.")
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    seconds: float = Field(ge=0, le=10**7, description="Wall time that the slot spent on it.")


class Submission(Value):
    """Results of one lease, all or some. Sent again with the same id until the server says that it is committed."""

    id: UUID
    lease: UUID
    run: str = Field(max_length=40, pattern=r"^[\x20-\x7e]*$")
    engine: Engine
    results: list[EpisodeResult] = Field(min_length=1, max_length=10_000)


class JobEpisode(Value):
    """One episode of a job. `rollout`: the id under which its recording is kept; None in a test.

    `actions`: what was chosen, as `Played.actions`, when only the video is to be made again, or to be verified; then no
    network is needed.
    """

    episode: int = Field(ge=0)
    seed: Seed
    rollout: str | None = None
    actions: Base64Bytes | None = None


class JobBatch(Value):
    """Work of a job under a lease: episodes of one policy. `chain` is its whole document."""

    lease: UUID
    expires_in: float = Field(gt=0, description="Seconds until the lease expires unless extended.")
    job: str
    kind: Literal["test", "recording", "verification"]
    chain: dict[str, JsonValue]
    environment: Environment
    episodes: list[JobEpisode] = Field(min_length=1)


class JobResult(Value):
    """What one episode of a job gave. `actions`: of a recording, what was chosen; of a verification, what was used."""

    episode: int = Field(ge=0, le=2**31 - 1)
    score: Score
    steps: int = Field(ge=1, le=2**31 - 1, description="Decisions of the policy.")
    frames: int = Field(ge=1, le=2**31 - 1, description="Emulator frames, skipped ones included.")
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    seconds: float = Field(ge=0, le=10**7, description="Wall time that the slot spent on it.")
    actions: Base64Bytes | None = Field(None, max_length=2**22)


class JobSubmission(Value):
    """Results of one lease of a job, all or some, or why it cannot be played. Sent until it is committed.

    `refuted`: of a verification, that the problem is the actions': no episode has them.
    """

    id: UUID
    lease: UUID
    job: str = Field(max_length=40, pattern=r"^[\x20-\x7e]*$")
    engine: Engine
    results: list[JobResult] = Field(default=[], max_length=10_000)
    problem: str | None = Field(None, max_length=1000, description="Why the policy cannot be played or recorded.")
    refuted: bool = False


class BatchRequest(Value):
    """Submits finished results and asks for more: `wants` batches, each about five seconds of one slot's work."""

    protocol: int
    worker: WorkerIdentity
    announcement: Announcement | None = None
    submissions: list[Submission] = Field(default=[], max_length=1000)
    job_submissions: list[JobSubmission] = Field(default=[], max_length=1000)
    descriptions: list[EnvironmentDescription] = Field(default=[], max_length=1000)
    holds: list[str] = Field(default=[], max_length=100_000, description="Keys of the parents that the worker holds.")
    wants: int = Field(0, ge=0, le=4096)


class Outcome(Value):
    """How a submission was taken: new rows, rows that were there already, rows that nobody wants (of a gone run)."""

    accepted: int
    repeated: int
    unwanted: int


class BatchReply(Value):
    """The server's answer. What `outcomes` names is committed and must not be sent again."""

    outcomes: dict[UUID, Outcome] = {}
    batches: list[Batch] = []
    jobs: list[JobBatch] = []
    describe: list[Environment] = []
    announce: bool = Field(False, description="The server does not know this worker: announce in the next request.")


class ExtendRequest(Value):
    """Keeps leases alive. A lost lease's results are still welcome."""

    protocol: int
    worker: WorkerIdentity
    leases: list[UUID] = Field(max_length=10_000)


class ExtendReply(Value):
    """`expires_in`: seconds for each lease that lives; `lost`: leases that do not, whose work may be dropped."""

    expires_in: dict[UUID, float]
    lost: list[UUID]


Farewell = Literal["left", "preempted", "crashed"]
"""Why a worker stops: somebody asked it to, its spot machine is taken away, or it can play no more."""


LONGEST_REASON = 500


class ReleaseRequest(Value):
    """Hands leases back unfinished, so that others play their episodes at once. `leaving`: the worker stops; `why`, and
    in words the `reason` for which it crashed."""

    protocol: int
    worker: WorkerIdentity
    leases: list[UUID] = Field(max_length=10_000)
    leaving: bool = False
    why: Farewell = "left"
    reason: str | None = Field(None, max_length=LONGEST_REASON)
