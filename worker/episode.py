"""What one episode gave."""

import hashlib
from typing import NamedTuple


class Played(NamedTuple):
    """One whole episode of one policy."""

    score: float
    """Unclipped points, summed."""
    steps: int
    """Decisions of the policy."""
    frames: int
    """Emulator frames of those decisions, skipped ones included, the start's no-ops and FIRE not; elsewhere steps."""
    digest: str
    """SHA-256, in hex, of the actions and the final memory: two episodes with one digest were the same."""
    actions: bytes
    """What the policy chose, in order, as the digest has it: a byte for each decision in Atari, two elsewhere."""


class UnplayableEnvironment(Exception):
    """An environment cannot be made here, or no policy fits it; the message says why and what to do."""


class UnsuitablePolicy(ValueError):
    """A policy's network does not fit its environment: other observations, or another number of actions."""


class BrokenEnvironment(RuntimeError):
    """An environment failed in play, or gave a reward that is no number. Correct it, then start the workers again."""


def digest_of(actions: bytes, final: bytes) -> str:
    """64 hex digits. `final`: the emulator's 128 bytes of memory (the paper's VINE), or the last observation."""
    return hashlib.sha256(actions + final).hexdigest()
