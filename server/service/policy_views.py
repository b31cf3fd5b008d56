"""Policies of the library as they are stored and shown."""

from collections.abc import Sequence
from datetime import datetime
from math import inf
from typing import Any, Literal

from evolution.chains import SeedChain
from evolution.environments import Environment
from server.policy_views import Origin, PolicyScore, PolicySummary
from server.service.document_scores import Told, choose_score, store
from server.service.job_views import standing, view_rollout
from server.service.memory import Memory
from server.service.references import normalise
from server.storage import rollouts
from server.storage.policies import PolicyRow
from server.storage.rollouts import RolloutRow

COLUMNS = ("name", "tags", "scores")
"""Members of a document that have columns of their own."""


def policy_columns(
    chain: SeedChain,
    id: str,
    name: str,
    origin: Literal["run", "imported", "shipped"],
    created_at: datetime,
    *,
    tags: Sequence[str] = (),
    scores: Sequence[Told] = (),
) -> dict[str, Any]:
    """The row of a new policy."""
    document = {key: value for key, value in chain.document().items() if key not in COLUMNS}
    told = [summary for each in scores if (summary := each.summary(chain.environment))]
    return {
        "id": id,
        "name": name,
        "document": document,
        "environment_id": chain.environment.id,
        "environment": document["environment"],
        "architecture": document["architecture"],
        "format": chain.format,
        "length": len(chain.seeds),
        "origin": origin,
        "tags": list(tags),
        "scores": store(scores),
        "created_at": created_at,
        **score_columns(chain.environment.id, choose_score(told)),
    }


def score_columns(environment_id: str, score: PolicyScore | None) -> dict[str, Any]:
    """What a row holds of the score that stands for its policy."""
    normalised = None if score is None else normalise(environment_id, score.mean)
    return {
        "score": None if score is None else score.model_dump(mode="json"),
        "mean": -inf if score is None else score.mean,
        "normalised": -inf if normalised is None else normalised,
    }


def summarize_policy(row: PolicyRow, recorded: Sequence[RolloutRow]) -> PolicySummary:
    """The policy in a list, with its recordings."""
    return PolicySummary.model_validate(summary_values(row, recorded))


def summary_values(row: PolicyRow, recorded: Sequence[RolloutRow]) -> dict[str, Any]:
    """The members of a summary."""
    stands = standing(recorded)
    return {
        "id": row.id,
        "name": row.name,
        "environment": Environment.model_validate(row.environment),
        "architecture": row.architecture,
        "format": row.format,
        "length": row.length,
        "origin": Origin(
            kind=row.origin, run=row.run, run_name=row.run_name, generation=row.generation, index=row.index
        ),
        "score": row.score,
        "normalised": None if row.normalised == -inf else row.normalised,
        "tags": row.tags,
        "created_at": row.created_at,
        "rollout": None if stands is None else view_rollout(stands),
    }


async def tell_of_policy(memory: Memory, row: PolicyRow) -> None:
    """The policy is new in the library, or changed."""
    async with memory.storage.reading() as connection:
        recorded = await rollouts.of_policies(connection, [row.id])
    view = summarize_policy(row, recorded[row.id]).model_dump(mode="json")
    memory.events.publish(["policies"], "policy.changed", policy=view)
