"""A run as a file: lines of JSON, compressed by gzip. It is read line by line, and written so, whatever its size.

The first line tells the run, then one its closed generations each, then blocks of its candidates, of its results in
the order of their commits, of results that are retracted and of what second workers found; then what its workers cost.
The last line counts them, so that a file that was cut short is known.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from evolution.architectures import Architecture
from evolution.configuration import Preset, RunConfiguration
from evolution.environments import Engine, EnvironmentDescription
from evolution.messages import Score
from evolution.model import Value
from server.service.errors import MalformedRun
from server.views import RunState

VERSION = 3
"""1 knew neither confirmed generations nor results that are retracted or were found by a second worker; 2 no prices."""
GZIP = 31
"""zlib's name for the format, with the largest window."""
BLOCK_ROWS = 1000
NUL = rb"\u0000"
"""As JSON writes what Postgres cannot store."""
LONGEST_LINE = 2**24
"""Bytes; a generation of 100,000 parents takes a tenth of it."""

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Small = Annotated[int, Field(ge=0, le=2**31 - 1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Id = Annotated[str, StringConstraints(pattern="^[a-z0-9]{6}$")]
Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Pair = tuple[Small, Small]
Statistics = dict[str, Number | None]


class Part(Value):
    """Whatever a line tells; members of later versions are refused, as they may matter."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class StoredRun(Part):
    """The run itself. Columns as in `server.storage.tables.runs`."""

    id: Id
    name: str = Field(min_length=1, max_length=100)
    state: RunState
    state_reason: str | None
    configuration: RunConfiguration
    architecture: Architecture | None
    description: EnvironmentDescription | None
    engine: Engine | None
    preset: Preset | None
    cloned_from: Id | None
    generation: Small
    frames: Count
    steps: Count
    active_seconds: Annotated[float, Field(ge=0)]
    best: Number | None
    best_elite: Statistics | None
    mean: Number | None
    elite: Statistics | None
    sparkline: list[Number] = Field(max_length=1000)
    created_at: datetime
    finished_at: datetime | None


class StoredGeneration(Part):
    """A closed generation. Columns as in `server.storage.tables.generations`."""

    number: Small
    closed_at: datetime
    frames: Count
    steps: Count
    seconds: Annotated[float, Field(ge=0)]
    episodes: Small
    best: Number
    mean: Number
    median: Number
    sd: Number
    quartile_low: Number
    quartile_high: Number
    worst: Number
    elite_index: Small
    elite_born_generation: Small
    elite_born_index: Small
    elite_fitness: Number
    elite_seeds: list[Annotated[int, Field(ge=0, le=2**32 - 1)]]
    validation: Statistics | None
    test: Statistics | None
    parents: list[Pair] = Field(min_length=1)
    late: Small
    confirmed: Small | None = None
    unconfirmed: Small | None = None


CandidateRow = tuple[Small, Small, Small, Small, Small, Number, Small, Number]
"""Generation, index, birth (generation, index), validation episodes and sum, test episodes and sum."""
ResultRow = tuple[
    Small, Small, Annotated[int, Field(ge=0, le=2)], Small, bool, Score, Annotated[int, Field(ge=1, le=2**31 - 1)],
    Annotated[int, Field(ge=1, le=2**31 - 1)], Annotated[float, Field(ge=0)], datetime, UUID, UUID, Digest,
]  # fmt: skip
"""Generation, index, phase, episode, whether late, score, steps, frames, seconds, when accepted, submission, worker,
digest."""


RecheckRow = tuple[
    Small, Small, Annotated[int, Field(ge=0, le=2)], Small, UUID, Score, Annotated[int, Field(ge=1, le=2**31 - 1)],
    Annotated[int, Field(ge=1, le=2**31 - 1)], Annotated[float, Field(ge=0)], UUID, datetime, bool, Digest,
]  # fmt: skip
"""Generation, index, phase, episode, worker, score, steps, frames, seconds, submission, when accepted, whether
retracted, digest."""


PriceRow = tuple[UUID, Annotated[float, Field(ge=0)]]
"""Worker, US dollars for an hour of one of its cores."""


class Counts(Part):
    """How much the file holds."""

    candidates: Count
    results: Count
    retracted: Count = 0
    rechecks: Count = 0
    prices: Count = 0


class Head(Part):
    """The first line."""

    format: Literal["neuroevo-run"]
    version: int
    run: StoredRun


class Line(Part):
    """Any other line: one of its members."""

    generation: StoredGeneration | None = None
    candidates: list[CandidateRow] | None = Field(None, max_length=BLOCK_ROWS)
    results: list[ResultRow] | None = Field(None, max_length=BLOCK_ROWS)
    retracted: list[ResultRow] | None = Field(None, max_length=BLOCK_ROWS)
    rechecks: list[RecheckRow] | None = Field(None, max_length=BLOCK_ROWS)
    prices: list[PriceRow] | None = Field(None, max_length=BLOCK_ROWS)
    end: Counts | None = None


class _Versioned(Value):
    model_config = ConfigDict(extra="ignore")

    format: Literal["neuroevo-run"]
    version: int


LINE: TypeAdapter[Line] = TypeAdapter(Line)


def read_head(line: bytes) -> StoredRun:
    """What the first line tells. Raises MalformedRun."""
    _check_text(line)
    try:
        versioned = _Versioned.model_validate_json(line)
        if versioned.version > VERSION:
            raise MalformedRun(
                f"The run was exported in version {versioned.version} of the format, this server reads up to "
                f"{VERSION}: upgrade it."
            )
        return Head.model_validate_json(line).run
    except ValidationError as error:
        raise MalformedRun(f"This is no exported run: {_first(error)}. Make one with `neuroevo run export`.") from None


def read_line(line: bytes, number: int) -> Line:
    """What another line tells. Raises MalformedRun."""
    _check_text(line)
    try:
        read = LINE.validate_json(line)
    except ValidationError as error:
        raise MalformedRun(f"Line {number:,} of the run is damaged: {_first(error)}. Export it again.") from None
    if len(read.model_fields_set) != 1:
        raise MalformedRun(f"Line {number:,} of the run is damaged: it tells nothing. Export it again.")
    return read


def _check_text(line: bytes) -> None:
    if NUL in line:
        raise MalformedRun("The run has a character that no text has (NUL): the file is damaged. Export it again.")


def _first(error: ValidationError) -> str:
    first: Any = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
