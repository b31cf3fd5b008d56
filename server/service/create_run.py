"""Creates and clones runs."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from evolution.configuration import PRESETS, UINT32_MAX, Preset, RunConfiguration
from evolution.environments import options_of
from server.service.describe_environment import Played, bind_soon, describe_now, engine_of
from server.service.errors import FieldError, InvalidConfiguration, UnknownEnvironment
from server.service.load_run import find_row, load_run
from server.service.memory import Memory
from server.service.names import draw_id, draw_name
from server.service.offer_work import offer_run
from server.service.tell_watchers import tell_of_run
from server.storage import engines, runs
from server.storage.runs import RunRow

logger = logging.getLogger(__name__)

NAME_LENGTH = 100


class Origin(NamedTuple):
    """What a run's configuration was made from."""

    preset: str | None = None
    run: str | None = None


async def create_run(
    memory: Memory,
    preset: Preset | None,
    name: str | None,
    configuration: Mapping[str, Any],
) -> RunRow:
    """A new run of the preset's configuration with `configuration` merged over it; it starts at once if it can.

    Raises:
        InvalidConfiguration: of a field, or the network does not fit the environment.
        UnknownEnvironment: workers are connected, but none of them can make the environment.
    """
    merged = merge(PRESETS[preset], configuration) if preset else dict(configuration)
    return await start_run(memory, validate(merged), name, Origin(preset=preset))


async def clone_run(memory: Memory, id: str, name: str | None, changes: Mapping[str, Any]) -> RunRow:
    """A new run with another's configuration, `changes` merged over it; its seed is drawn anew unless given.

    Raises:
        NotFound: no such run. InvalidConfiguration, UnknownEnvironment: as `create_run`.
    """
    row = await find_row(memory, id)
    merged = merge({**row.configuration, "seed": None}, changes)
    return await start_run(memory, validate(merged), name, Origin(row.preset, id))


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` over `base`, member by member at any depth; options of another family of environments are let go."""
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(_fitting(below, value) if key == "environment" else below, value)
        else:
            merged[key] = value
    return merged


def _fitting(environment: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The environment's settings, but for options that the changed one does not have."""
    before, after = environment.get("id"), changes.get("id")
    if isinstance(before, str) and isinstance(after, str) and options_of(before) is not options_of(after):
        return {**environment, "options": {}}
    return environment


def validate(values: Mapping[str, Any]) -> RunConfiguration:
    """The configuration.

    Raises:
        InvalidConfiguration: with every field that is wrong.
    """
    try:
        return RunConfiguration.model_validate(values)
    except ValidationError as error:
        raise InvalidConfiguration([_field_error(item) for item in error.errors()]) from error


def _field_error(item: Mapping[str, Any]) -> FieldError:
    field = ".".join(str(part) for part in item["loc"])
    message = "There is no such field" if item["type"] == "extra_forbidden" else item["msg"]
    return {"field": field or "configuration", "message": message.removeprefix("Value error, ")}


async def start_run(memory: Memory, configuration: RunConfiguration, name: str | None, origin: Origin) -> RunRow:
    """Stores the run and hands its work out; without a worker that can play it, it waits."""
    if configuration.seed is None:
        configuration = configuration.model_copy(update={"seed": secrets.randbelow(UINT32_MAX + 1)})
    played = await _describe(memory, configuration)
    row = await _store(memory, configuration, checked_name(name), origin, played)
    run = await load_run(memory, row)
    memory.remember(run)
    offer_run(memory, run)
    tell_of_run(memory, run)
    bind_soon(memory)
    logger.info("action=run.create run=%s name=%s state=%s", row.id, row.name, row.state)
    return row


def checked_name(name: str | None) -> str:
    """The name, or one that is made up.

    Raises:
        InvalidConfiguration: it is empty or too long.
    """
    stripped = draw_name() if name is None else name.strip()
    if not 1 <= len(stripped) <= NAME_LENGTH or not stripped.isprintable():
        message = f"Give 1 to {NAME_LENGTH} printable characters"
        raise InvalidConfiguration([{"field": "name", "message": message}])
    return stripped


async def _describe(memory: Memory, configuration: RunConfiguration) -> Played | None:
    """How it will be played; None if no worker can tell now."""
    environment = configuration.environment
    if not memory.workers.connected():
        return None
    engine = engine_of(memory, environment)
    if engine is None:
        known = ", ".join(sorted(memory.workers.announced())[:5]) or "none"
        raise UnknownEnvironment(
            f"No connected worker can make {environment.id!r}. Choose one that is listed (such as {known}), or start a "
            "worker that can."
        )
    description = await describe_now(memory, environment, engine)
    return Played.of(configuration, description) if description else None


async def _store(
    memory: Memory, configuration: RunConfiguration, name: str, origin: Origin, played: Played | None
) -> RunRow:
    async with memory.storage.transaction(memory.epoch) as connection:
        values: dict[str, Any] = {
            "id": draw_id(),
            "name": name,
            "state": "running" if played else "waiting",
            "configuration": configuration.model_dump(mode="json"),
            "preset": origin.preset,
            "cloned_from": origin.run,
            "created_at": memory.clock.now(),
        }
        if played:
            values |= played.columns(await engines.number(connection, played.engine))
        while not await runs.add(connection, values):
            values["id"] = draw_id()
        row = await runs.find(connection, values["id"])
    if row is None:
        raise LookupError(f"run {values['id']} vanished while it was created")
    return row
