"""What comes over a socket before anyone can ask for a token is bounded, in bytes and in time."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from itertools import repeat
from uuid import uuid4

import httpx2
import pytest

from server import connections, main
from server.application import create_app
from server.main import Server, bind
from server.settings import Settings
from tests.server.conftest import TOKEN
from tests.server.player import ANNOUNCEMENT, request_of

pytestmark = pytest.mark.anyio

HEAD = b"POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\n"
MEGABYTE = b"a" * 2**20
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(settings: Settings) -> AsyncIterator[int]:
    """The server as it is in production, on a real socket. Gives its port."""
    with closing(bind("127.0.0.1", 0)) as listener:
        server = Server(create_app(settings), settings)
        serving = asyncio.create_task(server._serve([listener]))  # `serve` would take this process's signals.
        while not server.started:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
async def port(settings: Settings) -> AsyncIterator[int]:
    async with listening(settings) as chosen:
        yield chosen


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def send(writer: asyncio.StreamWriter, first: bytes, more: Iterator[bytes]) -> None:
    """Sends all of it; raises ConnectionError as soon as the server hangs up."""
    writer.write(first)
    for part in more:
        await writer.drain()
        writer.write(part)
    await writer.drain()


@pytest.mark.parametrize(
    ("first", "part"),
    [
        pytest.param(HEAD + b"X: ", MEGABYTE, id="a header"),
        pytest.param(HEAD, b"X: 1\r\n" * 150_000, id="headers"),
        pytest.param(b"GET /api/", MEGABYTE, id="an address"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: ", MEGABYTE, id="a trailer"),
    ],
)
async def test_a_head_without_end_is_cut_off(port: int, first: bytes, part: bytes) -> None:
    async with connected(port) as (_, writer):
        with pytest.raises(ConnectionError):
            await send(writer, first, repeat(part, 64))


async def test_who_sends_too_long_a_head_is_told_so_as_of_every_other_error(port: int) -> None:
    async with connected(port) as (reader, writer):
        await send(writer, HEAD + b"X: " + b"a" * (connections.HEAD_BYTES + 1), iter(()))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-security-policy: default-src 'none'" in head.lower()
    assert json.loads(body)["type"] == "urn:neuroevo:problem:malformed-request"
    assert json.loads(body)["detail"] == connections.TOO_LONG


async def test_what_is_no_http_is_refused_as_every_other_error(port: int) -> None:
    async with connected(port) as (reader, writer):
        await send(writer, HEAD + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}", iter(()))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"x-content-type-options: nosniff" in head.lower()
    assert json.loads(body)["status"] == 400


async def test_long_heads_and_bodies_within_the_bounds_are_read(port: int) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(15):
            yield b" " * 2**20
        yield b"{}"

    headers = {"Authorization": f"Bearer {TOKEN}", "X": "a" * 40_000, "Content-Type": "application/json"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
        for content in (b" " * 15 * 2**20 + b"{}", stream()):
            answer = await client.post("/api/v1/tokens", content=content)
            assert answer.status_code == 422, answer.text
            assert {each["field"] for each in answer.json()["errors"]} == {"name", "role"}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEAD, id="half a head"),
        pytest.param(HEAD + b"Content-Length: 10\r\n\r\n{", id="half a body"),
    ],
)
async def test_who_does_not_finish_a_request_is_not_waited_for(
    port: int, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(main, "TICKS_BETWEEN_LOOKS", 1)
    async with connected(port) as (reader, writer):
        await send(writer, sent, iter(()))
        await reader.read()  # Ends when the server hangs up.


async def test_who_waits_for_an_answer_or_has_had_one_is_not_hung_up_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "TICKS_BETWEEN_LOOKS", 1)
    waiting = settings.model_copy(update={"wait_seconds": 0.5})
    request = request_of({"id": str(uuid4()), "name": "waits"}, announcement=ANNOUNCEMENT, wants=1)
    body = json.dumps(request).encode()
    head = (
        f"POST /api/v1/batches HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    async with listening(waiting) as port, connected(port) as (reader, writer):
        for _ in range(2):
            await send(writer, head + body, iter(()))
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200 ")
            length = next(line for line in answer.lower().splitlines() if line.startswith(b"content-length"))
            await reader.readexactly(int(length.partition(b":")[2]))
            monkeypatch.setattr(connections, "SILENT_SECONDS", 0)
            await asyncio.sleep(0.3)  # Some looks at it.
