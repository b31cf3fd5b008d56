"""A network that fails: what is behind it can be cut off, and answers can be lost on their way."""

import asyncio
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

Address = tuple[str, int] | Path
"""Host and port, or a Unix socket."""
CHUNK = 1 << 16
TURN_SECONDS = 0.1
NOTICE_SECONDS = 0.3
"""Answers are lost for so long before the connections break: whatever is on its way has been done, and nobody knows."""


class Proxy:
    """Listens at `here`, with port 0 at any free one, and passes on what comes to `there`. A context manager."""

    def __init__(self, here: Address, there: Address) -> None:
        self.here, self._there = here, there
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._writers: set[StreamWriter] = set()
        self._is_cut = self._loses_answers = False

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __str__(self) -> str:
        return str(self.here) if isinstance(self.here, Path) else "{}:{}".format(*self.here)

    def lead_to(self, there: Address) -> None:
        """New connections go elsewhere; those there are break."""
        self._there = there
        self.cut(0)

    def cut(self, seconds: float) -> None:
        """Loses the answers under way, breaks all connections, and lets nobody through for so long."""
        self._run(self._cut(seconds))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        if isinstance(self.here, Path):
            self._server = await asyncio.start_unix_server(self._pass_on, self.here)
            self.here.chmod(0o600)
        else:
            self._server = await asyncio.start_server(self._pass_on, *self.here)
            self.here = self._server.sockets[0].getsockname()[:2]

    async def _close(self) -> None:
        self._is_cut = True
        # asyncio leaves a connection open that it has just accepted when it stops listening.
        await asyncio.sleep(TURN_SECONDS)
        self._server.close()
        self._break()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
        await asyncio.sleep(TURN_SECONDS)  # what was broken off closes its sockets in a turn of its own

    async def _cut(self, seconds: float) -> None:
        self._loses_answers = True
        await asyncio.sleep(NOTICE_SECONDS)
        self._is_cut, self._loses_answers = True, False
        self._break()
        await asyncio.sleep(seconds)
        self._is_cut = False

    def _break(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _pass_on(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._writers.add(writer)
        answers: StreamWriter | None = None
        try:
            if self._is_cut:
                return
            there = self._there
            source, answers = await (
                asyncio.open_unix_connection(there) if isinstance(there, Path) else asyncio.open_connection(*there)
            )
            self._writers.add(answers)
            await asyncio.gather(self._pump(reader, answers, answer=False), self._pump(source, writer, answer=True))
        except OSError:
            pass  # whoever is behind is away, or the connection was cut
        finally:
            for end in (writer, answers):
                if end is not None:
                    self._writers.discard(end)
                    end.transport.abort()

    async def _pump(self, source: StreamReader, sink: StreamWriter, *, answer: bool) -> None:
        while data := await source.read(CHUNK):
            if answer and self._loses_answers:
                continue
            sink.write(data)
            await sink.drain()
        with suppress(OSError, RuntimeError):
            sink.write_eof()
