"""What every response goes through: a log line, a stopwatch, security headers, compression, a bound on the body."""

import logging
from time import perf_counter

from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.access import SESSION

BATCHES = "/api/v1/batches"
MEDIA = (".mp4", ".jpg")
"""How the paths of videos and posters end: they have a bound of their own, and ranges of bytes."""
ROLLOUTS, IMPORTS = "/api/v1/rollouts/", "/api/v1/runs/imports"
"""Where bodies with a bound of their own come."""
SIGN_IN_BYTES = 4096
"""Longest body of a sign-in, the one that is read of strangers."""
COMPRESSION_LEVEL = 5
VERSIONED = "/api/v1"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
WAITING = "neuroevo.waiting"
"""Where the scope says that the request may wait for work."""

logger = logging.getLogger(__name__)

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    # The hash is that of nothing: plotly.js adds an empty style element, to whose sheet it then adds rules.
    "style-src": "'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "img-src": "'self' data: blob:",
    "media-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class SecurityHeaders:
    """Adds the security headers, and forbids to keep what the interface answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                message["headers"] = [*message.get("headers", []), *RAW_HEADERS]
                if scope["path"].startswith("/api/"):
                    MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Compression(GZipMiddleware):
    """Gzip, but for batches, since random seeds hardly shrink, and for videos and pictures, which do not at all."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and not scope["path"].startswith(BATCHES) and not scope["path"].endswith(MEDIA):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _has_own_bound(method: str, path: str) -> bool:
    is_media = method == "PUT" and path.startswith(ROLLOUTS) and path.endswith(MEDIA)
    return is_media or (method == "POST" and path == IMPORTS)


class BodyLimit:
    """Refuses a request's body beyond `limit` bytes, whether announced or streamed, before it is held in memory."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; reading too long a body raises HTTPException 413 in the reader."""
        if scope["type"] != "http" or _has_own_bound(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        limit = SIGN_IN_BYTES if scope["path"] == SESSION else self._limit
        announced = Headers(scope=scope).get("content-length", "")
        length = int(announced) if announced.isdecimal() else 0
        read = 0

        async def receive_bounded() -> Message:
            nonlocal read
            if length > limit:
                raise _too_long(limit)
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise _too_long(limit)
            return message

        await self._app(scope, receive_bounded, send)


def _too_long(limit: int) -> HTTPException:
    advice = "." if limit == SIGN_IN_BYTES else ": send it in parts (NEUROEVO_BODY_BYTES is the limit)."
    return HTTPException(413, f"The body is longer than {limit:,} bytes{advice}")


class AccessLog:
    """One line a request, and how long it took. Never the query string, where a token may stand, and never a header."""

    def __init__(self, app: ASGIApp, seconds: Histogram) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; successes are logged as debug, refusals as info."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = perf_counter(), 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        finally:
            self._note(scope, status, perf_counter() - start)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """`status`: 0 if there was no answer: the server made a mistake, whose answer is made further out, or stops."""
        waiting = "yes" if scope.get(WAITING) else "no"
        self._seconds.labels(method_of(scope), route_of(scope), str(status or 500), waiting).observe(seconds)
        level = logging.INFO if status >= 400 or status == 0 else logging.DEBUG
        if logger.isEnabledFor(level):
            logger.log(
                level,
                "action=request method=%s path=%s status=%d ms=%.1f",
                scope["method"],
                scope["raw_path"].decode("ascii", "replace"),  # still quoted: a line break cannot forge a line
                status,
                1000 * seconds,
            )


def method_of(scope: Scope) -> str:
    """The request's method; `other` for those that nobody foresaw, of which a stranger can send any number."""
    return scope["method"] if scope["method"] in METHODS else "other"


def route_of(scope: Scope) -> str:
    """The path of the route that answered, its parameters unnamed; `other` if none did, or it serves files."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "other"
    return VERSIONED + path if scope["path"].startswith(VERSIONED + "/") else str(path)
