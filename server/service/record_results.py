"""What follows from a commit, in memory: the open generation, the schedule, speeds. Called only after the COMMIT."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from evolution.messages import EpisodeResult, Outcome
from server.service.active_run import ActiveRun
from server.service.close_generation import advance_soon
from server.service.memory import Memory
from server.service.meters import Work
from server.service.supply import Task
from server.storage.costs import spend
from server.storage.results import Key

Judged = tuple[Key, EpisodeResult]


@dataclass
class Taken:
    """What a transaction did. `fresh`: keys of new rows, each with whether it came late; taken out as they are
    recorded, so that each is accepted once. `known`: keys that have a row now."""

    fresh: dict[Key, bool]
    known: set[Key]


def record(
    memory: Memory,
    worker: UUID,
    run: ActiveRun,
    judged: Sequence[Judged],
    taken: Taken,
    refused: int,
    rechecked: Collection[Key] = (),
    core_hour_price: float | None = None,
) -> Outcome:
    """Takes note of one submission's committed results and tells how they were taken.

    `refused`: how many of it were before. `rechecked`: of those that were known, what is stored as another worker's
    word. The worker is told that they are repeats: nobody needs to know who is being checked. `core_hour_price`: the
    worker's, if it told one.
    """
    settled = [(key, result) for key, result in judged if key in taken.known]
    accepted: list[tuple[EpisodeResult, bool]] = []
    for key, result in settled:
        late = taken.fresh.pop(key, None)
        if late is None:
            run.outdated |= _was_missed(run, key)
        else:
            accepted.append((result, late))
        if key.generation == run.open.number:
            run.settle(key.index, key.phase, key.episode)
    again = [result for key, result in settled if key in rechecked]
    _count(memory, worker, run, accepted)
    _count_rechecks(memory, worker, again)
    seconds = sum(result.seconds for result, _ in accepted) + sum(result.seconds for result in again)
    run.spent = run.spent.plus(spend(seconds, core_hour_price))
    _settle_leases(memory, worker, run, settled, rechecked)
    repeated = len(settled) - len(accepted)
    return Outcome(accepted=len(accepted), repeated=repeated, unwanted=refused + len(judged) - len(settled))


def _was_missed(run: ActiveRun, key: Key) -> bool:
    """Whether a commit took place whose answer was lost."""
    found = run.open.find(key.index, key.phase, key.episode) if key.generation == run.open.number else None
    return found is not None and not found.has(key.index, key.episode)


def _count(memory: Memory, worker_id: UUID, run: ActiveRun, accepted: Sequence[tuple[EpisodeResult, bool]]) -> None:
    """Adds up what new results cost; each comes with whether it is late."""
    now, frames = memory.clock.monotonic(), sum(result.frames for result, _ in accepted)
    for result, late in accepted:
        if late:
            run.row = replace(run.row, frames=run.row.frames + result.frames, steps=run.row.steps + result.steps)
        elif result.generation == run.open.number:
            run.open.count(result.phase, result.frames, result.steps)
    run.frame_rate.add(frames, now)
    run.episode_rate.add(len(accepted), now)
    _count_work(memory, worker_id, "run", len(accepted), frames)


def _count_rechecks(memory: Memory, worker: UUID, rechecked: Sequence[EpisodeResult]) -> None:
    """A worker's work, but no progress of the run."""
    _count_work(memory, worker, "recheck", len(rechecked), sum(result.frames for result in rechecked))


def _count_work(memory: Memory, worker_id: UUID, kind: Work, episodes: int, frames: int) -> None:
    memory.meters.count_work(kind, episodes, frames)
    if worker := memory.workers.find(worker_id):
        worker.episodes += episodes
        worker.frames += frames
        worker.frame_rate.add(frames, memory.clock.monotonic())


def _settle_leases(
    memory: Memory, worker: UUID, run: ActiveRun, settled: Sequence[Judged], rechecked: Collection[Key]
) -> None:
    tasks = {key: Task(*key[1:]) for key, _ in settled}
    if run.check:
        # Its author's repeat of a result says nothing new: another's word is still awaited.
        tasks = {key: task for key, task in tasks.items() if task not in run.check.awaited or key in rechecked}
        for key in rechecked:
            run.check.note(tasks[key])
    memory.schedule.settle(run.id, tasks.values(), sum(result.seconds for _, result in settled), worker)
    memory.changed.add(run.id)
    advance_soon(memory, run)
