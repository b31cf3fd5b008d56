"""The main process's end of one evaluation process."""

import asyncio
import json
import os
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

from evolution.messages import Batch, JobBatch
from worker.orders import LONGEST_LINE_BYTES, Message, Order, Report

# The child sees the packages that this process sees, whatever folder it was started in.
PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from worker.slot import main
main(int(sys.argv[2]), sys.argv[3:])
"""
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class SlotProcess:
    """One evaluation process, which plays one batch at a time."""

    def __init__(self, process: Process, orders: StreamWriter, reports: StreamReader) -> None:
        self._process, self._orders, self._reports = process, orders, reports

    @classmethod
    async def start(cls, modules: Sequence[str], memory: int) -> "SlotProcess":
        """A fresh process, which keeps parents in the shelf's file `memory`; it says Ready when it is."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *["-c", PROGRAM, json.dumps(sys.path), str(memory), *modules],
            stdin=PIPE,
            stdout=PIPE,
            limit=LONGEST_LINE_BYTES,
            env=os.environ | THREADS,
            pass_fds=[memory],
        )
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("an evaluation process was started without its pipes")
        return cls(process, process.stdin, process.stdout)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def play(self, batch: Batch, branchings: Mapping[str, list[int]]) -> None:
        """Hands over a batch, with the chains of all its parents; `branchings` as in an order."""
        await self._send(Order(play=batch, branchings=dict(branchings)))

    async def play_job(self, batch: JobBatch) -> None:
        """Hands over a job's batch."""
        await self._send(Order(job=batch))

    async def drop(self, lease: UUID) -> None:
        """What is left of the batch need not be played; the episode in play is finished."""
        await self._send(Order(drop=lease))

    async def reports(self) -> AsyncIterator[Message]:
        """What the process says, until it ends."""
        while text := await self._reports.readline():
            yield Report.model_validate_json(text).message

    async def end(self) -> int:
        """Ends the process at once, in mid episode if need be: its exit code."""
        if self._process.returncode is None:
            self._process.kill()
        return await self._process.wait()

    async def _send(self, order: Order) -> None:
        # If it has died, its reports end, and whoever reads them notices.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._orders.write(order.model_dump_json().encode() + b"\n")
            await self._orders.drain()
