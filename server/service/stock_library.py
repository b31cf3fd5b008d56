"""What comes into the library by itself: each elite of a run, older runs' elites, the policies that are shipped."""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from evolution.chains import ChainError, parse_chain, policy_id
from evolution.configuration import RunConfiguration
from evolution.lineage import Birth
from evolution.messages import Phase
from policies import shipped
from server.policy_views import PolicyScore
from server.service.active_run import ARCHITECTURE, ActiveRun, chain
from server.service.document_scores import Told, recall, store
from server.service.errors import DatabaseUnavailable, InvalidPolicy
from server.service.import_policy import Brought, default_name, unpack
from server.service.ledger_scores import read_ledger
from server.service.memory import Memory
from server.service.policy_views import policy_columns, score_columns, tell_of_policy
from server.service.protocols import protocol_of
from server.storage import policies, runs
from server.storage.database import Connection
from server.storage.policies import Elite, PolicyRow
from server.storage.runs import RunRow

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
STOCKED_AT_ONCE = 50
"""Elites of one transaction."""


async def keep_elites(
    connection: Connection, run: ActiveRun, births: Iterable[Birth], memory: Memory
) -> list[PolicyRow]:
    """Puts elites of a run into the library, or updates their scores; in the transaction that closes a generation.

    `births`: of the generation's elite, and of the one it was carried from, which played again too.
    """
    kept = []
    for birth in dict.fromkeys(births):
        parent = run.parent(birth)
        elite = Elite(run.id, birth, parent.seeds, memory.clock.now())
        await _keep(connection, run.row, run.configuration, elite, parent.key)
        if row := await policies.find(connection, parent.key):
            kept.append(row)
    return kept


async def stock_library(memory: Memory) -> None:
    """Puts into the library what belongs there and is not there: the policies that came with the product, and elites
    of generations that were closed by versions without a library."""
    brought = await asyncio.to_thread(_unpack_shipped)
    added = STOCKED_AT_ONCE
    while added:
        try:
            async with memory.storage.transaction(memory.epoch) as connection:
                new = await _ship(connection, brought, memory)
                added = await _stock_some(connection)
        except DatabaseUnavailable as error:
            logger.warning("action=library.stock_postponed reason=%s", error)
            await memory.clock.sleep(RETRY_SECONDS)
            continue
        brought = []
        for row in new:
            await tell_of_policy(memory, row)


def _unpack_shipped() -> list[Brought]:
    found = []
    for document in shipped():
        try:
            found.append(unpack(parse_chain(document)))
        except (ChainError, InvalidPolicy) as error:  # The others must not be missing for its sake.
            logger.error("action=library.ship_failed name=%s reason=%s", document.get("name"), error)
    return found


async def _ship(connection: Connection, brought: Sequence[Brought], memory: Memory) -> list[PolicyRow]:
    """Adds those that are missing, but for those that somebody deleted."""
    refused, new = await policies.refused(connection), []
    for each in brought:
        name, now = each.name or default_name(each.chain, each.id), memory.clock.now()
        values = policy_columns(each.chain, each.id, name, "shipped", now, tags=each.tags, scores=each.scores)
        if each.id not in refused and await policies.add(connection, values):
            new.append(await policies.find(connection, each.id))
    return [row for row in new if row is not None]


async def _stock_some(connection: Connection) -> int:
    rows: dict[str, RunRow | None] = {}
    added = 0
    for elite in await policies.missing(connection, STOCKED_AT_ONCE):
        if elite.run not in rows:
            rows[elite.run] = await runs.find(connection, elite.run)
        row = rows[elite.run]
        if row is not None and row.architecture is not None:
            configuration = RunConfiguration.model_validate(row.configuration)
            await _keep(connection, row, configuration, elite)
            added += 1
    return added


async def _keep(
    connection: Connection, row: RunRow, configuration: RunConfiguration, elite: Elite, id: str | None = None
) -> None:
    document = chain(configuration, ARCHITECTURE.validate_python(row.architecture), elite.seeds)
    key = policy_id(document) if id is None else id
    name = f"{row.name}, generation {elite.birth.generation}"
    await policies.add(connection, policy_columns(document, key, name, "run", elite.closed_at))
    await policies.add_birth(connection, row.id, elite.birth, key)
    await _rescore(connection, row, configuration, elite.birth, key)


async def _rescore(connection: Connection, row: RunRow, configuration: RunConfiguration, birth: Birth, id: str) -> None:
    """Lets the policy's score be its tests in this run, or else its validations, if it has either."""
    pooled = await policies.pool(connection, row.id, birth)
    found = pooled.get(Phase.TEST) or pooled.get(Phase.VALIDATION)
    if found is None:
        return
    score = PolicyScore(
        mean=found.mean,
        sd=found.sd,
        n=found.n,
        distinct=found.distinct,
        source="test" if found.phase == Phase.TEST else "validation",
        protocol=protocol_of(configuration.environment),
        engine=row.engine,
    )
    await policies.change(connection, id, score_columns(configuration.environment.id, score))


async def part_with_run(connection: Connection, row: RunRow) -> None:
    """The run is being deleted, and its results with it: what nobody tagged or imported leaves the library.

    What stays takes its episodes along, in the column `scores`.
    """
    for id, birth in (await policies.staying(connection, row.id)).items():
        insides = await policies.insides(connection, id)
        if insides is None:
            continue
        told = [*recall(insides.scores), *map(Told.of, await read_ledger(connection, row, birth))]
        await policies.change(connection, id, {"scores": store(told)})
    await policies.leave(connection, row.id)
