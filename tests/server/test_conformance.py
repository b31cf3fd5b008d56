"""The application against its own OpenAPI document: schemathesis asks, and the document says what may come back."""

import gzip
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_asgi
from schemathesis.python.asgi import get_client, shutdown_lifespans
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.serialization import serialize_binary

from server.application import create_app
from server.settings import Settings
from tests.conftest import TEMPLATE, Postgres
from tests.server.conftest import HOSTS, TOKEN
from tests.server.player import ANNOUNCEMENT, CARTPOLE, Body, description_of, request_of, results_of
from tests.server.test_rollouts import JPEG, MP4, played

EXAMPLES = 20
"""Of each operation: enough to try each way of being wrong, few enough for every change to run them."""
WORKER = {"id": "11111111-1111-4111-8111-111111111111", "name": "test-0"}
AUTHORIZATION = {"Authorization": f"Bearer {TOKEN}"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""Not whether exactly what the document allows is taken: it cannot say that a cursor is one of this list or that a file
is whole, and where it says integer the framework takes `true` for 1."""


def settings_of(database_url: str) -> Settings:
    # No recordings of the library's own come between those that the tests ask for.
    values = {
        "database_url": database_url,
        "token": TOKEN,
        "allowed_hosts": HOSTS,
        "wait_seconds": 0,
        "library_share": 0,
    }
    return Settings.model_validate(values)


def operations() -> list[tuple[str, str]]:
    """(method, path) of every operation, those that delete last."""
    paths: Body = create_app(settings_of("postgresql://nobody@127.0.0.1/none")).openapi()["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return sorted(found, key=lambda operation: (operation[0] == "DELETE", operation))


@schemathesis.serializer("video/mp4")
def send(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """Bytes as they are."""
    return serialize_binary(value)


@schemathesis.serializer("application/gzip")
def pack(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """Bytes of an uploaded run reach what reads its lines."""
    return gzip.compress(serialize_binary(value))


class Stored:
    """A finished run with its policies, two recordings and their jobs, made over the same interface."""

    def __init__(self, client: requests.Session) -> None:
        self._client = client
        environments = [{"id": id, "options": {"max_steps": None}} for id in ANNOUNCEMENT["engines"]]
        self._ask(announcement=ANNOUNCEMENT, descriptions=[*map(description_of, environments)])
        self.runs = [self._play()]
        listed = self._send("GET", f"/api/v1/policies?run={self.runs[0]}")
        self.policies = [policy["id"] for policy in listed["items"]]
        self.rollouts = [self._record(seed) for seed in (1, 2)]
        self.jobs = [job["id"] for job in self._send("GET", "/api/v1/jobs")["items"]]
        self.tokens = [
            self._send("POST", "/api/v1/tokens", json={"name": "x", "role": "viewer"})["id"] for _ in range(2)
        ]
        self.workers = [str(UUID(int=1))]
        for name, content in (("video.mp4", MP4), ("poster.jpg", JPEG)):
            self._send("PUT", f"/api/v1/rollouts/{self.rollouts[0]}/{name}", data=content)

    def places(self, path: str) -> list[dict[str, Any]]:
        """Values of the path's parameters that lead to what there is."""
        if "{id}" not in path:
            return []
        more: dict[str, Any] = {"n": 1} if "{n}" in path else {}
        return [{"id": id} | more for id in getattr(self, path.split("/")[3])]

    def _send(self, method: str, path: str, **content: Any) -> Body:
        response = self._client.request(method, path, headers=AUTHORIZATION, **content)
        assert response.ok, response.text
        body: Body = response.json() if response.content else {}
        return body

    def _ask(self, **more: Any) -> Body:
        return self._send("POST", "/api/v1/batches", json=request_of(WORKER, **more))

    def _play(self) -> str:
        run = str(self._send("POST", "/api/v1/runs", json={"configuration": CARTPOLE})["id"])
        submissions: list[Body] = []
        while self._send("GET", f"/api/v1/runs/{run}")["state"] != "finished":
            reply = self._ask(submissions=submissions, wants=2)
            submissions = [results_of(batch) for batch in reply["batches"]]
        return run

    def _record(self, seed: int) -> str:
        path = f"/api/v1/policies/{self.policies[0]}/rollouts"
        rollout = str(self._send("POST", path, json={"seed": seed})["id"])
        while self._send("GET", f"/api/v1/rollouts/{rollout}")["state"] != "recorded":
            self._ask(job_submissions=[played(batch) for batch in self._ask(wants=1)["jobs"]])
        return rollout


@pytest.fixture(scope="module")
def api(postgres: Postgres) -> Iterator[tuple[BaseSchema, Stored]]:
    database_url = postgres.create_database(TEMPLATE)
    app: Any = create_app(settings_of(database_url))  # schemathesis spells the type of applications in its own way
    schema = from_asgi("/openapi.json", app)
    with get_client(app) as client:
        stored = Stored(client)
    yield schema, stored
    shutdown_lifespans()
    postgres.drop_database(database_url)


@pytest.mark.parametrize(("method", "path"), operations())
def test_nothing_comes_back_but_what_the_document_says(api: tuple[BaseSchema, Stored], method: str, path: str) -> None:
    schema, stored = api
    operation = schema[path][method]
    strategies = [
        operation.as_strategy(mode, path_parameters=place)
        for place in [*stored.places(path) * 3, {}]
        for mode in GenerationMode
    ]

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=[*HealthCheck]
    )
    @given(st.one_of(strategies))
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(headers=AUTHORIZATION, checks=CHECKS)

    ask()
