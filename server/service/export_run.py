"""Writes a run as a file that another server can go on with."""

import zlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from evolution.configuration import RunConfiguration
from server.service.errors import NotFound
from server.service.load_run import find_row
from server.service.memory import Memory
from server.service.run_file import BLOCK_ROWS, GZIP, VERSION, Counts, Head, StoredGeneration, StoredRun
from server.storage import costs, runs, transfers
from server.storage.runs import RunRow

GENERATION_SECONDS = 60.0
"""A generation may have millions of results."""
LEVEL = 6
JSON: TypeAdapter[Any] = TypeAdapter(Any)


async def export_run(memory: Memory, id: str) -> tuple[RunRow, AsyncIterator[bytes]]:
    """The run, and its file's bytes. What is committed after the beginning may be missing in it, never anything before.

    Raises:
        NotFound: before the first byte: no such run; later: it was deleted meanwhile.
    """
    row = await find_row(memory, id)
    return row, _compress(_lines(memory, row))


async def _compress(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(LEVEL, wbits=GZIP)
    async for line in lines:
        if packed := packer.compress(line + b"\n"):
            yield packed
    yield packer.flush()


async def _lines(memory: Memory, row: RunRow) -> AsyncIterator[bytes]:
    yield Head(format="neuroevo-run", version=VERSION, run=_stored(row)).model_dump_json().encode()
    counts: Counter[str] = Counter()
    prices: dict[UUID, float] = {}
    # Generation by generation: what is closed changes no more, and no transaction is held while somebody reads slowly.
    for number in range(row.generation + 1):
        async with memory.storage.reading(seconds=GENERATION_SECONDS) as connection:
            closed = await transfers.generation(connection, row.id, number) if number < row.generation else None
            candidates = await transfers.candidates_of(connection, row.id, number) if closed else []
            names = {
                "results": await transfers.sequences_of(connection, row.id, number, retracted=False),
                "retracted": await transfers.sequences_of(connection, row.id, number, retracted=True),
            }
            rechecks = await transfers.rechecks_of(connection, row.id, number)
            prices |= await costs.prices_of(connection, row.id, number)
            _check_there(row, await runs.find(connection, row.id) is not None)
        if closed:
            yield _json({"generation": StoredGeneration.model_validate(closed).model_dump(mode="json")})
        for start in range(0, len(candidates), BLOCK_ROWS):
            yield _json({"candidates": candidates[start : start + BLOCK_ROWS]})
        for kind, sequences in names.items():
            for start in range(0, len(sequences), BLOCK_ROWS):
                block = await _results(memory, row, number, sequences[start : start + BLOCK_ROWS])
                yield _json({kind: block})
            counts[kind] += len(sequences)
        for start in range(0, len(rechecks), BLOCK_ROWS):
            yield _json({"rechecks": [(*each[:-1], each[-1].hex()) for each in rechecks[start : start + BLOCK_ROWS]]})
        counts["rechecks"] += len(rechecks)
        counts["candidates"] += len(candidates)
    told = list(prices.items())
    for start in range(0, len(told), BLOCK_ROWS):
        yield _json({"prices": told[start : start + BLOCK_ROWS]})
    counts["prices"] = len(told)
    yield _json({"end": Counts(**{kind: counts[kind] for kind in Counts.model_fields}).model_dump()})


async def _results(memory: Memory, row: RunRow, number: int, sequences: Sequence[int]) -> list[tuple[Any, ...]]:
    async with memory.storage.reading() as connection:
        block = await transfers.results_at(connection, row.id, number, sequences)
    _check_there(row, len(block) == len(sequences))
    # Late is what came after its generation's close; of an open one nothing is.
    is_closed = number < row.generation
    return [(*result[:4], result[4] and is_closed, *result[5:-1], result[-1].hex()) for result in block]


def _check_there(row: RunRow, is_there: bool) -> None:
    if not is_there:
        raise NotFound(f"Run {row.id} was deleted while it was exported.")


def _json(line: dict[str, Any]) -> bytes:
    return JSON.dump_json(line)


def _stored(row: RunRow) -> StoredRun:
    columns = {name: getattr(row, name) for name in StoredRun.model_fields}
    return StoredRun.model_validate(columns | {"configuration": RunConfiguration.model_validate(row.configuration)})
