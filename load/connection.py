"""HTTP as lean as a client can be: whoever measures must not be slower than what is measured."""

import asyncio
from asyncio import StreamReader, StreamWriter
from typing import Self

OK, NO_CONTENT = 200, 204


class BadAnswer(Exception):
    """The server answered a simulated worker's request with an error; the message has it."""


class Connection:
    """One connection that is kept alive. An async context manager."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = (
            "POST /api/v1/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {{}}\r\n\r\n"
        )
        self._reader: StreamReader
        self._writer: StreamWriter

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def post(self, path: str, body: bytes) -> bytes:
        """The answer's body.

        Raises:
            BadAnswer: it is no success. OSError, asyncio.IncompleteReadError: the connection broke.
        """
        self._writer.write(self._head.format(path, len(body)).encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        if status == NO_CONTENT:
            return b""
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        content = await self._reader.readexactly(int(length))
        if status != OK:
            raise BadAnswer(f"{path}: {status} {content[:500].decode(errors='replace')}")
        return content
