"""A child process that is kept alive: started, watched, started again when it dies, stopped in order."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from cli.errors import ChildFailed, CommandError
from cli.logs import ChildLog

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 30.0
"""A child that lived so long is started again without growing delay."""
POLL_SECONDS = 0.1
CHUNK_BYTES = 65536
TO_USER = re.compile(r"^neuroevo: |^.* action=server\.failed code=\d+ ")
"""What our own commands start an error with."""
INSISTENCE_SECONDS = 5.0
LAST_WORDS_SECONDS = 1.0
"""How long to wait for what an ended process printed, if something that it had started still holds its output."""


def last_words(ending: str, code: int, log: Sequence[str]) -> CommandError:
    """Why a child ended while starting: its last word to its user, else the last line that it printed."""
    words = [line for line in log if TO_USER.search(line)] or [line for line in log if line.strip()]
    return ChildFailed(f"{ending}: {TO_USER.sub('', words[-1]) if words else 'it said nothing'}", code)


@dataclass(frozen=True)
class Recipe:
    """How a child is started and stopped."""

    name: str
    command: Callable[[], Sequence[str]]
    """Its command line, bound to this process; asked anew at each start."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    prepare: Callable[[], None] = lambda: None
    """Runs before each start, in a thread."""
    is_ready: Callable[[int], Awaitable[bool]] | None = None
    """Whether the process with this pid serves yet; None: at once."""
    explain: Callable[[str, int, Sequence[str]], CommandError] = last_words
    """The error that a first start ended with, from how it ended, its exit code and its last lines."""
    stop_signal: signal.Signals = signal.SIGTERM
    hurry_signal: signal.Signals = signal.SIGKILL
    patience_seconds: float = 15.0
    """How long it may take to stop before `hurry_signal`."""


class Child:
    """A process after a recipe, kept alive from `start` to `stop`. `ready` is set while it serves."""

    def __init__(self, recipe: Recipe, log: ChildLog, say: Callable[[str], None]) -> None:
        self.recipe = recipe
        self.log = log
        self.ready = asyncio.Event()
        self._say = say
        self._has_served = False
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """What its messages call it."""
        return self.recipe.name

    def start(self) -> asyncio.Task[None]:
        """Starts it. The task keeps it alive; it ends after `stop`, or with a CommandError if the first start fails."""
        self._task = asyncio.create_task(self._keep())
        return self._task

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ends the process: asks it to, and insists when it takes too long or `hurry` is set."""
        self._stopping.set()
        if self._task is None:
            return
        for number, patience in (
            (self.recipe.stop_signal, self.recipe.patience_seconds),
            (self.recipe.hurry_signal, INSISTENCE_SECONDS),
            (signal.SIGKILL, INSISTENCE_SECONDS),
        ):
            self._tell(number)
            hurrying = asyncio.create_task(hurry.wait())
            waited = {self._task, hurrying} if number == self.recipe.stop_signal else {self._task}
            await asyncio.wait(waited, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            hurrying.cancel()
            if self._task.done():
                return

    async def _keep(self) -> None:
        delay = FIRST_DELAY_SECONDS
        while not self._stopping.is_set():
            born = time.monotonic()
            ending = await self._live()
            if self._stopping.is_set():
                return
            delay = FIRST_DELAY_SECONDS if time.monotonic() - born > STEADY_SECONDS else delay
            self._say(f"{self.name} {ending}; starting it again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            delay = min(2 * delay, LONGEST_DELAY_SECONDS)

    async def _live(self) -> str:
        """One life of the process; gives how it ended."""
        try:
            await asyncio.to_thread(self.recipe.prepare)
        except CommandError as error:
            if not self._has_served:
                raise
            return f"cannot start: {error}"
        process, printing = await self._spawn()
        if self._stopping.is_set():
            self._tell(self.recipe.stop_signal)
        announcing = asyncio.create_task(self._announce(process))
        code = await process.wait()
        announcing.cancel()
        _end_group(process.pid)
        await asyncio.wait({printing}, timeout=LAST_WORDS_SECONDS)
        printing.cancel()
        self.ready.clear()
        if not self._has_served and not self._stopping.is_set():
            raise self.recipe.explain(f"{self.name} {describe_end(code)} while starting", code, list(self.log.tail))
        return describe_end(code)

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _spawn(self) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
        """The process, and the task that ends when all that it printed is in the log."""
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self.recipe.command(),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                env=dict(self.recipe.environment),
                start_new_session=True,  # Ctrl-C is for `up` alone, which stops its children in order
            )
        finally:
            os.close(writing)
        self._process = process
        return process, asyncio.create_task(self._print(reading))

    async def _announce(self, process: asyncio.subprocess.Process) -> None:
        ended = asyncio.create_task(process.wait())
        while self.recipe.is_ready and not await self.recipe.is_ready(process.pid):
            await asyncio.wait({ended}, timeout=POLL_SECONDS)
        self.ready.set()
        if self._has_served:
            self._say(f"{self.name} is back")
        self._has_served = True

    async def _print(self, reading: int) -> None:
        stream = asyncio.StreamReader()
        pipe = os.fdopen(reading, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), pipe
        )
        try:
            while chunk := await stream.read(CHUNK_BYTES):
                for line in self.log.write(chunk):
                    if not self._stopping.is_set():
                        self._say(f"{self.name}: {line}")
        finally:
            transport.close()
            self.log.close()


def describe_end(code: int) -> str:
    """`ended with exit code 1`, `was killed by SIGKILL`."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"


def _end_group(pid: int) -> None:
    """Ends what the process itself had started and left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
