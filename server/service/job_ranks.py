"""In which order the jobs of one asker are played: the lower, the earlier. Pure; it follows from what is stored."""

from datetime import datetime

from server.storage.jobs import JobRow
from server.storage.rollouts import RolloutRow

Rank = tuple[float, ...]
RECORDING_RANK: Rank = (0,)
"""A person waits for it; so too for a verification."""
TEST_RANK: Rank = (1,)
"""A person lets it take its time."""
SHIPPED, ELITE, IMPORTED, LOST = 0, 1, 2, 3
"""How ranks of the library's own recordings begin: of what came with the product, of elites, of what people brought,
and of pictures that never came."""


def rank_of(row: JobRow, rollout: RolloutRow | None) -> Rank:
    """The job's. `rollout`: what it records or verifies."""
    if row.asked_by == "person" or rollout is None:
        return TEST_RANK if row.kind == "test" else RECORDING_RANK
    if rollout.state == "recorded":
        return (LOST,)
    if rollout.label != "library":
        return elite_rank(row.created_at)
    return shipped_rank(rollout.policy_mean) if rollout.policy_origin == "shipped" else (IMPORTED,)


def shipped_rank(mean: float) -> Rank:
    """The best first."""
    return (SHIPPED, -mean)


def elite_rank(created_at: datetime) -> Rank:
    """The newest first."""
    return (ELITE, -created_at.timestamp())
