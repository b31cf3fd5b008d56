"""Takes a policy into the library from its document."""

import asyncio
import logging
from math import prod
from typing import Any, NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from evolution.chains import ChainError, SeedChain, policy_id, read_chain
from evolution.environments import AtariOptions, BoxActions, EnvironmentDescription
from evolution.layouts import parameter_count
from server.policy_views import PolicyDetail
from server.service.describe_environment import describe_now, engine_of
from server.service.document_scores import Told, read_scores
from server.service.errors import InvalidPolicy
from server.service.labels import PolicyName, Tags
from server.service.memory import Memory
from server.service.policy_views import policy_columns, tell_of_policy
from server.service.show_policy import show_policy
from server.storage import policies

logger = logging.getLogger(__name__)

DESCRIBE_SECONDS = 3.0
"""How long an import waits for a worker to tell how many actions a game has."""
MOST_PARAMETERS = 100_000_000
ATARI_ACTIONS = 18
NAME: TypeAdapter[str] = TypeAdapter(PolicyName)
TAGS: TypeAdapter[list[str]] = TypeAdapter(Tags)


class Brought(NamedTuple):
    """A document taken apart."""

    id: str
    chain: SeedChain
    name: str | None
    tags: list[str]
    scores: list[Told]


async def import_policy(memory: Memory, document: bytes) -> tuple[PolicyDetail, bool]:
    """The policy in the library, and whether it is new there; one that is there already stays as it is.

    Raises:
        InvalidPolicy: the document is no seed chain, or none that can play what it says.
    """
    brought = await asyncio.to_thread(take_apart, document)
    async with memory.storage.reading() as connection:
        is_known = await policies.find(connection, brought.id) is not None
    if not is_known:
        await _check_actions(memory, brought.chain)
    is_new = not is_known and await _store(memory, brought)
    if is_new:
        logger.info("action=policy.import policy=%s", brought.id)
    return await show_policy(memory, brought.id), is_new


def take_apart(document: bytes | str) -> Brought:
    """Chain, name, tags and scores of a document. Raises InvalidPolicy."""
    try:
        return unpack(read_chain(document))
    except ChainError as error:
        raise InvalidPolicy(_sentence(str(error))) from error


def unpack(chain: SeedChain) -> Brought:
    """The same of a chain with what came along with it. Raises InvalidPolicy."""
    if parameter_count(chain.architecture) > MOST_PARAMETERS:
        raise InvalidPolicy(f"Its network has more than {MOST_PARAMETERS:,} parameters: this server takes none such.")
    further = chain.__pydantic_extra__
    if _has_nul(further):
        raise InvalidPolicy("A member holds the character NUL, which the database cannot keep: remove it.")
    return Brought(
        policy_id(chain),
        chain,
        None if further.get("name") is None else _read(NAME, "name", further["name"]),
        _read(TAGS, "tags", further.get("tags") or []),
        _scores(further.get("scores") or []),
    )


def _read(kind: TypeAdapter[Any], member: str, value: object) -> Any:
    try:
        return kind.validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, (member, *first["loc"])))
        raise InvalidPolicy(f"{place[:100]}: {first['msg'].removeprefix('Value error, ')}") from error


def _scores(value: object) -> list[Told]:
    try:
        return read_scores(value)
    except ValueError as error:
        raise InvalidPolicy(str(error)) from error


def _has_nul(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return any("\0" in key or _has_nul(member) for key, member in value.items())
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


async def _check_actions(memory: Memory, chain: SeedChain) -> None:
    """Returns if the network fits what is known of its environment. Raises InvalidPolicy."""
    engine = engine_of(memory, chain.environment)
    description = engine and await describe_now(memory, chain.environment, engine, DESCRIBE_SECONDS)
    problem = misfit(chain, description or None)
    if problem:
        raise InvalidPolicy(problem)


def misfit(chain: SeedChain, description: EnvironmentDescription | None) -> str | None:
    """Why the network cannot play its environment, as far as one can know; None if nothing speaks against it."""
    environment, network = chain.environment, chain.architecture
    settings = environment.settings
    if isinstance(settings, AtariOptions) and not settings.minimal_actions and network.actions != ATARI_ACTIONS:
        return f"Its network has {network.actions} actions, but {environment.id} with all actions has {ATARI_ACTIONS}."
    if description is None:
        return None
    if description.actions is None:
        return description.problem
    takes_box = isinstance(description.actions, BoxActions)
    actions = len(description.actions.low) if isinstance(description.actions, BoxActions) else description.actions.n
    if takes_box != getattr(network, "box", False):
        kind = "a box of actions" if takes_box else "discrete actions"
        return f"{environment.id} has {kind}, its network gives the other kind."
    if network.actions != actions:
        return f"Its network has {network.actions} actions, but {environment.id} has {actions} with these options."
    inputs, seen = getattr(network, "inputs", None), prod(description.observation_shape)
    if inputs not in {None, seen}:
        return f"Its network has {inputs} inputs, but {environment.id} has {seen}."
    if inputs is None and description.architectures == ["mlp"]:
        return f"Its network {network.name} sees images, but {environment.id} shows none: only mlp fits."
    return None


async def _store(memory: Memory, brought: Brought) -> bool:
    chain = brought.chain
    name = brought.name or default_name(chain, brought.id)
    values = policy_columns(
        chain, brought.id, name, "imported", memory.clock.now(), tags=brought.tags, scores=brought.scores
    )
    async with memory.storage.transaction(memory.epoch) as connection:
        is_new = await policies.add(connection, values)
        row = await policies.find(connection, brought.id)
    if is_new and row is not None:
        await tell_of_policy(memory, row)
    return is_new


def default_name(chain: SeedChain, id: str) -> str:
    """The game and the id's beginning."""
    game = chain.environment.id.removeprefix("ALE/").rpartition("-v")[0] or chain.environment.id
    return f"{game[:80]} {id[:8]}"
