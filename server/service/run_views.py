"""Runs as they are shown: what is stored, with the live progress of those that go on."""

from typing import Any

from evolution.configuration import RunConfiguration
from evolution.messages import Phase
from server.service.active_run import ActiveRun
from server.service.check_generation import tell_of_dispute
from server.service.memory import Memory
from server.service.pages import read_cursor, read_moment, write_cursor
from server.service.run_costs import cost_run
from server.storage import runs
from server.storage.runs import RunRow
from server.views import Page, Progress, RunDetail, RunState, RunSummary


async def list_runs(memory: Memory, state: RunState | None, cursor: str | None, limit: int) -> Page[RunSummary]:
    """Runs, newest first, of one state or all. Raises InvalidConfiguration (the cursor)."""
    place = read_cursor(cursor, str, str)
    before = (read_moment(place[0]), place[1]) if place else None
    async with memory.storage.reading() as connection:
        rows = await runs.page(connection, [state] if state else None, before, limit + 1)
    items = [summarize_run(memory, row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(
        items=items,
        next_cursor=write_cursor(rows[limit - 1].created_at.isoformat(), rows[limit - 1].id) if more else None,
    )


def summarize_run(memory: Memory, row: RunRow) -> RunSummary:
    """The run in a list."""
    return RunSummary.model_validate(_summary(memory, row))


def detail_run(memory: Memory, row: RunRow) -> RunDetail:
    """The run whole."""
    run = memory.runs.get(row.id)
    details = {
        "configuration": RunConfiguration.model_validate((run.row if run else row).configuration),
        "architecture": row.architecture,
        "engine": row.engine,
        "description": row.description,
        "cloned_from": row.cloned_from,
    }
    return RunDetail.model_validate(_summary(memory, row) | details)


def _summary(memory: Memory, stored: RunRow) -> dict[str, Any]:
    run = memory.runs.get(stored.id)
    row, now = run.row if run else stored, memory.clock.monotonic()
    meter = run.meter(now) if run else None
    frames = row.frames + (meter.open_frames if meter else row.open_frames)
    active_seconds = meter.active_seconds if meter else row.active_seconds
    used = {"generations": row.generation + share_done(run), "frames": frames, "seconds": active_seconds} if run else {}
    spent, price = run.spent if run else row.spent, memory.settings.core_hour_price
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "state_reason": row.state_reason or (idle_reason(memory, run) if run else None),
        "environment_id": row.configuration["environment"]["id"],
        "architecture_name": row.configuration["architecture"],
        "preset": row.preset,
        "generation": row.generation,
        "frames": frames,
        "steps": row.steps + (meter.open_steps if meter else row.open_steps),
        "active_seconds": active_seconds,
        "best": row.best,
        "best_elite": row.best_elite,
        "elite": row.elite,
        "mean": row.mean,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "progress": show_progress(run, now) if run and run.row.engine else None,
        "cost": cost_run(spent, price, used, row.configuration["budget"], row.best),
        "sparkline": row.sparkline,
        "playable": is_playable(memory, row),
    }


def show_progress(run: ActiveRun, now: float) -> Progress:
    """Where the open generation stands. `seconds_left`: until it closes, at the present speed."""
    current = run.open.current
    rate = run.episode_rate.value(now)
    to_play = current.total - current.done + episodes_to_come(run)
    return Progress(
        generation=run.open.number,
        phase=_PHASES[current.phase],
        done=current.done,
        total=current.total,
        frames_per_second=run.frame_rate.value(now) if run.state == "running" else 0.0,
        seconds_left=to_play / rate if rate > 0 and run.state == "running" else None,
    )


def share_done(run: ActiveRun) -> float:
    """How much of the open generation's episodes are played, at most 1."""
    configuration, current = run.configuration, run.open.current
    whole = configuration.population * configuration.episodes + configuration.test_episodes
    whole += configuration.candidates * configuration.validation_episodes
    return max(0.0, 1 - (current.total - current.done + episodes_to_come(run)) / whole)


def episodes_to_come(run: ActiveRun) -> int:
    """Episodes of the open generation's later phases."""
    configuration, phase = run.configuration, run.open.current.phase
    validation = configuration.candidates * configuration.validation_episodes
    return (validation if phase < Phase.VALIDATION else 0) + (configuration.test_episodes if phase < Phase.TEST else 0)


def is_playable(memory: Memory, row: RunRow) -> bool | None:
    """Whether a connected worker has the run's engine; None if there is nothing to compare, or the run has ended."""
    environment = row.configuration["environment"]["id"]
    if row.finished_at or not row.engine or environment not in memory.workers.announced():
        return None
    return memory.workers.can_play(environment, row.engine)


def idle_reason(memory: Memory, run: ActiveRun) -> str | None:
    """Why a run that could go on does not. It goes on by itself once a worker that can play it connects."""
    environment = run.configuration.environment.id
    if is_playable(memory, run.row) is False:
        theirs = " or ".join(sorted(memory.workers.announced()[environment]))
        return (
            f"Its engine was {run.row.engine}, the connected workers' is {theirs}, whose scores are not comparable: "
            "clone it to begin again with the new engine, or start another run (neuroevo up --new)."
        )
    if run.state == "running" and run.row.engine and not memory.workers.can_play(environment, run.row.engine):
        trouble = memory.descriptions.trouble(environment, run.row.engine)
        why = f" The last one gave it up: {trouble}" if trouble else ""
        return f"No connected worker plays {environment} with this run's engine ({run.row.engine}).{why}"
    if run.state == "running" and (quarrel := tell_of_dispute(memory, run)):
        return quarrel
    if run.state == "waiting" and not memory.workers.connected():
        return f"Waits for a worker that can play {environment}."
    if run.state == "waiting" and environment not in memory.workers.announced():
        return f"No connected worker can play {environment}."
    if run.state == "waiting":
        return f"Waits for a worker to describe {environment}."
    return None


_PHASES = {Phase.EVALUATION: "evaluation", Phase.VALIDATION: "validation", Phase.TEST: "test"}
