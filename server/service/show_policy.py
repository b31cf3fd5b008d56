"""One policy of the library, whole."""

import asyncio
import re
from functools import partial

from evolution.chains import SeedChain, parse_chain
from evolution.layouts import parameter_count
from server.policy_views import PolicyDetail, PolicyScore, RolloutView
from server.service.document_scores import RANKS, episodes_of, recall
from server.service.errors import AmbiguousPolicy, NotFound
from server.service.fingerprints import is_feasible
from server.service.job_scores import summarize_tests
from server.service.job_views import view_job, view_rollout
from server.service.ledger_scores import LedgerScores, read_ledger
from server.service.memory import Memory
from server.service.policy_views import summary_values, tell_of_policy
from server.service.protocols import protocol_of
from server.service.references import reference_of
from server.storage import jobs, policies, rollouts, runs
from server.storage.database import Connection
from server.storage.policies import Insides, PolicyRow

FINGERPRINT_SECONDS = 1.0
"""How long whoever looks at a policy waits for its fingerprint."""
BYTES = 4
"""Of a seed, and of a weight."""


async def show_policy(memory: Memory, id: str) -> PolicyDetail:
    """The policy with this id, or the one whose id begins so. Raises NotFound, AmbiguousPolicy."""
    async with memory.storage.reading() as connection:
        row, insides = await find_policy(connection, id)
        ledger = await ledger_of(connection, row)
        recorded = await rollouts.of_policies(connection, [row.id])
        asked = await jobs.of_policy(connection, row.id)
        results = await jobs.scores(connection, [job.id for job in asked])
    chain = await asyncio.to_thread(parse_chain, insides.document)
    told = recall(insides.scores)
    tested, episodes = summarize_tests(asked, results)
    summaries = [summary for each in told if (summary := each.summary(chain.environment))]
    scores = sorted([*(found.score for found in ledger), *summaries, *tested], key=lambda score: RANKS[score.source])
    parameters = parameter_count(chain.architecture)
    return PolicyDetail.model_validate(
        summary_values(row, recorded[row.id])
        | {
            "document": decorate(chain, row, scores),
            "protocol": protocol_of(chain.environment),
            "parameters": parameters,
            "parameters_sha256": insides.parameters_sha256 or await _fingerprint(memory, row.id, chain),
            "chain_bytes": BYTES * len(chain.seeds),
            "weights_bytes": BYTES * parameters,
            "scores": scores,
            "episodes": [
                *(episode for found in ledger for episode in found.episodes),
                *episodes_of(told, chain.environment),
                *episodes,
            ],
            "reference": reference_of(chain.environment.id),
            "rollouts": [view_rollout(rollout) for rollout in recorded[row.id]],
            "jobs": [view_job(memory, job, results[job.id]) for job in asked],
        }
    )


async def list_rollouts(memory: Memory, id: str) -> list[RolloutView]:
    """The policy's recordings, oldest first. Raises NotFound, AmbiguousPolicy."""
    async with memory.storage.reading() as connection:
        row, _ = await find_policy(connection, id)
        found = await rollouts.of_policies(connection, [row.id])
    return [view_rollout(each) for each in found[row.id]]


async def find_policy(connection: Connection, id: str) -> tuple[PolicyRow, Insides]:
    """The policy with this id, or the one whose id begins so: eight digits at least.

    Raises:
        NotFound: there is none. AmbiguousPolicy: there are several.
    """
    given = id.lower()
    found = await policies.beginning_with(connection, given) if re.fullmatch("[0-9a-f]{8,64}", given) else []
    if len(found) > 1:
        raise AmbiguousPolicy(f"Several policies have ids that begin with {given}: give more digits.")
    row = await policies.find(connection, found[0]) if found else None
    insides = await policies.insides(connection, found[0]) if found else None
    if row is None or insides is None:
        raise NotFound(f"There is no policy {id[:64]!r}: give its id, or its first eight digits or more.")
    return row, insides


async def ledger_of(connection: Connection, row: PolicyRow) -> list[LedgerScores]:
    """What its run's ledger says of the policy; nothing if no run bred it."""
    if row.run is None or row.birth is None:
        return []
    run = await runs.find(connection, row.run)
    return [] if run is None else await read_ledger(connection, run, row.birth)


def decorate(chain: SeedChain, row: PolicyRow, scores: list[PolicyScore]) -> SeedChain:
    """The document as it is handed out: with its name, tags and scores."""
    told = [score.model_dump(mode="json") for score in scores]
    return SeedChain.model_validate(chain.document() | {"name": row.name, "tags": row.tags, "scores": told})


async def _fingerprint(memory: Memory, id: str, chain: SeedChain) -> str | None:
    """The fingerprint if it is known soon; else it is told once it is known. It is kept then."""
    if not is_feasible(chain):
        return None
    future = memory.fingerprints.find(id)
    if future is None:
        future = memory.fingerprints.begin(id, chain)
        memory.start_task(partial(_keep, memory, id, future), "policy.fingerprint")
    await asyncio.wait({future}, timeout=FINGERPRINT_SECONDS)
    return future.result() if future.done() and future.exception() is None else None


async def _keep(memory: Memory, id: str, future: "asyncio.Future[str]") -> None:
    begun = memory.clock.monotonic()
    found = await future
    was_awaited = memory.clock.monotonic() - begun < FINGERPRINT_SECONDS
    async with memory.storage.transaction(memory.epoch) as connection:
        await policies.change(connection, id, {"parameters_sha256": found})
        row = await policies.find(connection, id)
    if row is not None and not was_awaited:
        await tell_of_policy(memory, row)
