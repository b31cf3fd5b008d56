"""One watcher of `/live`: what it subscribed to, what it missed, and that it keeps up."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any

from pydantic import Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from evolution.model import Value
from server.cancellation import end
from server.service.events import Event, EventLog, Subscription, TooSlow
from server.service.names import short_id

PING_SECONDS = 15.0
SEND_SECONDS = 10.0
"""How long one message may wait for a watcher to take it."""
POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013

Topic = Annotated[str, Field(pattern=r"^(runs|workers|policies|jobs|rollouts|runs/[A-Za-z0-9-]{1,200})$")]


class Place(Value):
    """The newest event that a watcher saw."""

    epoch: int = Field(ge=0)
    n: int = Field(ge=0)


class Subscribe(Value):
    """What a watcher asks for; each such message replaces the one before."""

    subscribe: list[Topic] = Field(max_length=100)
    after: Place | None = None


class Watcher:
    """Sends the events that its websocket subscribed to, in order and each once."""

    def __init__(
        self, socket: WebSocket, events: EventLog, *, ping: float = PING_SECONDS, patience: float = SEND_SECONDS
    ) -> None:
        self._socket = socket
        self._events = events
        self._ping_seconds = ping
        self._patience = patience
        self._topics: frozenset[str] = frozenset()
        self._seen = events.n

    async def serve(self) -> None:
        """Talk until the other side leaves, says what is no subscription, or cannot keep up."""
        subscription = self._events.subscribe()
        try:
            await self._socket.accept()
            await self._talk(subscription)
        except ValidationError:
            await self._part(POLICY_VIOLATION, 'send {"subscribe": ["runs", "workers", "runs/ID"]}')
        except (TooSlow, TimeoutError):
            await self._part(TRY_AGAIN_LATER, "too slow: connect again")
        except WebSocketDisconnect:
            return
        finally:
            self._events.unsubscribe(subscription)

    async def _talk(self, subscription: Subscription) -> None:
        heard = asyncio.ensure_future(self._hear())
        happened = asyncio.ensure_future(subscription.next())
        due = self._now() + self._ping_seconds
        try:
            while True:
                await asyncio.wait({heard, happened}, timeout=due - self._now(), return_when="FIRST_COMPLETED")
                if heard.done():
                    await self._subscribe(heard.result())
                    heard = asyncio.ensure_future(self._hear())
                if happened.done():
                    await self._tell([happened.result()])
                    happened = asyncio.ensure_future(subscription.next())
                if self._now() >= due:
                    await self._send({"type": "ping"})
                    due = self._now() + self._ping_seconds
        finally:
            await end(heard, happened)

    async def _hear(self) -> Subscribe:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        return Subscribe.model_validate_json(message.get("text") or b"")

    async def _subscribe(self, wish: Subscribe) -> None:
        self._topics = frozenset(_normal(topic) for topic in wish.subscribe)
        missed = self._events.since(wish.after.epoch, wish.after.n) if wish.after else []
        place = {"epoch": self._events.epoch, "n": self._events.n}
        # What was replayed also waits in the queue: this number tells which of it was sent.
        self._seen = self._events.n if missed is None or not missed else missed[0].n - 1
        await self._send({"type": "hello", **place, "trouble": self._events.trouble})
        if missed is None:
            await self._send({"type": "resync", **place})
        else:
            await self._tell(missed)

    async def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.n <= self._seen:
                continue
            self._seen = event.n
            if self._topics & event.topics:
                await self._send(event.message())

    async def _send(self, message: dict[str, Any]) -> None:
        async with asyncio.timeout(self._patience):
            await self._socket.send_text(json.dumps(message, separators=(",", ":")))

    async def _part(self, code: int, reason: str) -> None:
        # Who takes no message may take no farewell either.
        with suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(self._patience):
                await self._socket.close(code, reason)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _normal(topic: str) -> str:
    kind, _, slug = topic.partition("/")
    return f"{kind}/{short_id(slug)}" if slug else kind
