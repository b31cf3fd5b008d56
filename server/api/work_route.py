"""The route of the workers' requests: read by the protocol's models alone, since they come by the thousand."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar, get_type_hints

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from evolution.messages import PROTOCOL
from server.api.access import address_of
from server.api.problems import NotJson
from server.service.errors import ProtocolMismatch
from server.service.exchange import check_protocol

Message = TypeVar("Message", bound=BaseModel)
JSON = "application/json"


class WorkRoute(APIRoute):
    """A route whose endpoint takes `body`, a message of the protocol, and `request`, and gives the response itself.

    Another protocol version is refused as such even where the rest of the body does not fit this version.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler. It skips the framework's resolving of parameters, which takes longer than all else."""
        endpoint, message = self.endpoint, get_type_hints(self.endpoint)["body"]

        async def handle(request: Request) -> Response:
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
                raise NotJson(NotJson.__doc__)
            try:
                response: Response = await endpoint(body=read(message, await request.body()), request=request)
            except ProtocolMismatch as error:
                request.app.state.refusals.note(address_of(request), str(error))
                raise
            return response

        return handle


class Shortcut(BaseRoute):
    """Leads the workers' requests to their routes' handlers by the bare path.

    The framework's own way there tries patterns, each of them twice, and takes a tenth of the whole request.
    """

    def __init__(self, prefix: str, routes: Iterable[BaseRoute]) -> None:
        self.path = prefix
        self._routes = {prefix + route.path: route for route in routes if isinstance(route, WorkRoute)}
        self._handlers = {path: route.get_route_handler() for path, route in self._routes.items()}

    @property
    def ways(self) -> set[tuple[str, str]]:
        """Methods and paths that it leads from."""
        return {("POST", path) for path in self._handlers}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """All or nothing."""
        is_work = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in self._handlers
        return Match.FULL if is_work else Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        scope["route"] = self._routes[scope["path"]]
        response = await self._handlers[scope["path"]](Request(scope, receive, send))
        await response(scope, receive, send)


def read(message: type[Message], body: bytes) -> Message:
    """The body as a message.

    Raises:
        ProtocolMismatch: it is of another version. RequestValidationError: it does not fit.
    """
    try:
        return message.model_validate_json(body)
    except ValidationError as error:
        check_protocol(_protocol_of(body))
        found = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(found) from None


class _Versioned(BaseModel):
    protocol: int


def _protocol_of(body: bytes) -> int:
    try:
        return _Versioned.model_validate_json(body).protocol
    except ValidationError:
        return PROTOCOL


def answer(reply: BaseModel) -> Response:
    """The reply as JSON."""
    return Response(reply.model_dump_json(), media_type=JSON)
