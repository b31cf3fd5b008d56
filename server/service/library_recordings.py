"""What the library has recorded by itself: each new elite's best, median and worst episode, and what is shipped."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from evolution.breeding import episode_seed
from evolution.messages import Phase
from server.service.active_run import ActiveRun
from server.service.ask_jobs import begin, new_job, new_rollout, store_job
from server.service.conclusion import Conclusion, choose_members
from server.service.document_scores import recall
from server.service.job_ranks import elite_rank, shipped_rank
from server.service.memory import Memory
from server.service.open_jobs import OpenJob
from server.service.stock_library import stock_library
from server.storage import jobs, rollouts
from server.storage.database import Connection
from server.storage.results import Scored

logger = logging.getLogger(__name__)

KEPT_GENERATIONS = 3
"""Of a run's elites only the newest few wait to be recorded; older ones are when somebody wants to see them."""
LABELS = ("median", "best", "worst")
"""In the order in which they are recorded."""
SHIPPED_SEED = 1000
"""The first of the episodes whose scores are known of the policies of 2018."""


class Planned(NamedTuple):
    """What the transaction that closed a generation stored and removed; memory follows once it is committed."""

    jobs: list[OpenJob]
    dropped: list[str]
    """Jobs whose elites newer ones have overtaken."""


async def plan_elite(
    memory: Memory, connection: Connection, run: ActiveRun, conclusion: Conclusion, stored: Sequence[Scored]
) -> Planned:
    """Stores the recordings of a new elite, in the transaction that closes its generation; `record_elite` begins them.

    `stored`: the generation's results. The elite is in the library already.
    """
    if conclusion.carried or run.row.engine_id is None:
        return Planned([], [])
    parent = run.parent(conclusion.elite_birth)
    chosen = choose_episodes(choose_members(run.configuration, stored), conclusion.elite_index)
    wanted = [_rollout(memory, run, parent.key, label, result) for label, result in chosen]
    added = await rollouts.add(connection, wanted)
    document = run.document(parent.seeds).document()
    planned = []
    for values in (values for values in wanted if values["id"] in added):
        job = new_job(memory, "recording", "library", parent.key, document, rollout=values["id"])
        job.seed, job.engine, job.run = values["seed"], run.row.engine, run.id
        job.rank = elite_rank(job.row.created_at)
        planned.append(job)
    await store_job(connection, *planned)
    dropped = [job.row.id for job in _dropped(memory, run)] if planned else []
    await jobs.remove_open(connection, dropped)
    return Planned(planned, dropped)


def choose_episodes(stored: Sequence[Scored], elite: int) -> list[tuple[str, Scored]]:
    """The elite's median, best and worst validation episode, or, without validation, evaluation; each once. Pure."""
    own = [result for result in stored if result.index == elite and result.phase != Phase.TEST]
    last = max((result.phase for result in own), default=None)
    ranked = sorted((r for r in own if r.phase == last), key=lambda r: (-r.score, r.episode))
    if not ranked:
        return []
    places = (len(ranked) // 2, 0, len(ranked) - 1)
    # An episode may be two of them, and seeds may give the same episode: it is shown once.
    chosen: dict[bytes, tuple[str, Scored]] = {}
    for label, place in zip(LABELS, places, strict=True):
        chosen.setdefault(ranked[place].digest, (label, ranked[place]))
    return list(chosen.values())


def _rollout(memory: Memory, run: ActiveRun, policy: str, label: str, result: Scored) -> dict[str, Any]:
    seed = episode_seed(run.seed, run.open.number, result.index, result.phase, result.episode)
    values = new_rollout(memory, policy, seed, label) | {"engine_id": run.row.engine_id}
    is_same = (run.row.description or {}).get("deterministic", True)
    found = {"score": result.score, "steps": result.steps, "frames": result.frames, "digest": result.digest}
    return values | (found if is_same else dict.fromkeys(found))


def _dropped(memory: Memory, run: ActiveRun) -> list[OpenJob]:
    """Recordings of elites that newer ones have overtaken."""
    waiting = memory.jobs.of_run(run.id)
    newest = list(dict.fromkeys(job.row.policy for job in reversed(waiting)))[: KEPT_GENERATIONS - 1]
    return [job for job in waiting if job.row.policy not in newest]


async def record_elite(memory: Memory, planned: Planned) -> None:
    """Begins what `plan_elite` stored."""
    for id in planned.dropped:
        memory.jobs.close(id)
    for job in planned.jobs:
        await begin(memory, job)


async def fill_library(memory: Memory) -> None:
    """What a master does for the library when it begins to lead."""
    await stock_library(memory)
    await record_shipped(memory)


async def record_shipped(memory: Memory) -> None:
    """Has each policy that came with the product recorded once."""
    planned = []
    async with memory.storage.transaction(memory.epoch) as connection:
        for policy, document, scores, mean in await rollouts.shipped_without(connection):
            told = next((episode for each in recall(scores) for episode in each.episodes), None)
            seed = SHIPPED_SEED if told is None else told.seed
            # The recording must find the score that is told of the episode.
            values = new_rollout(memory, policy, seed, "library") | {"score": told and told.score}
            if not await rollouts.add(connection, [values]):
                continue  # somebody has it recorded just now
            job = new_job(memory, "recording", "library", policy, document, rollout=values["id"])
            job.seed, job.rank = seed, shipped_rank(mean)
            planned.append(job)
        await store_job(connection, *planned)
    for job in planned:
        await begin(memory, job)
