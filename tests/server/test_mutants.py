"""Requests that are nearly right, to the real application: each is taken, or refused as a problem; nothing breaks."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.python.asgi import get_client, shutdown_lifespans

from server.application import create_app
from tests.conftest import TEMPLATE, Postgres
from tests.mutants import mutants
from tests.server.player import ANNOUNCEMENT, CARTPOLE, ENGINE, Body, description_of, request_of
from tests.server.test_conformance import AUTHORIZATION, WORKER, Stored, settings_of
from tests.unit.evolution.test_chain_mutants import DOCUMENTS

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(postgres: Postgres) -> Iterator[tuple[requests.Session, Stored]]:
    """A client of a started application with a finished run."""
    database_url = postgres.create_database(TEMPLATE)
    app: Any = create_app(settings_of(database_url))
    with get_client(app) as client:
        stored = Stored(client)
        client.headers.update(AUTHORIZATION)
        yield client, stored
    shutdown_lifespans()
    postgres.drop_database(database_url)


def bodies(stored: Stored) -> list[tuple[str, str, list[Body]]]:
    """(method, path, good bodies)."""
    run, policy = stored.runs[0], stored.policies[0]
    result: Body = {"generation": 0, "index": 0, "phase": 0, "episode": 0, "score": 1.0, "steps": 1, "frames": 1}
    result |= {"digest": "ab" * 32, "seconds": 1.0}
    submission = {"id": WORKER["id"], "lease": WORKER["id"], "run": run, "engine": ENGINE, "results": [result]}
    played: Body = {"id": WORKER["id"], "lease": WORKER["id"], "job": stored.jobs[0], "engine": ENGINE}
    played |= {"results": [{key: result[key] for key in ("episode", "score", "steps", "frames", "digest", "seconds")}]}
    told = [description_of({"id": "CartPole-v1", "options": {"max_steps": None}})]
    exchange = request_of(
        WORKER, announcement=ANNOUNCEMENT, submissions=[submission], job_submissions=[played], descriptions=told
    )
    atari = {"id": "ALE/Frostbite-v5", "options": {"sticky_actions": 0.25}}
    return [
        ("POST", "/api/v1/policies", [*DOCUMENTS]),
        ("PATCH", f"/api/v1/policies/{policy}", [{"name": "a name", "tags": ["one", "two"]}]),
        ("POST", f"/api/v1/policies/{policy}/tests", [{"episodes": 2, "environment": {"options": {"max_steps": 9}}}]),
        (
            "POST",
            "/api/v1/runs",
            [{"preset": "quick", "name": "a", "configuration": CARTPOLE | {"environment": atari}}],
        ),
        ("POST", f"/api/v1/runs/{run}/clone", [{"name": "a", "configuration": CARTPOLE | {"weight": 2.0}}]),
        ("PATCH", f"/api/v1/runs/{run}", [{"name": "a", "weight": 2.0, "budget": {"generations": 9, "seconds": 1.5}}]),
        ("POST", "/api/v1/batches", [exchange, {**exchange, "announcement": None}]),
        ("POST", "/api/v1/batches/extend", [request_of(WORKER, leases=[WORKER["id"]])]),
        ("POST", "/api/v1/batches/release", [request_of(WORKER, leases=[WORKER["id"]], leaving=True)]),
    ]


def check(response: requests.Response) -> None:
    """Success, or a problem document of the client's."""
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code


@pytest.mark.parametrize("number", range(9))
def test_what_is_nearly_right_is_taken_or_refused_as_a_problem(
    server: tuple[requests.Session, Stored], number: int
) -> None:
    client, stored = server
    method, path, good = bodies(stored)[number]

    @settings(max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=[*HealthCheck])
    @given(mutants(*good))
    def ask(content: bytes) -> None:
        response = client.request(method, path, data=content, headers=JSON)
        check(response)
        # What was taken must also be given.
        if response.status_code == 201:
            made = response.headers["location"]
            check(client.get(made))
            check(client.get(made.rpartition("/")[0]))
            check(client.delete(made))

    ask()


@settings(max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=[*HealthCheck])
@given(content=st.binary(max_size=300), is_packed=st.booleans(), kind=st.sampled_from(["run", "video", "poster"]))
def test_uploads_of_anything_are_refused_as_problems(
    server: tuple[requests.Session, Stored], content: bytes, is_packed: bool, kind: str
) -> None:
    client, stored = server
    sent = gzip.compress(content) if is_packed else content
    rollout = f"/api/v1/rollouts/{stored.rollouts[0]}"
    if kind == "run":
        response = client.post("/api/v1/runs/imports", data=sent)
    else:
        response = client.put(f"{rollout}/video.mp4" if kind == "video" else f"{rollout}/poster.jpg", data=sent)
    check(response)
    assert response.status_code == 422
