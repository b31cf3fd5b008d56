"""Errors: all are problem documents, none carries a traceback."""

import re
from collections.abc import AsyncIterator

import httpx2
import psycopg
import pytest
from fastapi import FastAPI

from server.service.pages import write_cursor
from server.settings import Settings
from tests.conftest import Postgres

pytestmark = pytest.mark.anyio


def check(response: httpx2.Response, status: int, kind: str) -> None:
    problem = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
    assert problem["type"] == f"urn:neuroevo:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"]


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/static/nothing.js", "/api/v2/runs", "/runs/a/b"])
async def test_an_unknown_address_is_a_problem(shared: httpx2.AsyncClient, path: str) -> None:
    check(await shared.get(path), 404, "not-found")


@pytest.mark.parametrize("id", ["%00", "k3f9x2%00", "brave-%00", "%0a"])
async def test_a_run_of_an_impossible_id_is_not_found(shared: httpx2.AsyncClient, id: str) -> None:
    for path in (f"/api/v1/runs/{id}", f"/api/v1/runs/{id}/best", f"/api/v1/runs/{id}/generations?format=csv"):
        check(await shared.get(path), 404, "not-found")


async def test_a_cursor_that_somebody_made_up_is_refused(shared: httpx2.AsyncClient) -> None:
    for place in (("2030-01-01T00:00:00+00:00", "k3f9x2\0"), ("0001-01-01T00:00:00+23:59", "k3f9x2")):
        response = await shared.get("/api/v1/runs", params={"cursor": write_cursor(*place)})

        check(response, 422, "invalid-configuration")
        assert response.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("id", ["a\0", "a\n", "CartPole\x1b[2J-v1", "Pong\u202e-v5"])
async def test_an_environment_whose_name_cannot_be_shown_is_refused(shared: httpx2.AsyncClient, id: str) -> None:
    response = await shared.post("/api/v1/runs", json={"preset": "quick", "configuration": {"environment": {"id": id}}})

    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "configuration.environment.id"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/runs", "GET, POST"),
        ("PUT", "/api/v1/runs/k3f9x2", "DELETE, GET, PATCH"),
        ("DELETE", "/healthz", "GET"),
        ("POST", "/static/main.js", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(
    shared: httpx2.AsyncClient, method: str, path: str, allowed: str
) -> None:
    response = await shared.request(method, path)

    check(response, 405, "method-not-allowed")
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("content", ["{", '{"preset": quick}', "\x00", '{"a": 1,}'])
async def test_malformed_json_is_a_problem_that_says_where(shared: httpx2.AsyncClient, content: str) -> None:
    for path in ("/api/v1/runs", "/api/v1/batches"):
        response = await shared.post(path, content=content, headers={"Content-Type": "application/json"})

        check(response, 400, "malformed-json")
        assert re.search(r"character \d+|line \d+ column \d+", response.json()["detail"])


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe{}", b"[" * 100_000, b'{"configuration": ' + b'{"a":' * 5000, b'{"name": ' + b"9" * 5000 + b"}"],
    ids=["no text", "lists too deep", "objects too deep", "a number too long"],
)
async def test_what_no_reader_of_json_takes_is_a_problem(shared: httpx2.AsyncClient, content: bytes) -> None:
    for path in ("/api/v1/runs", "/api/v1/batches"):
        check(
            await shared.post(path, content=content, headers={"Content-Type": "application/json"}),
            400,
            "malformed-json",
        )


async def test_a_body_beyond_the_limit_is_refused_whether_announced_or_streamed(shared: httpx2.AsyncClient) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 2**20

    headers = {"Content-Type": "application/json"}

    check(await shared.post("/api/v1/batches", content=b" " * 17 * 2**20, headers=headers), 413, "content-too-large")
    check(await shared.post("/api/v1/batches", content=stream(), headers=headers), 413, "content-too-large")
    # Only a video that is brought has a bound of its own, not whatever is named like one.
    long = await shared.patch("/api/v1/policies/x.mp4", content=b" " * 17 * 2**20, headers=headers)
    check(long, 413, "content-too-large")
    # Strangers may sign in: nobody else's body is read before a token is asked for.
    sign_in = await shared.post("/api/v1/session", json={"token": "a" * 5000})
    check(sign_in, 413, "content-too-large")


async def test_a_mistake_in_the_server_shows_no_traceback(app: FastAPI, client: httpx2.AsyncClient) -> None:
    @app.get("/mistake")
    async def fail() -> None:
        raise ZeroDivisionError("a secret of the server")

    response = await client.get("/mistake")

    check(response, 500, "internal")
    assert "secret" not in response.text
    assert "Traceback" not in response.text


async def test_without_its_database_the_server_says_so_and_when_to_try_again(
    postgres: Postgres, settings: Settings, client: httpx2.AsyncClient
) -> None:
    cut_off(postgres, settings.database_url.get_secret_value())

    for response in (
        await client.get("/api/v1/runs"),
        await client.post("/api/v1/runs", json={"preset": "quick"}),
        await client.get("/readyz"),
    ):
        check(response, 503, "database-unavailable")
        assert int(response.headers["retry-after"]) > 0
    assert (await client.get("/healthz")).json() == {"status": "ok"}


def cut_off(postgres: Postgres, database_url: str) -> None:
    """Ends all connections to the database and lets no new one in."""
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def test_a_server_that_stands_by_is_alive_but_not_ready(client: httpx2.AsyncClient, settings: Settings) -> None:
    from server.application import create_app

    del client
    second = create_app(settings)
    async with second.router.lifespan_context(second):
        transport = httpx2.ASGITransport(second, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://server") as other:
            assert (await other.get("/healthz")).status_code == 200
            check(await other.get("/readyz"), 503, "not-leading")
            token = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
            check(await other.get("/api/v1/runs", headers=token), 503, "not-leading")
