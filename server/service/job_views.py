"""Jobs and rollouts as they are shown, and told of to those who watch."""

from collections.abc import Sequence
from typing import Literal

from evolution.environments import Environment
from evolution.selection import summarize
from server.policy_views import EliteView, JobView, RolloutView, VerificationView
from server.service.errors import NotFound
from server.service.load_run import find_row
from server.service.memory import Memory
from server.service.pages import read_cursor, read_moment, write_cursor
from server.service.protocols import protocol_of
from server.storage import generations, jobs, rollouts
from server.storage.jobs import JobRow, JobScore
from server.storage.rollouts import RolloutRow
from server.views import Page, ScoreSummary

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]


def view_rollout(row: RolloutRow) -> RolloutView:
    """One episode that is recorded or shall be. While it waits, its score is the one that it must find again."""
    plain = ("id", "policy", "seed", "label", "state", "problem", "score", "steps", "frames", "engine")
    return RolloutView.model_validate(
        {
            **{name: getattr(row, name) for name in (*plain, "video", "poster", "created_at")},
            "environment_id": row.environment["id"],
            "digest": row.digest.hex() if row.digest else None,
            "verified": _view_verification(row),
        }
    )


def _view_verification(row: RolloutRow) -> VerificationView | None:
    if row.verified_at is None:
        return None
    return VerificationView(at=row.verified_at, engine=row.verified_engine, problem=row.verified_problem)


def standing(rows: Sequence[RolloutRow]) -> RolloutRow | None:
    """The rollout that stands for its policy: with a picture rather than without, then the median one, else any."""
    order = ("median", "library", "asked", "best", "worst")
    return min(rows, key=lambda row: (not row.poster, order.index(row.label)), default=None)


def view_job(memory: Memory, row: JobRow, scores: Sequence[JobScore]) -> JobView:
    """One job, with the scores so far."""
    environment = Environment.model_validate(row.environment)
    counts = bool(scores) and row.kind != "verification"
    summary = summarize([s.score for s in scores], [s.digest for s in scores]) if counts else None
    return JobView(
        id=row.id,
        kind=row.kind,
        policy=row.policy,
        rollout=row.rollout_id,
        environment=environment,
        protocol=protocol_of(environment),
        state=_state(memory, row, len(scores)),
        problem=row.problem or _delay(memory, row),
        done=row.episodes if row.state == "done" else len(scores),
        total=row.episodes,
        score=ScoreSummary.model_validate(summary._asdict()) if summary else None,
        created_at=row.created_at,
    )


def _state(memory: Memory, row: JobRow, done: int) -> JobState:
    if row.state == "open":
        return "running" if done or memory.jobs.schedule.is_held(row.id) else "waiting"
    return row.state


def _delay(memory: Memory, row: JobRow) -> str | None:
    """Why nobody plays a job that is open."""
    job, environment = memory.jobs.find(row.id), row.environment["id"]
    if row.state != "open" or job is None:
        return None
    if environment not in memory.workers.announced():
        return f"Waits for a worker that can play {environment}."
    if job.done and job.engine and not memory.workers.can_play(environment, job.engine):
        return f"Waits for a worker with the engine of its first scores, {job.engine}: no other's may be added to them."
    return None


async def list_jobs(
    memory: Memory, policy: str | None, state: JobState | None, cursor: str | None, limit: int
) -> Page[JobView]:
    """Jobs that people asked for, newest first. Raises InvalidConfiguration (the cursor)."""
    place = read_cursor(cursor, str, str)
    before = (read_moment(place[0]), place[1]) if place else None
    states = None if state is None else ["open" if state in {"waiting", "running"} else state]
    async with memory.storage.reading() as connection:
        rows = await jobs.page(connection, policy, states, before, limit + 1)
        scores = await jobs.scores(connection, [row.id for row in rows[:limit]])
    items = [view_job(memory, row, scores[row.id]) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(
        # Whether an open one is being played is known here alone.
        items=[item for item in items if state in {None, item.state}],
        next_cursor=write_cursor(rows[limit - 1].created_at.isoformat(), rows[limit - 1].id) if more else None,
    )


async def show_job(memory: Memory, id: str) -> JobView:
    """Raises NotFound."""
    async with memory.storage.reading() as connection:
        row = await jobs.find(connection, id)
        scores = await jobs.scores(connection, [id])
    if row is None:
        raise NotFound(f"There is no job {id}.")
    return view_job(memory, row, scores[id])


async def find_rollout(memory: Memory, id: str) -> RolloutRow:
    """Raises NotFound."""
    async with memory.storage.reading() as connection:
        row = await rollouts.find(connection, id)
    if row is None:
        raise NotFound(f"There is no rollout {id}.")
    return row


async def list_elites(memory: Memory, id: str) -> list[EliteView]:
    """The elite of each closed generation of the run. Raises NotFound."""
    await find_row(memory, id)
    async with memory.storage.reading() as connection:
        return [EliteView(**row._asdict()) for row in await generations.elites(connection, id)]


async def tell_of_job(memory: Memory, id: str) -> None:
    """The job was created or changed."""
    async with memory.storage.reading() as connection:
        row = await jobs.find(connection, id)
        scores = await jobs.scores(connection, [id])
    if row is not None and row.asked_by == "person":
        view = view_job(memory, row, scores[id]).model_dump(mode="json")
        memory.events.publish(["jobs"], "job.changed", job=view)


async def tell_of_rollout(memory: Memory, id: str) -> None:
    """The rollout was created, recorded or given up, or its video or poster is there now."""
    async with memory.storage.reading() as connection:
        row = await rollouts.find(connection, id)
    if row is not None:
        memory.events.publish(["rollouts"], "rollout.changed", rollout=view_rollout(row).model_dump(mode="json"))
