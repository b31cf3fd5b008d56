"""Builds a run's memory from what is stored: at the master's start, and when something comes for an ended run."""

import asyncio
import logging
from collections.abc import Sequence

from evolution.configuration import RunConfiguration
from evolution.lineage import Birth, Lineage
from server.service.active_run import ActiveRun, Stopwatch, ended, run_seed
from server.service.errors import NotFound
from server.service.memory import Memory
from server.service.offer_work import offer_run
from server.service.open_generation import open_generation
from server.service.rates import Rate
from server.storage import costs, generations, results, runs
from server.storage.results import Scored
from server.storage.runs import RunRow

logger = logging.getLogger(__name__)

LOAD_SECONDS = 60.0
"""A run of many thousand generations may take this long to read."""


async def find_run(memory: Memory, id: str) -> ActiveRun:
    """The run, from memory or from storage.

    Raises:
        NotFound: there is none of this id.
    """
    if run := memory.recall(id):
        return run
    run = await load_run(memory, await find_row(memory, id))
    memory.remember(run)
    offer_run(memory, run)
    return run


async def adopt_strays(memory: Memory) -> None:
    """Takes up runs that go on in storage but not in memory: created by a commit whose answer was lost.

    Raises:
        DatabaseUnavailable: the next call may come through.
    """
    async with memory.storage.reading() as connection:
        rows = await runs.active(connection)
    missed = [row.id for row in rows if memory.recall(row.id) is None]
    for id in memory.stray_runs.overdue(missed, memory.clock.monotonic()):
        logger.warning("action=run.adopt run=%s", id)
        memory.changed.add((await find_run(memory, id)).id)


async def find_row(memory: Memory, id: str) -> RunRow:
    """What is stored of the run itself. Raises NotFound."""
    async with memory.storage.reading() as connection:
        row = await runs.find(connection, id)
    if row is None:
        raise NotFound(f"There is no run {id}: name a run by its id, or by name and id, like brave-otter-k3f9x2.")
    return row


async def load_run(memory: Memory, row: RunRow) -> ActiveRun:
    """The run as it follows from what is stored. Nothing of it is handed out yet."""
    configuration = RunConfiguration.model_validate(row.configuration)
    async with memory.storage.reading(seconds=LOAD_SECONDS) as connection:
        selected = [chosen async for chosen in generations.parents(connection, row.id)]
        carried = await generations.elite(connection, row.id, row.generation - 1)
        stored = await results.of_generation(connection, row.id, row.generation)
        spent = row.spent if ended(row) else await costs.of_run(connection, row.id)
    # In a thread: the descent of thousands of generations is a second's arithmetic, for which no request should wait.
    lineage = await asyncio.to_thread(_descend, configuration, selected)
    now = memory.clock.monotonic()
    return ActiveRun(
        row=row,
        configuration=configuration,
        lineage=lineage,
        carried=carried,
        open=open_generation(configuration, row.generation, carried, stored),
        stopwatch=Stopwatch(row.active_seconds),
        frame_rate=Rate(now),
        episode_rate=Rate(now),
        spent=spent,
    )


def _descend(configuration: RunConfiguration, selected: Sequence[tuple[int, list[Birth]]]) -> Lineage:
    lineage = Lineage(run_seed(configuration), configuration.population)
    for number, births in selected:
        lineage.close(number, births)
    return lineage


async def reload_open_generation(memory: Memory, run: ActiveRun) -> list[Scored] | None:
    """Reads again what is done and missing, with the next phase opened where one is complete.

    Gives the generation's results if they are all there.
    """

    async def read() -> list[Scored]:
        async with memory.storage.reading() as connection:
            return await results.of_generation(connection, run.id, run.open.number)

    return await run.reopen(read)
