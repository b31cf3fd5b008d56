"""Takes in a run that another server exported: it waits, paused, where it stood."""

import logging
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from evolution.lineage import Birth, Lineage
from server.service.active_run import run_seed
from server.service.change_run import remove_results
from server.service.errors import DatabaseUnavailable, MalformedRun, NotLeading
from server.service.load_run import load_run
from server.service.memory import Memory
from server.service.names import draw_id
from server.service.offer_work import offer_run
from server.service.open_generation import plays
from server.service.run_file import (
    GZIP,
    LONGEST_LINE,
    Counts,
    Line,
    RecheckRow,
    ResultRow,
    StoredRun,
    read_head,
    read_line,
)
from server.service.stock_library import stock_library
from server.service.tell_watchers import tell_of_run
from server.storage import costs, engines, runs, transfers
from server.storage.database import Connection
from server.storage.errors import Unstorable
from server.storage.runs import RunRow

logger = logging.getLogger(__name__)

PIECE = 2**16
ROWS_AT_ONCE = 5000
"""Of one transaction: a long one would hold up heartbeats."""


async def import_run(memory: Memory, content: AsyncIterator[bytes]) -> RunRow:
    """The run, under its own id where that is free. It was going on: it is paused now, for its workers to be seen to.

    Until it is whole it counts as deleted: should this be interrupted, what came of it is removed.

    Raises:
        MalformedRun: the file is damaged, cut short or of a later version; nothing of it stays.
    """
    lines = split(decompress(content))
    run = read_head(await anext(lines, b""))
    if run.generation and (run.engine is None or run.architecture is None):
        raise MalformedRun("The run has generations, but no engine or no network that played them.")
    id = await _begin(memory, run)
    arrival = Arrival(memory, id, run)
    try:
        async for line in lines:
            await arrival.take(line)
        row = await arrival.finish()
        active = await load_run(memory, row)
    except Unstorable as error:
        await _give_up(memory, id)
        raise MalformedRun(f"The file tells what cannot be stored, or something twice: {error}.") from None
    except BaseException:
        await _give_up(memory, id)
        raise
    memory.remember(active)
    offer_run(memory, active)
    tell_of_run(memory, active)
    memory.start_task(partial(stock_library, memory), "library.stock")
    logger.info("action=run.import run=%s from=%s generations=%d", id, run.id, run.generation)
    return row


async def _give_up(memory: Memory, id: str) -> None:
    """Nothing of it stays, even if it was whole already when the connection broke."""
    with suppress(DatabaseUnavailable, NotLeading):
        async with memory.storage.transaction(memory.epoch) as connection:
            await runs.change(connection, id, {"state": "deleted"})
    memory.forget(id)
    memory.start_task(partial(remove_results, memory, id), "run.remove")


async def decompress(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes that were compressed. Raises MalformedRun."""
    unpacker = zlib.decompressobj(wbits=GZIP)
    async for part in content:
        rest = part
        while rest:
            if unpacker.eof:
                raise MalformedRun("Something follows the run's end: the file is damaged. Export it again.")
            try:
                yield unpacker.decompress(rest, PIECE)
            except zlib.error as error:
                raise MalformedRun(f"The file is no gzip file, or damaged: {error}. Export the run again.") from None
            rest = unpacker.unconsumed_tail or unpacker.unused_data
    if not unpacker.eof:
        raise MalformedRun("The file is cut short. Export the run again, or send it whole.")


async def split(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Its lines. Raises MalformedRun."""
    rest = b""
    async for part in content:
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise MalformedRun(f"The file has a line of more than {LONGEST_LINE:,} bytes: it is no exported run.")
        for line in lines:
            yield line
    if rest:
        yield rest


async def _begin(memory: Memory, run: StoredRun) -> str:
    """Stores the run's row; its id."""
    columns = run.model_dump(mode="json", exclude={"id", "engine", "created_at", "finished_at"})
    times = {"created_at": run.created_at, "finished_at": run.finished_at}
    async with memory.storage.transaction(memory.epoch) as connection:
        engine_id = await engines.number(connection, run.engine) if run.engine else None
        values = {**columns, **times, "id": run.id, "engine_id": engine_id, "state": "deleted"}
        while not await runs.add(connection, values):
            values["id"] = draw_id()
    return str(values["id"])


def unpack(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of results or rechecks as they are stored: the digest's bytes last."""
    return [(*row[:-1], bytes.fromhex(row[-1])) for row in rows]


@dataclass
class Arrival:
    """A run on its way in. Each generation is held against those before: descent and chains must agree."""

    memory: Memory
    id: str
    run: StoredRun
    _number: int = 1
    _end: Counts | None = None
    _engine_id: int | None = None
    _found: Counts = field(default_factory=lambda: Counts(candidates=0, results=0))
    _rows: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        configuration = self.run.configuration
        self._lineage = Lineage(run_seed(configuration), configuration.population)

    async def take(self, text: bytes) -> None:
        """One more line. Raises MalformedRun."""
        self._number += 1
        if self._end is not None:
            raise MalformedRun("The run goes on after its end: the file is damaged. Export it again.")
        line = read_line(text, self._number)
        self._check(line)
        if line.results is not None:
            self._rows += unpack(line.results)
            if len(self._rows) >= ROWS_AT_ONCE:
                await self._store_results()
        else:
            await self._store_results()
            await self._store(line)
        self._end = line.end

    async def finish(self) -> RunRow:
        """The run is whole, and there. Raises MalformedRun."""
        if self._end is None or self._lineage.closed != self.run.generation:
            raise MalformedRun("The file is cut short. Export the run again, or send it whole.")
        if self._found != self._end:
            raise MalformedRun(f"The file should have {self._end}, but has {self._found}. Export the run again.")
        going_on = self.run.state in runs.ACTIVE_STATES
        async with self.memory.storage.transaction(self.memory.epoch) as connection:
            await runs.change(connection, self.id, {"state": "paused" if going_on else self.run.state})
            await costs.add_up(connection, self.id, self.run.generation, with_open=self.run.state == "stopped")
            row = await runs.find(connection, self.id)
        if row is None:
            raise LookupError(f"run {self.id} vanished while it was imported")
        return row

    def _check(self, line: Line) -> None:
        """Raises MalformedRun if the line tells of generations that the run does not have. Counts the rest."""
        tried = line.candidates or []
        played: list[ResultRow | RecheckRow] = [
            *(line.results or []),
            *(line.retracted or []),
            *(line.rechecks or []),
        ]
        if any(row[0] >= self.run.generation for row in tried) or any(row[0] > self.run.generation for row in played):
            raise MalformedRun(f"Line {self._number:,} tells of a generation that the run has not come to.")
        strange = next((row for row in played if not plays(self.run.configuration, row[1], row[2], row[3])), None)
        if strange is not None:
            told = f"individual {strange[1]:,}, phase {strange[2]}, episode {strange[3]:,}"
            raise MalformedRun(f"Line {self._number:,} tells of an episode that its runs do not have: {told}.")
        self._found = Counts(
            **{kind: getattr(self._found, kind) + len(getattr(line, kind) or []) for kind in Counts.model_fields}
        )

    async def _store(self, line: Line) -> None:
        async with self.memory.storage.transaction(self.memory.epoch) as connection:
            if line.generation is not None:
                closed = line.generation
                self._descend(closed.number, [Birth(*birth) for birth in closed.parents])
                elite = Birth(closed.elite_born_generation, closed.elite_born_index)
                if elite.generation > closed.number or closed.elite_seeds != self._lineage.seeds(elite):
                    raise MalformedRun(f"Generation {closed.number}: the elite's chain is not what it was bred from.")
                await transfers.add_generation(connection, self.id, closed.model_dump())
            if line.candidates:
                await transfers.add_candidates(connection, self.id, line.candidates)
            if line.retracted:
                rows, engine = unpack(line.retracted), await self._engine(connection)
                await transfers.add_results(connection, self.id, engine, rows, retracted=True)
            if line.rechecks:
                await transfers.add_rechecks(connection, self.id, unpack(line.rechecks))
            if line.prices:
                await costs.add_prices(connection, dict(line.prices))

    def _descend(self, number: int, parents: list[Birth]) -> None:
        try:
            self._lineage.close(number, parents)
        except ValueError as error:
            raise MalformedRun(f"Generation {number} of the run does not fit those before: {error}.") from None

    async def _store_results(self) -> None:
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        async with self.memory.storage.transaction(self.memory.epoch) as connection:
            await transfers.add_results(connection, self.id, await self._engine(connection), rows)

    async def _engine(self, connection: Connection) -> int:
        if self.run.engine is None:
            raise MalformedRun("The run has results, but no engine that they rest on.")
        if self._engine_id is None:
            self._engine_id = await engines.number(connection, self.run.engine)
        return self._engine_id
