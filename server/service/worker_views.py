"""Workers and environments as they are shown."""

from collections.abc import Mapping

from evolution.classic_games import is_classic
from evolution.environments import ATARI_PREFIX
from server.service.memory import Memory
from server.service.workers import Worker
from server.views import EnvironmentView, WorkerRun, WorkerState, WorkerView

MOST_NAMED = 5
"""Environments that a reason names."""


def list_workers(memory: Memory) -> list[WorkerView]:
    """Connected workers and those that went within the last hour, by name."""
    held = memory.schedule.held()
    return [view_worker(memory, worker, held.get(worker.id, {})) for worker in memory.workers.all()]


def view_worker(memory: Memory, worker: Worker, held: Mapping[str, int]) -> WorkerView:
    """One worker. `held`: how many episodes of which runs it has leased."""
    names = {id: memory.runs[id].row.name for id in held if id in memory.runs}
    state = state_of(worker, busy=bool(held) or memory.jobs.schedule.held_by(worker.id) > 0)
    return WorkerView(
        id=str(worker.id),
        name=worker.name,
        host=worker.announcement.host,
        version=worker.announcement.version,
        processor=worker.announcement.processor,
        slots=worker.announcement.slots,
        state=state,
        first_seen_at=worker.first_seen_at,
        last_seen_at=worker.last_seen_at,
        episodes=worker.episodes,
        frames=worker.frames,
        frames_per_second=worker.frame_rate.value(memory.clock.monotonic()),
        runs=[WorkerRun(run=id, name=name, episodes_leased=held[id]) for id, name in names.items()],
        environments=len(worker.engines),
        refused=worker.refused,
        handed_back=worker.handed_back,
        reason=_reason(memory, worker, state),
    )


def _reason(memory: Memory, worker: Worker, state: WorkerState) -> str | None:
    if worker.exclusion is not None:
        return worker.exclusion.reason
    if state == "crashed":
        return worker.crash
    return why_idle(memory, worker) if state == "idle" else None


def why_idle(memory: Memory, worker: Worker) -> str | None:
    """Why a worker that is there can play none of the runs that go on; None if it could, or there are none."""
    wanted = [run for run in memory.runs.values() if run.state in {"waiting", "running"}]
    near = None
    for run in wanted:
        engine = worker.engines.get(run.configuration.environment.id)
        if engine is not None and run.row.engine in {None, engine}:
            return None
        near = run if engine is not None else near
    if near is not None:
        return f"{near.row.name} is bound to another engine ({near.row.engine}): start a worker that has that one"
    if wanted:
        environments = ", ".join(sorted({run.configuration.environment.id for run in wanted})[:MOST_NAMED])
        return (
            f"it can make no environment that a run is for ({environments}): install or name (--env-module) what does"
        )
    return None


def list_environments(memory: Memory) -> list[EnvironmentView]:
    """What connected workers can make, by id."""
    counts: dict[str, int] = {}
    for worker in memory.workers.serving():
        for id in worker.engines:
            counts[id] = counts.get(id, 0) + 1
    return [
        EnvironmentView(
            id=id,
            family="atari" if id.startswith(ATARI_PREFIX) or is_classic(id) else "vector",
            workers=workers,
            description=memory.descriptions.any_of(id),
        )
        for id, workers in sorted(counts.items())
    ]


def state_of(worker: Worker, *, busy: bool) -> WorkerState:
    """`busy`: whether it holds work."""
    if worker.exclusion is not None:
        return "set aside"
    if worker.state != "connected":
        return worker.state
    return "working" if busy else "idle"
