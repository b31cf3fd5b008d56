"""Writes a policy of the library in formats that others read."""

import asyncio
from typing import Literal, NamedTuple

from anyio.to_thread import run_sync

import exports
from evolution.chains import SeedChain, parse_chain
from server.service.document_scores import Told, recall, store
from server.service.errors import NotExportable
from server.service.fingerprints import is_feasible
from server.service.memory import Memory
from server.service.show_policy import find_policy, ledger_of

ExportFormat = Literal["json", "safetensors", "onnx", "card"]


class Exported(NamedTuple):
    """A file to hand out."""

    content: bytes
    name: str
    media_type: str


async def export_policy(memory: Memory, id: str, format: ExportFormat) -> Exported:
    """The policy as a file. A document carries its name, tags and scores, episode by episode, as an import reads them.

    Raises:
        NotFound, AmbiguousPolicy.
        NotExportable: what writes the format is not installed, or the chain would take minutes to work out.
    """
    async with memory.storage.reading() as connection:
        row, insides = await find_policy(connection, id)
        ledger = await ledger_of(connection, row)
    told = [*map(Told.of, ledger), *recall(insides.scores)]
    labels = {"name": row.name, "tags": row.tags, "scores": store(told)}
    chain = await asyncio.to_thread(parse_chain, insides.document | labels)
    if format != "json" and not is_feasible(chain):
        raise NotExportable("Its weights would take minutes to work out here: take the document, format json.")
    # What holds weights takes their memory, and seconds: one at a time.
    return await run_sync(_write, chain, format, told, limiter=None if format == "json" else memory.exports)


def _write(chain: SeedChain, format: ExportFormat, told: list[Told]) -> Exported:
    scores = [summary for each in told if (summary := each.summary(chain.environment))]
    try:
        return Exported(*exports.export_policy(chain, format, scores))
    except exports.ExportError as error:
        message = str(error)
        raise NotExportable(message[:1].upper() + message[1:]) from error
