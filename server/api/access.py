"""Who may ask: one token, in a header or in a cookie, checked before anything of the request is read."""

import hashlib
import hmac
import logging
import re
from urllib.parse import quote, urlsplit

from fastapi.security import APIKeyCookie, HTTPBearer
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.problems import problem

logger = logging.getLogger(__name__)

COOKIE = "neuroevo"
"""How the cookie's name begins: see `cookie_name`."""
PORT = re.compile(r":([0-9]{1,5})$")
GUARDED = ("/api/", "/live")
"""All below these paths needs the token; the rest is the dashboard's files, its description and health."""
READING = {"GET", "HEAD", "OPTIONS"}
SCHEMES = (
    HTTPBearer(auto_error=False, description="The token that `neuroevo up` keeps in DATA/connection.json."),
    APIKeyCookie(
        name=f"{COOKIE}-8080",
        auto_error=False,
        description="Set by the link that `neuroevo up` prints. Its name ends in the port of the address that the "
        "browser shows; where that names no port, it is `neuroevo`.",
    ),
)
"""For the OpenAPI document: the gate below does the checking."""


class Token:
    """The secret that every client must present."""

    def __init__(self, secret: SecretStr) -> None:
        self._digest = _digest(secret.get_secret_value())

    def is_(self, given: str) -> bool:
        """Whether `given` is the token, in a time that tells nothing about it."""
        return hmac.compare_digest(self._digest, _digest(given))

    def opens(self, connection: HTTPConnection) -> bool:
        """Whether the request carries the token, as a bearer or in the cookie."""
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.is_(bearer.strip())
        return self.is_(connection.cookies.get(cookie_name(connection.headers), ""))


def cookie_name(headers: Headers) -> str:
    """The name of the cookie that keeps the token, such as `neuroevo-8080`.

    Browsers share cookies between all ports of a host: servers beside each other, or reached through tunnels, would
    take each other's logins away. So the port is the one that the browser sees, not the one that is listened on.
    """
    port = PORT.search(headers.get("host", ""))
    return f"{COOKIE}-{port[1]}" if port else COOKIE


def _digest(text: str) -> bytes:
    # Comparing digests of one length hides the token's own.
    return hashlib.sha256(text.encode()).digest()


def is_foreign(headers: Headers) -> bool:
    """Whether a page of another origin sent the request; what is no browser names no origin."""
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


class Gate:
    """Lets nobody without the token, and no page of another site, reach the interface. Websockets included."""

    def __init__(self, app: ASGIApp, token: Token) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or 403, or pass the request on."""
        if scope["type"] not in {"http", "websocket"} or not scope["path"].startswith(GUARDED):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(HTTPConnection(scope))
        if refusal is None:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            path = quote(scope["path"])  # a line break in it cannot forge a line
            logger.info("action=live.refuse path=%s status=%d", path, refusal.status_code)
        if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "not allowed"})

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        writes = connection.scope["type"] == "websocket" or connection.scope["method"] not in READING
        if writes and is_foreign(connection.headers):
            detail = "A page of another origin asked. Open the dashboard at the server's own address."
            return problem(403, "foreign-origin", "Another site's page may not do this", detail=detail)
        if not self._token.opens(connection):
            detail = "Open the link that `neuroevo up` printed, or send the header `Authorization: Bearer <token>`."
            return problem(
                401, "unauthorized", "A valid token is needed", detail=detail, headers={"WWW-Authenticate": "Bearer"}
            )
        return None
