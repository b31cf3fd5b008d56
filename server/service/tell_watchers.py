"""Publishes what changed: each run's progress and the workers at most once a second, changes of state at once."""

from collections.abc import Mapping
from typing import Any

from server.service.active_run import ActiveRun
from server.service.generation_views import view_generation
from server.service.memory import Memory
from server.service.run_views import idle_reason, summarize_run
from server.service.worker_views import list_workers
from server.storage.runs import RunRow


def tell_of_run(memory: Memory, run: ActiveRun | RunRow) -> None:
    """The run was created or changed."""
    row = run.row if isinstance(run, ActiveRun) else run
    memory.changed.discard(row.id)
    summary = summarize_run(memory, row).model_dump(mode="json")
    memory.events.publish(["runs", f"runs/{row.id}"], "run.changed", run=summary)


def tell_of_deletion(memory: Memory, id: str) -> None:
    """The run is gone."""
    # Policies left the library with it.
    memory.events.publish(["runs", f"runs/{id}", "policies"], "run.deleted", run_id=id)


def tell_of_generation(memory: Memory, id: str, row: Mapping[str, Any]) -> None:
    """A generation was closed; `row`: of the table `generations`. The elite's chain, which is long, is left out."""
    view = view_generation(memory, row).model_copy(update={"elite_seeds": None}).model_dump(mode="json")
    memory.events.publish([f"runs/{id}"], "generation.closed", run_id=id, generation=view)


def tell_changes(memory: Memory) -> None:
    """What changed within the last second."""
    reasons = {id: idle_reason(memory, run) for id, run in memory.runs.items()}
    memory.changed.update(id for id, reason in reasons.items() if reason != memory.reasons_told.get(id))
    memory.reasons_told = reasons
    for run in [memory.runs[id] for id in memory.changed if id in memory.runs]:
        tell_of_run(memory, run)
    memory.changed.clear()
    if not memory.events.watched:
        return
    workers = [view.model_dump(mode="json") for view in list_workers(memory)]
    if workers != memory.workers_told:
        memory.workers_told = workers
        memory.events.publish_whole(["workers"], "workers.changed", workers=workers)
