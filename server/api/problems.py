"""Every error as a problem document (RFC 9457), and the one table from error to HTTP status."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from evolution.messages import PROTOCOL
from evolution.model import Value
from server.service import errors

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:neuroevo:problem:"
RETRY_SECONDS = 2

logger = logging.getLogger(__name__)


class ServerStopping(Exception):
    """The server stops: ask again in a moment, of this server or of the next."""


class NotJson(Exception):
    """Send JSON with the header Content-Type: application/json."""


class FieldProblem(Value):
    """What is wrong with one field."""

    field: str = Field(description="Dotted path in the body, or a parameter.", examples=["configuration.population"])
    message: str = Field(examples=["Input should be greater than or equal to 2"])


class Problem(Value):
    """An error. `type` names its kind and never changes; `detail` says what to do."""

    type: str = Field(examples=[TYPE_PREFIX + "invalid-configuration"])
    title: str = Field(examples=["The configuration is not valid"])
    status: int = Field(examples=[422])
    detail: str | None = None
    errors: list[FieldProblem] = []


REFUSALS = {
    400: ("malformed-json", "The body is not JSON"),
    404: ("not-found", "There is nothing at this address"),
    405: ("method-not-allowed", "This address does not take this method"),
    413: ("content-too-large", "The body is too long"),
}
"""Slug and title of what the framework refuses by itself: the phrases of HTTPStatus vary between Python versions."""


MEANINGS = {
    400: "The body is not JSON",
    401: "A valid token is needed",
    403: "The token's role does not allow this, or a page of another site asked",
    404: "There is no such thing",
    409: "The state that it is in forbids this",
    413: "The body is too long",
    415: "The body is not marked as JSON",
    416: "There are no such bytes",
    422: "Something in the request is not valid; `errors` says what",
    426: "The worker speaks another protocol version",
    501: "Nothing here can do this; `detail` says why",
    503: "The database does not answer, or this server does not lead; try again after `Retry-After` seconds",
}
"""What the statuses of errors mean here."""


class Kind(NamedTuple):
    """One row of the table: an error's status, its slug in `type`, its title, further headers."""

    status: int
    slug: str
    title: str
    headers: Mapping[str, str] = {}


LATER = {"Retry-After": str(RETRY_SECONDS)}
KINDS: dict[type[Exception], Kind] = {
    errors.NotFound: Kind(404, "not-found", "There is no such thing"),
    errors.Conflict: Kind(409, "conflict", "The state that it is in forbids this"),
    errors.InvalidConfiguration: Kind(422, "invalid-configuration", "The configuration is not valid"),
    errors.AmbiguousPolicy: Kind(409, "ambiguous", "Several policies have ids that begin so"),
    errors.InvalidPolicy: Kind(422, "invalid-policy", "This is no policy that can be kept"),
    errors.MalformedRun: Kind(422, "malformed-run", "This is no whole run"),
    errors.NotExportable: Kind(501, "not-exportable", "This policy cannot be written in this format"),
    errors.DamagedMedia: Kind(422, "damaged-media", "The video or poster is damaged"),
    errors.UnknownEnvironment: Kind(422, "unknown-environment", "No connected worker knows this environment"),
    errors.ProtocolMismatch: Kind(
        426, "protocol-mismatch", "The worker speaks another protocol version", {"Upgrade": f"neuroevo/{PROTOCOL}"}
    ),
    errors.NotLeading: Kind(503, "not-leading", "This server does not lead", LATER),
    NotJson: Kind(415, "unsupported-media-type", "The body is not marked as JSON"),
    ServerStopping: Kind(503, "stopping", "The server stops", LATER),
    errors.Overloaded: Kind(503, "overloaded", "The database does not keep up", LATER),
    errors.DatabaseUnavailable: Kind(503, "database-unavailable", "The database does not answer", LATER),
}


def problem(
    status: int,
    slug: str,
    title: str,
    *,
    detail: str | None = None,
    fields: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response that carries a problem document."""
    document = Problem(type=TYPE_PREFIX + slug, title=title, status=status, detail=detail, errors=list(fields))
    return Response(
        document.model_dump_json(),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def field_problems(found: Sequence[Mapping[str, Any]]) -> list[FieldProblem]:
    """Pydantic's errors, each with the dotted path of its field; a whole body is called `body`."""
    return [FieldProblem(field=_path(item["loc"]), message=_message(item)) for item in found]


def _path(location: Sequence[int | str]) -> str:
    inner = location[1:] if location and location[0] in {"body", "query", "path", "header"} else location
    return ".".join(str(part) for part in inner) or "body"


def _message(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "There is no such field"
    return str(item["msg"]).removeprefix("Value error, ")


async def _answer_known(_: Request, error: Exception) -> Response:
    kind = next(KINDS[cause] for cause in type(error).__mro__ if cause in KINDS)
    fields = _fields(error)
    return problem(*kind[:3], detail=None if fields else str(error), fields=fields, headers=kind.headers)


def _fields(error: Exception) -> list[FieldProblem]:
    if isinstance(error, errors.InvalidConfiguration):
        return [FieldProblem(**item) for item in error.errors]
    if isinstance(error, errors.UnknownEnvironment):
        return [FieldProblem(field="configuration.environment.id", message=str(error))]
    return []


async def _answer_invalid(request: Request, error: Exception) -> Response:
    invalid = cast(RequestValidationError, error)
    found = invalid.errors()
    broken = next((item for item in found if item["type"] == "json_invalid"), None)
    if broken:
        place = [f" (character {part})" for part in broken["loc"] if isinstance(part, int)]
        detail = f"{broken['ctx']['error']}{''.join(place)}"
        return problem(400, "malformed-json", "The body is not JSON", detail=detail)
    if isinstance(invalid.body, bytes):
        return await _answer_known(request, NotJson(NotJson.__doc__))
    return problem(422, "invalid-request", "The request is not valid", fields=field_problems(found))


async def answer_http(request: Request, error: Exception) -> Response:
    """Any status that the framework itself refuses with: 404, 405, 413."""
    refused = cast(HTTPException, error)
    status = refused.status_code
    slug, title = REFUSALS.get(status, (f"status-{status}", HTTPStatus(status).phrase))
    detail = refused.detail if refused.detail != HTTPStatus(status).phrase else None
    headers = {"Allow": ", ".join(_methods(request))} if status == 405 and _methods(request) else refused.headers
    return problem(status, slug, title, detail=detail, headers=headers)


def _methods(request: Request) -> list[str]:
    """All methods that the address takes: the framework names those of one route alone."""
    routes = [(route.path or "", route.methods or set()) for route in iter_route_contexts(request.app.routes)]
    fitting = [methods for path, methods in routes if compile_path(path)[0].match(request.url.path)]
    return sorted(set().union(*fitting))


async def answer_unforeseen(_: Request, error: Exception) -> Response:
    """The last resort, for a mistake in the server: its log has the traceback, the client gets none."""
    logger.error("action=request.failed error=%s", type(error).__name__)
    detail = "The server made a mistake; its log says more. Nothing that it had acknowledged is lost."
    return problem(500, "internal", "The server made a mistake", detail=detail)


def answer_with_problems(app: FastAPI) -> None:
    """Have every error of `app` answered as a problem document."""
    for cause in KINDS:
        app.add_exception_handler(cause, _answer_known)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(Exception, answer_unforeseen)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says of these errors."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": MEANINGS[status], "content": content} for status in statuses}
