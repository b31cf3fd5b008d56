"""What ought to be so of leases and held work, as the tests of the work protocol keep it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evolution.messages import Batch, Submission
from tests.service.fleet import FakeWorker

Key = tuple[int, int, int, int]
Outcome = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Held:
    """A batch that a worker was given, played."""

    worker: FakeWorker
    batch: Batch
    submission: Submission


@dataclass
class Lease:
    """What a lease ought to be. `open`: its episodes without a result; times in seconds of the clock."""

    worker: UUID
    granted_at: float
    expires_at: float
    size: int
    open: set[Key]


def key_of(episode: Any) -> Key:
    """The ledger's key of an episode or a result, within its run."""
    return episode.generation, episode.index, int(episode.phase), episode.episode


def parted(found: Outcome) -> tuple[Outcome, Outcome]:
    """Generations and results."""
    return [row for row in found if len(row) != 7], [row for row in found if len(row) == 7]
