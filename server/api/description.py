"""The interface's OpenAPI document."""

from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from server.api.access import GUARDED, SCHEMES
from server.api.problems import Problem, documented
from server.api.work_route import JSON

TAGS = {
    "runs": "Experiments: start, look, change, pause, resume, stop, clone, delete.",
    "generations": "What a run has done: its generations, their individuals, its best policies.",
    "policies": "The library: every elite, what came with the product, what was imported.",
    "figures": "Figures of a run as Plotly figure JSON.",
    "environments": "What connected workers can play.",
    "presets": "Starting points for a new run, and the schema of its configuration.",
    "workers": "Who plays, and how fast.",
    "jobs": "Tests and recordings of policies that people ask for.",
    "rollouts": "Recorded episodes: their videos, posters and actions.",
    "batches": "The workers' interface: results in, work out.",
    "tokens": "Who may ask, and what: tokens of viewers, operators and workers, and browsers that were let in.",
    "health": "For supervisors, load balancers and Prometheus.",
}
DESCRIPTION = """\
Evolves networks that play games. Times are UTC, scores are unclipped game points, frames are emulator frames with
skipped ones, steps are decisions.

Lists come in pages: `next_cursor` is the `cursor` of the next request. Errors are problem documents (RFC 9457);
`errors` names the fields at fault by their dotted paths.

The websocket `/api/v1/live` tells what happens: send `{"subscribe": ["runs", "workers", "runs/ID",
"policies", "jobs", "rollouts"]}` or some of them, with
`"after": {"epoch", "n"}` of the last event seen to be told what was missed since. The answer is `hello`, with
what is the matter with the database, if anything, as `trouble`; then events, each with its `type`, `epoch` and
`n`; `resync` says that too much was missed: load everything again. A client that does not keep up is cut off.
"""


@cache
def release() -> str:
    """The product's version."""
    return version("neuroevolution")


class Application(FastAPI):
    """FastAPI whose OpenAPI document also tells of problem documents and tokens."""

    def openapi(self) -> dict[str, Any]:
        """The document; errors that the framework would describe in its own form are described as they are."""
        document = super().openapi()
        components = document["components"]
        components["securitySchemes"] = {
            scheme.scheme_name: scheme.model.model_dump(by_alias=True, exclude_none=True, mode="json")
            for scheme in SCHEMES
        }
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components["schemas"] |= problem.pop("$defs", {}) | {"Problem": problem}
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _complete(operation, guarded=path.startswith(GUARDED))
        return document


def _complete(operation: dict[str, Any], *, guarded: bool) -> None:
    statuses = {422} if "422" in operation["responses"] else set()
    if guarded:
        operation["security"] = [{scheme.scheme_name: []} for scheme in SCHEMES]
        statuses |= {401, 403}
    if "requestBody" in operation:
        statuses |= {400, 413, 415} if JSON in operation["requestBody"]["content"] else {413}
    errors = {str(status): response for status, response in documented(*statuses).items()}
    operation["responses"] = dict(sorted({**operation["responses"], **errors}.items()))


def describe() -> dict[str, Any]:
    """What the document says of the whole, as FastAPI's arguments."""
    return {
        "title": "Neuroevolution",
        "version": release(),
        "summary": "Evolve networks that play games, on cheap machines, and watch it live.",
        "description": DESCRIPTION,
        "openapi_tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "generate_unique_id_function": lambda route: route.name,
        "license_info": {"name": "MIT"},
    }
