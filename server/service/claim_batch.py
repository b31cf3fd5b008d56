"""Hands out work: a batch of episodes under a lease, with the chains of the parents that the worker lacks."""

from collections.abc import Collection
from typing import NamedTuple

from evolution.chains import FORMAT
from evolution.messages import Batch, Episode, JobBatch, ParentChain, Phase
from server.service.active_run import ActiveRun, Parent
from server.service.memory import Memory
from server.service.queue import Grant
from server.service.supply import Task
from server.service.workers import Worker

PHASES = tuple(Phase)


class Work(NamedTuple):
    """What a worker is given."""

    batches: list[Batch]
    jobs: list[JobBatch]


def claim_work(memory: Memory, worker: Worker, holds: Collection[str], wants: int) -> Work:
    """Up to `wants` batches and jobs for the worker: jobs within their share first, then runs. One that was set aside
    is given none."""
    if worker.exclusion is not None:
        return Work([], [])
    jobs = claim_jobs(memory, worker, wants)
    return Work(claim_batches(memory, worker, holds, wants - len(jobs)), jobs)


def claim_jobs(memory: Memory, worker: Worker, wants: int) -> list[JobBatch]:
    """Up to `wants` jobs for the worker. What no run can use is not bounded by their share.

    Nobody keeps jobs at hand behind others: a run that begins meanwhile would wait for them.
    """
    jobs: list[JobBatch] = []
    wants = min(wants, worker.announcement.slots - memory.jobs.schedule.held_by(worker.id))
    is_spare = not any(_plays(worker, run) for run in memory.runs.values())
    while memory.jobs.count and len(jobs) < wants:
        job = memory.jobs.claim(
            worker,
            memory.workers.slots,
            memory.clock.monotonic(),
            is_spare=is_spare,
            is_played=memory.workers.can_play,
        )
        if job is None:
            break
        jobs.append(job)
    return jobs


def _plays(worker: Worker, run: ActiveRun) -> bool:
    """Whether the run has, or soon will have, work for the worker."""
    return run.state == "running" and worker.engines.get(run.configuration.environment.id) == run.row.engine


def claim_batches(memory: Memory, worker: Worker, holds: Collection[str], wants: int) -> list[Batch]:
    """Up to `wants` batches for the worker; none when there is nothing that it can play."""
    batches: list[Batch] = []
    while len(batches) < wants:
        now = memory.clock.monotonic()
        slots, own_slots = memory.workers.slots, worker.announcement.slots
        grant = memory.schedule.claim(worker.id, worker.engines, slots, now, own_slots)
        if grant is None:
            break
        batches.append(compose_batch(memory.runs[grant.run], grant, holds, now))
    return batches


def compose_batch(run: ActiveRun, grant: Grant, holds: Collection[str], now: float) -> Batch:
    """The batch as the worker reads it. `holds`: keys of the parents that it has."""
    if run.architecture is None:
        raise ValueError(f"run {run.id} has no network yet, it cannot be played")
    parents: dict[str, Parent] = {}
    episodes = [compose_episode(run, task, parents) for task in grant.tasks]
    return Batch(
        lease=grant.lease,
        expires_in=grant.expires_at - now,
        run=run.id,
        environment=run.configuration.environment,
        architecture=run.architecture,
        format=FORMAT,
        power=run.configuration.mutation_power,
        parents=list(parents),
        chains={key: ParentChain(seeds=parent.seeds) for key, parent in parents.items() if key not in holds},
        episodes=episodes,
    )


def compose_episode(run: ActiveRun, task: Task, parents: dict[str, Parent]) -> Episode:
    """One episode; its parent is added to `parents`."""
    generation, index, phase, episode = task
    key, mutation = None, None
    birth = run.carried.birth if run.carried else None
    if index != run.configuration.population:
        birth, mutation = run.draws.bred(generation, index)
    if birth is not None:
        parent = run.parent(birth)
        parents[parent.key] = parent
        key = parent.key
    seed = run.draws.episode_seed(generation, index, phase, episode)
    return Episode(generation, index, PHASES[phase], episode, seed, key, mutation)
