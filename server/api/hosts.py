"""By which names the server may be asked: no page of another name reaches it by pointing that name here."""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.access import refuse
from server.api.problems import problem
from server.settings import Settings, is_address

HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]{1,5})?")
PROBES = ("/healthz", "/readyz")
"""Asked by supervisors under whatever name they have; they tell nothing."""


class Hosts:
    """Answers 421 to who asks by a name that is not the server's."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = settings.hosts
        self._takes_addresses = settings.is_everywhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        is_asked = scope["type"] in {"http", "websocket"} and scope["path"] not in PROBES
        if is_asked and not self._is_known(Headers(scope=scope).getlist("host")):
            await refuse(_unknown(), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_known(self, given: Sequence[str]) -> bool:
        found = HOST.fullmatch(given[0].lower()) if len(given) == 1 else None
        if found is None:
            return False
        name = found["name"].strip("[]")
        # An address in digits leads where it says: no one can point it elsewhere, as a name can be.
        return name in self._names or (self._takes_addresses and is_address(name))


def _unknown() -> Response:
    detail = (
        "It is asked by a name that it does not know as its own. Open it at the address that it listens on, or add the "
        "name to NEUROEVO_ALLOWED_HOSTS and start it again."
    )
    return problem(421, "unknown-host", "This server does not know this name", detail=detail)
