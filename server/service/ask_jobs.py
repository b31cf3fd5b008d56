"""Jobs that people ask for: tests of policies here, what else `new_job` makes elsewhere. Cancelling them."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from evolution.environments import Environment
from server.policy_views import JobView
from server.service.errors import Conflict, FieldError, InvalidConfiguration, NotFound, UnknownEnvironment
from server.service.job_ranks import TEST_RANK
from server.service.job_views import show_job, tell_of_job, tell_of_rollout
from server.service.memory import Memory
from server.service.names import ALPHABET
from server.service.offer_work import serve_waiters
from server.service.open_jobs import OpenJob
from server.service.show_policy import find_policy
from server.storage import jobs, rollouts
from server.storage.database import Connection
from server.storage.jobs import JobRow

logger = logging.getLogger(__name__)

ID_LENGTH = 10
"""Of 30 characters each: no two of them are ever the same."""
MOST_OPEN = 1000
"""Jobs that people may have open at once."""


async def test_policy(memory: Memory, id: str, episodes: int, environment: Mapping[str, Any] | None) -> JobView:
    """Has the policy played on fresh episodes; the options of its environment may be changed.

    Raises:
        NotFound: no such policy. InvalidConfiguration: another environment, or no such options.
        UnknownEnvironment: workers are connected, but none can make it. Conflict: too many jobs are open.
    """
    id, document = await find_document(memory, id)
    played = _played(document, environment or {})
    job = new_job(memory, "test", "person", id, document, played=played.model_dump(mode="json"), episodes=episodes)
    job.rank = TEST_RANK
    check_open(memory, played.id)
    async with memory.storage.transaction(memory.epoch) as connection:
        await store_job(connection, job)
    await begin(memory, job)
    return await show_job(memory, job.row.id)


async def cancel_job(memory: Memory, id: str) -> None:
    """Ends an open job; what was played of it stays. Raises NotFound."""
    async with memory.storage.transaction(memory.epoch) as connection:
        row = await jobs.lock(connection, id)
        if row is None:
            raise NotFound(f"There is no job {id}.")
        if row.state == "open":
            await jobs.change(connection, id, {"state": "cancelled", "finished_at": memory.clock.now()})
            await _give_up(connection, row, "Its recording was cancelled. Ask for it again.")
    memory.jobs.close(id)
    logger.info("action=job.cancel job=%s", id)
    await _tell_of_end(memory, row)


async def fail_job(memory: Memory, id: str, problem: str) -> None:
    """Ends an open job that cannot be played."""
    async with memory.storage.transaction(memory.epoch) as connection:
        row = await jobs.lock(connection, id)
        if row is not None and row.state == "open":
            values = {"state": "failed", "problem": problem, "finished_at": memory.clock.now()}
            await jobs.change(connection, id, values)
            await _give_up(connection, row, problem)
    memory.jobs.close(id)
    logger.warning("action=job.fail job=%s problem=%s", id, problem)
    if row is not None:
        await _tell_of_end(memory, row)


async def _tell_of_end(memory: Memory, row: JobRow) -> None:
    await tell_of_job(memory, row.id)
    if row.rollout_id:
        await tell_of_rollout(memory, row.rollout_id)


async def _give_up(connection: Connection, row: JobRow, problem: str) -> None:
    """The rollout of a recording that ended keeps what it has; a verification that ended says nothing of it."""
    is_recording = row.kind == "recording" and row.rollout_id is not None
    rollout = await rollouts.find(connection, row.rollout_id or "") if is_recording else None
    if rollout is not None:
        state = "recorded" if rollout.state == "recorded" else "failed"
        await rollouts.change(connection, rollout.id, {"problem": problem, "state": state})


async def find_document(memory: Memory, id: str) -> tuple[str, dict[str, Any]]:
    """Id and document of the policy whose id is, or begins, so. Raises NotFound, AmbiguousPolicy."""
    async with memory.storage.reading() as connection:
        row, insides = await find_policy(connection, id)
    return row.id, insides.document


def _played(document: Mapping[str, Any], changes: Mapping[str, Any]) -> Environment:
    own = document["environment"]
    if changes.get("id", own["id"]) != own["id"]:
        message = f"This policy plays {own['id']} alone; its options can be changed"
        raise _invalid([{"field": "environment.id", "message": message}])
    options = changes.get("options", {})
    if not isinstance(options, Mapping) or set(changes) - {"id", "options"}:
        raise _invalid([{"field": "environment", "message": 'Give its options, as in {"options": {…}}'}])
    try:
        return Environment.model_validate({"id": own["id"], "options": {**own["options"], **options}})
    except ValidationError as error:
        found = [(item["loc"], item["msg"]) for item in error.errors()]
        raise _invalid(
            [{"field": ".".join(map(str, ("environment", *place))), "message": text} for place, text in found]
        ) from error


def _invalid(errors: list[FieldError]) -> InvalidConfiguration:
    return InvalidConfiguration(errors)


def check_open(memory: Memory, environment: str) -> None:
    """Returns if another job may be asked for. Raises UnknownEnvironment, Conflict."""
    if memory.workers.connected() and environment not in memory.workers.announced():
        raise UnknownEnvironment(f"No connected worker can make {environment!r}. Start a worker that can.")
    if memory.jobs.count >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN:,} jobs are open: wait until some are done, or cancel some.")


def draw_id() -> str:
    """A new id of a job or a rollout."""
    return "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))


def new_rollout(memory: Memory, policy: str, seed: int, label: str) -> dict[str, Any]:
    """The row of a rollout that waits."""
    return {
        "id": draw_id(), "policy": policy, "seed": seed, "label": label, "state": "waiting",
        "created_at": memory.clock.now(),
    }  # fmt: skip


def new_job(
    memory: Memory,
    kind: Any,
    asked_by: Any,
    policy: str,
    document: dict[str, Any],
    *,
    played: dict[str, Any] | None = None,
    rollout: str | None = None,
    episodes: int = 1,
) -> OpenJob:
    """A job that is not stored yet. `played`: the environment if it is not the policy's own."""
    environment = played or document["environment"]
    row = JobRow(
        draw_id(), kind, asked_by, policy, environment, rollout, episodes, "open", None, memory.clock.now(), None
    )
    return OpenJob(row, document)


async def store_job(connection: Connection, *stored: OpenJob) -> None:
    """Stores jobs; only then they may begin."""
    await jobs.add(connection, [{**vars(job.row), "document": job.document} for job in stored])


async def begin(memory: Memory, job: OpenJob) -> None:
    """Hands the stored job out, and tells of it."""
    memory.jobs.offer(job)
    serve_waiters(memory)
    logger.info("action=job.create job=%s kind=%s policy=%s", job.row.id, job.row.kind, job.row.policy[:12])
    await tell_of_job(memory, job.row.id)
    if job.row.rollout_id:
        await tell_of_rollout(memory, job.row.rollout_id)
