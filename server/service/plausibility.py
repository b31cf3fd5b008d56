"""What no episode of an environment can come to, whoever played it. Pure.

Bounds of scores are no part of this: no environment tells any. Numbers that are not finite, and digests that are none,
are refused with the request that brings them, as `evolution.messages` says.
"""

from dataclasses import dataclass
from typing import Self

from evolution.environments import AtariOptions, ClassicAtariOptions, Environment
from evolution.messages import EpisodeResult

CLASSIC_FRAMES = (2, 4)
"""Frames of a decision in the games as Gymnasium first registered them."""


@dataclass(frozen=True)
class Limits:
    """Of an environment with its options. Only an episode's last decision may be cut short."""

    most_steps: int | None
    fewest_frames: int
    """Of a whole decision."""
    most_frames: int

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """What its options allow."""
        options = environment.settings
        if isinstance(options, AtariOptions):
            return cls(options.max_steps, options.frame_skip, options.frame_skip)
        if isinstance(options, ClassicAtariOptions):
            return cls(options.max_steps, *CLASSIC_FRAMES)
        return cls(options.max_steps, 1, 1)

    def find_fault(self, result: EpisodeResult) -> str | None:
        """Why this cannot be, in words; None if it can."""
        steps, frames = result.steps, result.frames
        if self.most_steps is not None and steps > self.most_steps:
            return f"{steps:,} steps, where an episode is cut off after {self.most_steps:,}"
        if not (steps - 1) * self.fewest_frames < frames <= steps * self.most_frames:
            return f"{frames:,} frames do not fit {steps:,} steps"
        return None
