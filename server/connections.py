"""How the server reads HTTP: uvicorn's way, with bounds on what comes before anyone can ask for a token.

uvicorn holds addresses, headers and trailers in memory however long they are, and waits for ever for what is not sent.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from server.api.middleware import RAW_HEADERS
from server.api.problems import problem

HEAD_BYTES = 64 * 1024
"""Longest head of a request, or trailers after its body; one read of the socket more may be held."""

SILENT_SECONDS = 60
"""So long a client may take for a head, and be silent in the middle of a body."""

TOO_LONG = "The head of the request is too long."


class Connection(HttpToolsProtocol):
    """A client's connection. It is closed when a request's head has no end, in bytes or in time."""

    _held = 0
    """Bytes since something was complete: a head, a part of a body, a message."""

    _since: float | None = None
    """Loop's time at which the client began to owe something; None when it owes nothing."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It owes a request."""
        super().connection_made(transport)
        self._since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Read on, or answer 400 and close."""
        self._held += len(data)
        super().data_received(data)
        if self._held > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(TOO_LONG)

    def on_message_begin(self) -> None:
        """It owes a head."""
        self._since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """It owes a body, be it an empty one."""
        self._held, self._since = 0, self.loop.time()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body, whose length has a bound of its own."""
        self._held, self._since = 0, self.loop.time()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It owes nothing: how long it may stay without a further request is uvicorn's timer."""
        self._held, self._since = 0, None
        super().on_message_complete()

    def close_if_silent(self) -> None:
        """Hang up if the client owes something for too long, unless it is the server that does not read."""
        if self._since is None or self.flow.read_paused:
            return
        if self.loop.time() - self._since > SILENT_SECONDS:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer as every other error is answered, and hang up; amid an answer, hang up alone."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None or cycle.response_complete or not cycle.response_started:
            answer = problem(400, "malformed-request", "This is not HTTP as it can be read here", detail=msg)
            headers = [*answer.raw_headers, *RAW_HEADERS, (b"connection", b"close")]
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
            self.transport.write(STATUS_LINE[400] + lines + b"\r\n" + bytes(answer.body))
        self.transport.close()
