"""Asks workers what an environment is, and binds waiting runs to what they answer."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from evolution.architectures import Architecture
from evolution.configuration import RunConfiguration
from evolution.environments import Environment, EnvironmentDescription
from evolution.layouts import UnsuitableArchitecture, resolve_architecture
from server.service.active_run import ActiveRun
from server.service.errors import InvalidConfiguration
from server.service.memory import Memory
from server.service.offer_work import offer_run, serve_waiters
from server.service.tell_watchers import tell_of_run
from server.storage import engines, runs

logger = logging.getLogger(__name__)

DESCRIBE_SECONDS = 10.0
"""How long whoever creates a run waits for a worker's description."""


@dataclass(frozen=True)
class Played:
    """How a run is played: on which engine, by which network."""

    description: EnvironmentDescription
    architecture: Architecture

    @classmethod
    def of(cls, configuration: RunConfiguration, description: EnvironmentDescription) -> Self:
        """The network of the configuration, shaped for the environment.

        Raises:
            InvalidConfiguration: it does not fit, or nothing does.
        """
        if description.actions is None or not description.architectures:
            reason = description.problem or "No policy fits its observations and actions: choose another environment"
            raise InvalidConfiguration([{"field": "environment.id", "message": reason}])
        try:
            found = resolve_architecture(configuration.architecture, configuration.hidden, description)
        except UnsuitableArchitecture as error:
            raise InvalidConfiguration([{"field": "architecture", "message": str(error)}]) from error
        return cls(description, found)

    @property
    def engine(self) -> str:
        """What the scores will rest on."""
        return self.description.engine

    def columns(self, engine_id: int) -> dict[str, Any]:
        """What a bound run's row holds of it."""
        return {
            "engine_id": engine_id,
            "architecture": self.architecture.model_dump(mode="json"),
            "description": self.description.model_dump(mode="json"),
        }


def engine_of(memory: Memory, environment: Environment) -> str | None:
    """The engine that most slots have for the environment; None if no connected worker can make it."""
    engines_slots = memory.workers.announced().get(environment.id)
    return max(engines_slots, key=lambda engine: (engines_slots[engine], engine)) if engines_slots else None


async def describe_now(
    memory: Memory, environment: Environment, engine: str, seconds: float = DESCRIBE_SECONDS
) -> EnvironmentDescription | None:
    """The description, from memory or from a worker; None if none answers in time."""
    if known := memory.descriptions.find(environment, engine):
        return known
    until = memory.clock.monotonic() + seconds
    question = memory.descriptions.ask(environment, engine, until)
    serve_waiters(memory)
    patience = asyncio.ensure_future(memory.clock.sleep(seconds))
    either: set[asyncio.Future[Any]] = {question.answer, patience}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        patience.cancel()
    return question.answer.result() if question.answer.done() else None


def bind_soon(memory: Memory) -> None:
    """Has the environments of waiting runs described, and binds the runs whose environments are."""
    asked = False
    for run in [run for run in memory.runs.values() if run.state == "waiting" and not run.lock.locked()]:
        environment = run.configuration.environment
        engine = engine_of(memory, environment)
        if engine is None:
            continue
        if description := memory.descriptions.find(environment, engine):
            memory.start_task(partial(bind_run, memory, run, description), "run.bind")
        else:
            memory.descriptions.ask(environment, engine, memory.clock.monotonic() + DESCRIBE_SECONDS)
            asked = True
    if asked:
        serve_waiters(memory)


async def bind_run(memory: Memory, run: ActiveRun, description: EnvironmentDescription) -> None:
    """Starts a waiting run, or marks it as failed when nothing fits."""
    async with run.lock:
        if run.state != "waiting":
            return
        changes: dict[str, Any]
        async with memory.storage.transaction(memory.epoch) as connection:
            try:
                played = Played.of(run.configuration, description)
                changes = {"state": "running", **played.columns(await engines.number(connection, played.engine))}
            except InvalidConfiguration as error:
                reason = "; ".join(item["message"] for item in error.errors)
                changes = {"state": "failed", "state_reason": reason, "finished_at": memory.clock.now()}
            await runs.change(connection, run.id, changes)
            row = await runs.find(connection, run.id)
        if row is None:
            return
        run.replace_row(row)
        memory.remember(run)
        offer_run(memory, run)
        logger.info("action=run.bind run=%s state=%s engine=%s", run.id, row.state, row.engine)
        tell_of_run(memory, run)
