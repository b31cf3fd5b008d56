"""What follows from a commit, in memory: the open generation, the schedule, speeds. Called only after the COMMIT."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from evolution.messages import EpisodeResult, Outcome
from server.service.active_run import ActiveRun
from server.service.close_generation import advance_soon
from server.service.memory import Memory
from server.service.meters import Work
from server.storage.costs import spend
from server.storage.results import Key

Judged = tuple[Key, EpisodeResult]


@dataclass
class Taken:
    """What a transaction did for a run. `fresh`: keys of new rows, each with whether it came late; taken out as they
    are recorded, so that each is accepted once. `known`: keys that have a row now."""

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
    accepted: dict[Key, EpisodeResult] = {}
    repeated: list[Key] = []
    late: list[EpisodeResult] = []
    for key, result in settled:
        is_late = taken.fresh.pop(key, None)
        if is_late is None:
            repeated.append(key)
            continue
        accepted[key] = result
        if is_late:
            late.append(result)
    run.settle(accepted)
    run.outdated |= any(_was_missed(run, key) for key in repeated)
    run.settle(repeated)
    again = [result for key, result in settled if key in rechecked]
    _count(memory, worker, run, accepted.values(), late)
    _count_rechecks(memory, worker, again)
    seconds = sum(result.seconds for result in (*accepted.values(), *again))
    run.spent = run.spent.plus(spend(seconds, core_hour_price))
    _settle_leases(memory, worker, run, settled, rechecked)
    unwanted = refused + len(judged) - len(settled)
    return Outcome(accepted=len(accepted), repeated=len(repeated), unwanted=unwanted)


def _was_missed(run: ActiveRun, key: Key) -> bool:
    """Whether a commit took place whose answer was lost."""
    generation, index, phase, episode = key
    found = run.open.find(index, phase, episode) if generation == run.open.number else None
    return found is not None and not found.has(index, episode)


def _count(
    memory: Memory,
    worker_id: UUID,
    run: ActiveRun,
    accepted: Collection[EpisodeResult],
    late: Sequence[EpisodeResult],
) -> None:
    """Adds up what new results cost. `late`: those of closed generations among them."""
    now, frames = memory.clock.monotonic(), sum(result.frames for result in accepted)
    run.open.count(result for result in accepted if result.generation == run.open.number)
    if late:
        cost = sum(result.frames for result in late), sum(result.steps for result in late)
        run.row = replace(run.row, frames=run.row.frames + cost[0], steps=run.row.steps + cost[1])
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
    tasks = [key for key, _ in settled]
    if run.check:
        # Its author's repeat of a result says nothing new: another's word is still awaited.
        tasks = [task for task in tasks if task not in run.check.awaited or task in rechecked]
        for task in rechecked:
            run.check.note(task)
    memory.schedule.settle(run.id, tasks, sum(result.seconds for _, result in settled), worker)
    memory.changed.add(run.id)
    advance_soon(memory, run)
