"""What one episode gave."""

import hashlib
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Shape (height, width, 3): red, green and blue."""
Drawing = NDArray[np.uint8]
"""Shape (height, width): numbers of a palette's colours."""


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
    """What the policy chose, in order, as the digest has it: they replay the episode without the policy.

    A decision is a byte in Atari; elsewhere two bytes, or four for each number of a box of actions (float32). All are
    little-endian.
    """


class Tick(NamedTuple):
    """One frame of an episode."""

    score: float
    """So far, this frame's reward included."""
    step: int
    """The decision that the frame belongs to, from 1."""


class UnplayableEnvironment(Exception):
    """An environment cannot be made here, or no policy fits it; the message says why and what to do."""


class UnsuitablePolicy(ValueError):
    """A policy's network does not fit its environment: other observations, or another number of actions."""


class BrokenEnvironment(RuntimeError):
    """An environment failed in play, or gave a reward that is no number. Correct it, then start the workers again."""


class UnreplayableActions(ValueError):
    """No episode of this environment and seed has these actions: they are damaged, or belong to another episode."""

    @classmethod
    def at(cls, steps: int) -> Self:
        """After so many decisions the episode goes on, and there is no further action, or none that exists."""
        return cls(
            f"the actions do not replay the episode: after decision {steps} it goes on, and the next action is missing "
            "or does not exist; they are damaged, or belong to another environment or seed"
        )


class UnrenderableEnvironment(Exception):
    """An environment gives no pictures here, so that it cannot be filmed; the message says why and what to do."""


def digest_of(actions: bytes, final: bytes) -> str:
    """64 hex digits. `final`: the emulator's 128 bytes of memory (the paper's VINE), or the last observation."""
    return hashlib.sha256(actions + final).hexdigest()
