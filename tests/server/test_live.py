"""The live websocket: events in order, what was missed, and who is dropped."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.application import create_app
from server.live import Watcher
from server.service.events import QUEUED_EVENTS, EventLog
from server.settings import Settings
from tests.server.conftest import TOKEN
from tests.server.player import Body

anyio_only = pytest.mark.anyio


class Socket:
    """The other end of a watcher's websocket. `takes`: set while it takes messages."""

    def __init__(self) -> None:
        self.takes = anyio.Event()
        self.takes.set()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._said.put_nowait({"type": "websocket.connect"})

    def server_side(self) -> WebSocket:
        """What the watcher is given."""
        return WebSocket({"type": "websocket", "path": "/live", "headers": []}, self._said.get, self._send)

    async def _send(self, message: Message) -> None:
        await self.takes.wait()
        self._heard.put_nowait(message)

    def say(self, message: Any) -> None:
        """Sends a text frame."""
        text = message if isinstance(message, str) else json.dumps(message)
        self._said.put_nowait({"type": "websocket.receive", "text": text})

    def say_bytes(self, content: bytes) -> None:
        """Sends a binary frame."""
        self._said.put_nowait({"type": "websocket.receive", "bytes": content})

    def hang_up(self) -> None:
        """Closes the connection."""
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def hear(self) -> Any:
        """The next text frame, as JSON; a farewell as its close code."""
        message = await self._heard.get()
        if message["type"] == "websocket.accept":
            return await self.hear()
        return message["code"] if message["type"] == "websocket.close" else json.loads(message["text"])


@asynccontextmanager
async def watching(events: EventLog, **limits: float) -> AsyncIterator[Socket]:
    """A watcher at work, until the end of the block."""
    socket = Socket()
    async with anyio.create_task_group() as group:
        group.start_soon(Watcher(socket.server_side(), events, **limits).serve)
        yield socket
        socket.hang_up()


@anyio_only
async def test_a_watcher_hears_the_events_of_its_topics_in_order() -> None:
    events = EventLog(3)
    async with watching(events) as socket:
        socket.say({"subscribe": ["runs", "runs/k3f9x2"]})
        assert await socket.hear() == {"type": "hello", "epoch": 3, "n": 0, "trouble": None}

        events.publish(["runs"], "run.changed", run={"id": "a"})
        events.publish(["workers"], "workers.changed", workers=[])
        events.publish(["runs/zzzzzz"], "generation.closed", run_id="zzzzzz")
        events.publish(["runs/k3f9x2"], "generation.closed", run_id="k3f9x2")

        assert await socket.hear() == {"type": "run.changed", "epoch": 3, "n": 1, "run": {"id": "a"}}
        assert await socket.hear() == {"type": "generation.closed", "epoch": 3, "n": 4, "run_id": "k3f9x2"}


@anyio_only
async def test_an_event_of_two_topics_is_sent_once() -> None:
    events = EventLog(1)
    async with watching(events) as socket:
        socket.say({"subscribe": ["runs", "runs/k3f9x2"]})
        await socket.hear()

        events.publish(["runs", "runs/k3f9x2"], "run.changed")
        events.publish(["runs"], "run.deleted")

        assert [(await socket.hear())["type"] for _ in range(2)] == ["run.changed", "run.deleted"]


@anyio_only
async def test_a_watcher_that_comes_back_is_told_what_it_missed_each_event_once() -> None:
    events = EventLog(2)
    for number in range(5):
        events.publish(["runs"], "run.changed", number=number)
    async with watching(events) as socket:
        socket.say({"subscribe": ["runs"], "after": {"epoch": 2, "n": 3}})
        assert await socket.hear() == {"type": "hello", "epoch": 2, "n": 5, "trouble": None}
        events.publish(["runs"], "run.changed", number=5)

        assert [(await socket.hear())["n"] for _ in range(3)] == [4, 5, 6]


@anyio_only
@pytest.mark.parametrize("after", [{"epoch": 1, "n": 2}, {"epoch": 2, "n": 99}])
async def test_a_watcher_of_another_master_or_of_the_future_must_load_everything_again(after: Body) -> None:
    events = EventLog(2)
    events.publish(["runs"], "run.changed")
    async with watching(events) as socket:
        socket.say({"subscribe": ["runs"], "after": after})

        assert (await socket.hear())["type"] == "hello"
        assert await socket.hear() == {"type": "resync", "epoch": 2, "n": 1}


@anyio_only
async def test_a_watcher_that_missed_more_than_is_kept_must_load_everything_again() -> None:
    events = EventLog(2)
    for _ in range(2500):
        events.publish(["runs"], "run.changed")
    async with watching(events) as socket:
        socket.say({"subscribe": ["runs"], "after": {"epoch": 2, "n": 1}})

        assert [(await socket.hear())["type"] for _ in range(2)] == ["hello", "resync"]


@anyio_only
async def test_a_new_subscription_replaces_the_old_one_and_replays_from_where_it_says() -> None:
    events = EventLog(1)
    async with watching(events) as socket:
        socket.say({"subscribe": ["runs"]})
        await socket.hear()
        events.publish(["runs"], "run.changed")
        events.publish(["runs/k3f9x2"], "generation.closed")
        assert (await socket.hear())["n"] == 1

        socket.say({"subscribe": ["runs/brave-otter-k3f9x2"], "after": {"epoch": 1, "n": 1}})

        assert (await socket.hear())["type"] == "hello"
        assert (await socket.hear())["type"] == "generation.closed"
        events.publish(["runs"], "run.changed")
        events.publish(["runs/k3f9x2"], "generation.closed")
        assert (await socket.hear())["n"] == 4


@anyio_only
@pytest.mark.parametrize(
    "message",
    ["", "nonsense", "[]", "{}", '{"subscribe": "runs"}', '{"subscribe": ["everything"]}', '{"subscribe": [], "x": 1}'],
)
async def test_what_is_no_subscription_ends_the_connection(message: str) -> None:
    async with watching(EventLog(1)) as socket:
        socket.say(message)

        assert await socket.hear() == 1008


@anyio_only
async def test_a_binary_message_ends_the_connection() -> None:
    async with watching(EventLog(1)) as socket:
        socket.say_bytes(b"\x00\xff")

        assert await socket.hear() == 1008


@anyio_only
async def test_a_quiet_connection_is_pinged() -> None:
    async with watching(EventLog(1), ping=0.01) as socket:
        assert await socket.hear() == {"type": "ping"}
        assert await socket.hear() == {"type": "ping"}


@anyio_only
async def test_events_of_other_topics_do_not_put_off_the_ping() -> None:
    events = EventLog(1)
    async with watching(events, ping=0.05) as socket, anyio.create_task_group() as group:

        async def chatter() -> None:
            while True:
                events.publish(["workers"], "workers.changed")
                await anyio.sleep(0.01)

        group.start_soon(chatter)
        assert await socket.hear() == {"type": "ping"}
        group.cancel_scope.cancel()


@anyio_only
async def test_a_watcher_that_falls_too_far_behind_is_dropped_and_forgotten() -> None:
    events = EventLog(1)
    async with watching(events) as socket:
        socket.say({"subscribe": ["runs"]})
        await socket.hear()
        for _ in range(QUEUED_EVENTS + 2):  # all in one step of the loop: no watcher can keep up
            events.publish(["runs"], "run.changed")

        while isinstance(heard := await socket.hear(), dict):
            assert heard["type"] == "run.changed"

    assert heard == 1013
    assert not events.watched


@anyio_only
async def test_a_watcher_that_takes_nothing_is_dropped_and_forgotten() -> None:
    events = EventLog(1)
    socket = Socket()
    watcher = Watcher(socket.server_side(), events, patience=0.05)
    async with anyio.create_task_group() as group:
        group.start_soon(watcher.serve)
        socket.say({"subscribe": ["runs"]})
        await socket.hear()
        socket.takes = anyio.Event()
        events.publish(["runs"], "run.changed")
        # Leaving the block waits for the watcher, which nothing but its patience ends.

    assert not events.watched


@anyio_only
async def test_a_watcher_that_leaves_is_forgotten() -> None:
    events = EventLog(1)
    async with watching(events) as socket:
        socket.say({"subscribe": ["runs"]})
        await socket.hear()
        assert events.watched

    assert not events.watched


@pytest.fixture
def browser(settings: Settings) -> Iterator[TestClient]:
    """A browser with the cookie."""
    with TestClient(create_app(settings), base_url="http://testserver", cookies={"neuroevo": TOKEN}) as browser:
        yield browser


def test_a_browser_hears_of_a_run_that_it_starts(browser: TestClient) -> None:
    with browser.websocket_connect("/api/v1/live", headers={"Origin": "http://testserver"}) as socket:
        socket.send_json({"subscribe": ["runs"]})
        hello = socket.receive_json()
        run = browser.post("/api/v1/runs", json={"preset": "quick"}).json()
        heard = socket.receive_json()

    assert hello["type"] == "hello"
    assert heard["type"] == "run.changed"
    assert heard["epoch"] == hello["epoch"]
    assert (heard["run"]["id"], heard["run"]["state"]) == (run["id"], "waiting")
    assert "configuration" not in heard["run"]


def test_a_browser_that_comes_back_hears_what_it_missed(browser: TestClient) -> None:
    with browser.websocket_connect("/live") as socket:
        socket.send_json({"subscribe": ["runs"]})
        hello = socket.receive_json()
    run = browser.post("/api/v1/runs", json={"preset": "quick"}).json()
    browser.delete(f"/api/v1/runs/{run['id']}")

    with browser.websocket_connect("/live") as socket:
        socket.send_json({"subscribe": ["runs"], "after": {"epoch": hello["epoch"], "n": hello["n"]}})
        heard = [socket.receive_json() for _ in range(3)]

    assert [each["type"] for each in heard] == ["hello", "run.changed", "run.deleted"]
    assert heard[2]["run_id"] == run["id"]


def test_a_page_hears_what_happened_since_it_was_sent(browser: TestClient) -> None:
    browser.post("/api/v1/runs", json={"preset": "quick"})
    place = re.search(r'<meta name="live" content="(\d+) (\d+)">', browser.get("/runs").text)
    assert place is not None
    run = browser.post("/api/v1/runs", json={"preset": "quick"}).json()

    with browser.websocket_connect("/live") as socket:
        socket.send_json({"subscribe": ["runs"], "after": {"epoch": int(place[1]), "n": int(place[2])}})
        heard = [socket.receive_json() for _ in range(2)]

    assert heard[0]["type"] == "hello"
    assert heard[1]["run"]["id"] == run["id"]


@pytest.mark.parametrize(
    ("headers", "cookie", "status"),
    [
        ({}, None, 401),
        ({"Authorization": "Bearer guessed"}, None, 401),
        ({"Origin": "http://elsewhere"}, TOKEN, 403),
        ({"Origin": "null"}, TOKEN, 403),
        ({"Origin": "http://testserver:81"}, TOKEN, 403),
    ],
)
def test_a_stranger_and_a_page_of_another_origin_hear_nothing(
    settings: Settings, headers: dict[str, str], cookie: str | None, status: int
) -> None:
    cookies = {"neuroevo": cookie} if cookie else {}
    with TestClient(create_app(settings), base_url="http://testserver", cookies=cookies) as browser:
        for path in ("/live", "/api/v1/live"):
            with (
                pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)) as refused,
                browser.websocket_connect(path, headers=headers),
            ):
                pass
            assert getattr(refused.value, "status_code", None) == status


def test_a_program_with_the_token_needs_no_origin(settings: Settings) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        TestClient(create_app(settings), base_url="http://testserver") as program,
        program.websocket_connect("/live", headers=headers) as socket,
    ):
        socket.send_json({"subscribe": []})
        assert socket.receive_json()["type"] == "hello"
