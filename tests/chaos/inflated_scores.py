"""An environment module of a worker that lies: whatever its episodes scored, it tells more."""

from typing import Any

from evolution.messages import EpisodeResult
from worker import slot

TOO_MUCH = 1000.0

honest = slot.play_episode


def lie(*arguments: Any) -> EpisodeResult:
    """The episode's result with a better score."""
    result = honest(*arguments)
    return result.model_copy(update={"score": result.score + TOO_MUCH})


slot.play_episode = lie  # type: ignore[assignment]
