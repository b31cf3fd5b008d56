"""What tests that people asked for say of a policy: kept apart by protocol and engine, each episode once."""

from collections.abc import Mapping, Sequence

from evolution.environments import Environment
from evolution.selection import summarize
from server.policy_views import EpisodeScore, PolicyScore
from server.service.document_scores import choose_score
from server.service.policy_views import score_columns
from server.service.protocols import protocol_of
from server.storage import jobs, policies
from server.storage.database import Connection
from server.storage.jobs import JobRow, JobScore

Results = Mapping[str, Sequence[JobScore]]
"""Job id to its results."""


def summarize_tests(asked: Sequence[JobRow], results: Results) -> tuple[list[PolicyScore], list[EpisodeScore]]:
    """Scores and single episodes of the tests among the jobs; two tests have their first episodes in common."""
    groups: dict[tuple[str, str], dict[int, JobScore]] = {}
    for job in asked:
        protocol = protocol_of(Environment.model_validate(job.environment))
        for result in results[job.id] if job.kind == "test" else []:
            groups.setdefault((protocol, result.engine), {})[result.seed] = result
    scores, episodes = [], []
    for (protocol, engine), found in groups.items():
        summary = summarize([each.score for each in found.values()], [each.digest for each in found.values()])
        labels = {"source": "job", "protocol": protocol}
        scores.append(PolicyScore.model_validate(summary._asdict() | labels | {"engine": engine}))
        episodes += [
            EpisodeScore.model_validate(
                {"seed": seed, "score": each.score, "steps": each.steps, "frames": each.frames} | labels
            )
            for seed, each in sorted(found.items())
        ]
    return scores, episodes


async def rescore_tested(connection: Connection, policy: str) -> None:
    """A test is over: it counts for a policy that has no better score, of its own run or its document."""
    row = await policies.find(connection, policy)
    if row is None or (row.score is not None and row.score["source"] != "job"):
        return
    asked = await jobs.of_policy(connection, policy)
    scores, _ = summarize_tests(asked, await jobs.scores(connection, [job.id for job in asked]))
    own = protocol_of(Environment.model_validate(row.environment))
    score = choose_score([score for score in scores if score.protocol == own])
    if score is not None:
        await policies.change(connection, policy, score_columns(row.environment["id"], score))
