"""Who may ask what: a token in a header or a cookie, checked before anything of the request is read."""

import logging
import re
from typing import cast
from urllib.parse import quote

from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.problems import problem
from server.service.keyring import Keyring
from server.service.keys import Key, Right
from server.service.refusals import Refusals

logger = logging.getLogger(__name__)

COOKIE = "neuroevo"
"""How the cookie's name begins: see `cookie_name`."""
PORT = re.compile(r":([0-9]{1,5})$")
GUARDED = ("/api/", "/live", "/metrics")
"""All below these paths needs a token; the rest is the dashboard's files, its description and health."""
READING = {"GET", "HEAD", "OPTIONS"}
SESSION, TOKENS = "/api/v1/session", "/api/v1/tokens"
WORK = re.compile(r"POST /api/v1/batches(/.*)?|PUT /api/v1/rollouts/[^/]+/(video\.mp4|poster\.jpg)")
"""What workers ask."""
KEY = "neuroevo.key"
"""Where the request's scope holds who asks."""
SCHEMES = (
    HTTPBearer(
        auto_error=False,
        description="A token of `neuroevo token create`, or the one that `neuroevo up` keeps in DATA/connection.json.",
    ),
    APIKeyCookie(
        name=f"{COOKIE}-8080",
        auto_error=False,
        description="Set by the link that `neuroevo up` prints. Its name ends in the port of the address that the "
        "browser shows; where that names no port, it is `neuroevo`.",
    ),
)
"""For the OpenAPI document: the gate below does the checking."""


def right_for(method: str, path: str) -> Right:
    """What a guarded request needs. What nobody thought of is the operator's, unless it only reads.

    `method`: of a websocket GET.
    """
    if path == SESSION:
        return Right.SIGN_IN if method == "POST" else Right.BE_KNOWN
    if WORK.fullmatch(f"{method} {path}"):
        return Right.WORK
    if path.startswith(TOKENS) or method not in READING:
        return Right.OPERATE
    return Right.LOOK


def cookie_name(headers: Headers) -> str:
    """The name of the cookie that keeps the token, such as `neuroevo-8080`.

    Browsers share cookies between all ports of a host: servers beside each other, or reached through tunnels, would
    take each other's logins away. So the port is the one that the browser sees, not the one that is listened on.
    """
    port = PORT.search(headers.get("host", ""))
    return f"{COOKIE}-{port[1]}" if port else COOKIE


def is_foreign(connection: HTTPConnection) -> bool:
    """Whether a page of another origin sent the request; what is no browser names no origin."""
    origins = connection.headers.getlist("origin")
    # What a proxy in front says of TLS has become the scope's scheme by now.
    scheme = "https" if connection.scope.get("scheme", "http") in {"https", "wss"} else "http"
    own = f"{scheme}://{connection.headers.get('host', '')}"
    return any(origin.lower() != own.lower() for origin in origins)


def key_of(connection: HTTPConnection) -> Key:
    """Who asks; the gate has let it in."""
    return cast(Key, connection.scope[KEY])


async def refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the refusal, a websocket too."""
    if scope["type"] == "websocket":
        path = quote(scope["path"])  # a line break in it cannot forge a line
        logger.info("action=live.refuse path=%s status=%d", path, refusal.status_code)
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await refusal(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": "not allowed"})


class Gate:
    """Lets nobody without the right token, and no page of another site, reach the interface. Websockets included."""

    def __init__(self, app: ASGIApp, keyring: Keyring, refusals: Refusals) -> None:
        self._app = app
        self._keyring = keyring
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or 403, or pass the request on."""
        if scope["type"] not in {"http", "websocket"} or not scope["path"].startswith(GUARDED):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(HTTPConnection(scope))
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refuse(refusal, scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        is_socket = connection.scope["type"] == "websocket"
        method = "GET" if is_socket else connection.scope["method"]
        if (is_socket or method not in READING) and is_foreign(connection):
            return _foreign()
        right = right_for(method, connection.scope["path"])
        if right is Right.SIGN_IN:
            return None
        key = self._key(connection)
        if key is not None and key.may(right):
            connection.scope[KEY] = key
            return None
        if right is Right.WORK:
            self._refusals.note(address_of(connection), _advice(connection, key))
        return unknown() if key is None else _forbidden(key, right)

    def _key(self, connection: HTTPConnection) -> Key | None:
        """Whose token the request carries, as a bearer or in the cookie."""
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._keyring.find(bearer.strip())
        return self._keyring.find(connection.cookies.get(cookie_name(connection.headers), ""))


def address_of(connection: HTTPConnection) -> str:
    """Where the request comes from; a proxy in front counts only where the settings name it."""
    return connection.client.host if connection.client else "unknown"


def _advice(connection: HTTPConnection, key: Key | None) -> str:
    """What is the matter with a worker's token, without the token."""
    if key is not None:
        return f"Its token's role is {key.role}: give it a worker's, of `neuroevo token create NAME --role worker`."
    if "authorization" in connection.headers:
        return "Its token is not known, or no longer: give it one that is, as NEUROEVO_TOKEN."
    return "It has no token: give it a worker's, as NEUROEVO_TOKEN."


def unknown() -> Response:
    """Nobody whom the server knows asks."""
    detail = (
        "Open a link that `neuroevo up` or `neuroevo token link` prints, or send the header "
        "`Authorization: Bearer <token>`."
    )
    return problem(
        401, "unauthorized", "A valid token is needed", detail=detail, headers={"WWW-Authenticate": "Bearer"}
    )


def _foreign() -> Response:
    detail = (
        "A page of another origin asked. Open the dashboard at the server's own address; where a proxy in front "
        "terminates TLS, name it in NEUROEVO_PROXIES."
    )
    return problem(403, "foreign-origin", "Another site's page may not do this", detail=detail)


def _forbidden(key: Key, right: Right) -> Response:
    needed = (
        "worker or operator" if right is Right.WORK else "viewer or operator" if right is Right.LOOK else "operator"
    )
    detail = f"This token's role is {key.role}; it takes {needed}. An operator can make one: `neuroevo token create`."
    return problem(403, "forbidden", "This token may not do this", detail=detail)
