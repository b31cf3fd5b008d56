"""Every way in, by every method and for every role: what opens to whom stands in one table."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIWebSocketRoute, iter_route_contexts
from starlette.routing import Mount
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from server.api.work_route import Shortcut
from server.application import create_app
from server.settings import Settings
from tests.conftest import TEMPLATE, Postgres
from tests.server.conftest import HOSTS, TOKEN

pytestmark = pytest.mark.anyio

OPEN = {"nobody", "viewer", "worker", "operator"}
KNOWN = {"viewer", "worker", "operator"}
LOOK = {"viewer", "operator"}
WORK = {"worker", "operator"}
OPERATE = {"operator"}

V1 = "/api/v1"
TABLE: dict[tuple[str, str], set[str]] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): LOOK,
    ("GET", "/docs"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/"): OPEN,
    ("GET", "/runs"): OPEN,
    ("GET", "/runs/new"): OPEN,
    ("GET", "/runs/{slug}"): OPEN,
    ("GET", "/policies"): OPEN,
    ("GET", "/policies/compare"): OPEN,
    ("GET", "/policies/{id}"): OPEN,
    ("GET", "/workers"): OPEN,
    ("GET", "/tokens"): OPEN,
    ("GET", "/static/{path:path}"): OPEN,
    ("WEBSOCKET", "/live"): LOOK,
    ("WEBSOCKET", f"{V1}/live"): LOOK,
    ("POST", f"{V1}/session"): OPEN,
    ("GET", f"{V1}/session"): KNOWN,
    ("DELETE", f"{V1}/session"): KNOWN,
    ("GET", f"{V1}/tokens"): OPERATE,
    ("POST", f"{V1}/tokens"): OPERATE,
    ("DELETE", f"{V1}/tokens/{{id}}"): OPERATE,
    ("POST", f"{V1}/tokens/{{id}}/rotate"): OPERATE,
    ("POST", f"{V1}/tokens/links"): OPERATE,
    ("POST", f"{V1}/batches"): WORK,
    ("POST", f"{V1}/batches/extend"): WORK,
    ("POST", f"{V1}/batches/release"): WORK,
    ("PUT", f"{V1}/rollouts/{{id}}/video.mp4"): WORK,
    ("PUT", f"{V1}/rollouts/{{id}}/poster.jpg"): WORK,
    ("GET", f"{V1}/runs"): LOOK,
    ("POST", f"{V1}/runs"): OPERATE,
    ("POST", f"{V1}/runs/imports"): OPERATE,
    ("GET", f"{V1}/runs/{{id}}"): LOOK,
    ("PATCH", f"{V1}/runs/{{id}}"): OPERATE,
    ("DELETE", f"{V1}/runs/{{id}}"): OPERATE,
    ("POST", f"{V1}/runs/{{id}}/pause"): OPERATE,
    ("POST", f"{V1}/runs/{{id}}/resume"): OPERATE,
    ("POST", f"{V1}/runs/{{id}}/stop"): OPERATE,
    ("POST", f"{V1}/runs/{{id}}/clone"): OPERATE,
    ("GET", f"{V1}/runs/{{id}}/export"): LOOK,
    ("GET", f"{V1}/runs/{{id}}/generations"): LOOK,
    ("GET", f"{V1}/runs/{{id}}/generations/{{n}}"): LOOK,
    ("GET", f"{V1}/runs/{{id}}/generations/{{n}}/individuals"): LOOK,
    ("GET", f"{V1}/runs/{{id}}/best"): LOOK,
    ("GET", f"{V1}/runs/{{id}}/figures/{{name}}"): LOOK,
    ("GET", f"{V1}/runs/{{id}}/elites"): LOOK,
    ("GET", f"{V1}/policies/{{id}}/rollouts"): LOOK,
    ("GET", f"{V1}/policies"): LOOK,
    ("POST", f"{V1}/policies"): OPERATE,
    ("GET", f"{V1}/policies/facets"): LOOK,
    ("GET", f"{V1}/policies/lineage"): LOOK,
    ("GET", f"{V1}/policies/{{id}}"): LOOK,
    ("PATCH", f"{V1}/policies/{{id}}"): OPERATE,
    ("DELETE", f"{V1}/policies/{{id}}"): OPERATE,
    ("GET", f"{V1}/policies/{{id}}/export"): LOOK,
    ("GET", f"{V1}/policies/{{id}}/ancestors"): LOOK,
    ("POST", f"{V1}/policies/{{id}}/tests"): OPERATE,
    ("POST", f"{V1}/policies/{{id}}/rollouts"): OPERATE,
    ("GET", f"{V1}/jobs"): LOOK,
    ("GET", f"{V1}/jobs/{{id}}"): LOOK,
    ("DELETE", f"{V1}/jobs/{{id}}"): OPERATE,
    ("GET", f"{V1}/rollouts/{{id}}"): LOOK,
    ("GET", f"{V1}/rollouts/{{id}}/video.mp4"): LOOK,
    ("GET", f"{V1}/rollouts/{{id}}/poster.jpg"): LOOK,
    ("POST", f"{V1}/rollouts/{{id}}/videos"): OPERATE,
    ("POST", f"{V1}/rollouts/{{id}}/verifications"): OPERATE,
    ("GET", f"{V1}/rollouts/{{id}}/actions"): LOOK,
    ("GET", f"{V1}/environments"): LOOK,
    ("GET", f"{V1}/presets"): LOOK,
    ("GET", f"{V1}/workers"): LOOK,
    ("GET", f"{V1}/workers/refused"): LOOK,
    ("POST", f"{V1}/workers/{{id}}/set-aside"): OPERATE,
    ("POST", f"{V1}/workers/{{id}}/let-in"): OPERATE,
}
"""To whom each method of each route opens. A new route belongs here before it is served."""
KINDS = {APIWebSocketRoute: "WEBSOCKET", Mount: "MOUNT"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.fixture(scope="module")
async def known(postgres: Postgres) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient, dict[str, str]]]:
    """An application, a client, and a token of each role; nobody has none."""
    database_url = postgres.create_database(TEMPLATE)
    app = create_app(Settings(database_url=database_url, token=TOKEN, allowed_hosts=HOSTS))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://server") as client:
            tokens = {role: (await app.state.tokens.create(role, role)).secret for role in ("viewer", "worker")}
            yield app, client, tokens | {"operator": TOKEN, "nobody": ""}
    postgres.drop_database(database_url)


Known = tuple[FastAPI, httpx2.AsyncClient, dict[str, str]]


def ways_in(app: FastAPI) -> set[tuple[str, str]]:
    """What the application serves: each route with each of its methods, websockets, mounted folders."""
    shortcuts = [route for route in app.routes if isinstance(route, Shortcut)]
    found = {
        (method, route.path or "")
        for route in iter_route_contexts([route for route in app.routes if route not in shortcuts])
        for method in route.methods or {KINDS[type(route.original_route)]}
    }.union(*(shortcut.ways for shortcut in shortcuts))
    # Whoever may look at a thing may look at its head.
    return {(method, path) for method, path in found if method != "HEAD" or ("GET", path) not in found}


def address(path: str) -> str:
    """The route's address for things that do not exist."""
    return path.replace("{path:path}", "main.js").format(id="k3f9x2", n=0, name="learning", slug="k3f9x2")


async def test_every_way_in_is_classified(known: Known) -> None:
    assert ways_in(known[0]) == set(TABLE)


@pytest.mark.parametrize("role", sorted(OPEN))
async def test_each_role_reaches_what_the_table_opens_to_it_and_nothing_else(known: Known, role: str) -> None:
    _, client, tokens = known
    headers = {"Authorization": f"Bearer {tokens[role]}"} if tokens[role] else {}
    for (method, path), roles in TABLE.items():
        if method == "WEBSOCKET":
            continue
        response = await client.request("GET" if method == "MOUNT" else method, address(path), headers=headers)

        refused = response.status_code in {401, 403}
        assert refused == (role not in roles), f"{role}: {method} {path} answered {response.status_code}"
        if refused:
            assert response.status_code == (401 if role == "nobody" else 403)
            assert response.headers["content-type"] == "application/problem+json"


async def test_a_stranger_learns_nothing_by_any_method(known: Known) -> None:
    _, client, _ = known
    guarded = {path for _, path in TABLE if path.startswith(("/api/", "/live", "/metrics"))} | {
        "/api/v1/nothing",
        "/api/",
        "/live/x",
    }
    for path in guarded:
        for method in METHODS:
            if (method, path) == ("POST", f"{V1}/session"):
                continue
            assert (await client.request(method, address(path))).status_code == 401, f"{method} {path}"


@pytest.mark.parametrize("role", ["viewer", "worker"])
async def test_a_method_that_nobody_foresaw_is_the_operators(known: Known, role: str) -> None:
    _, client, tokens = known
    headers = {"Authorization": f"Bearer {tokens[role]}"}
    for method in ("PUT", "PATCH", "DELETE", "PROPFIND"):
        for path in (f"{V1}/nothing", f"{V1}/workers", f"{V1}/runs/k3f9x2/x"):
            assert (await client.request(method, path, headers=headers)).status_code == 403


async def test_every_answer_has_the_security_headers(known: Known) -> None:
    _, client, _ = known
    for method, path in [*TABLE, ("GET", "/nowhere"), ("POST", "/"), ("GET", "/static/nothing.js")]:
        if method == "WEBSOCKET":
            continue
        for host in ("server", "rebound.example"):
            asked = "GET" if method == "MOUNT" else method
            response = await client.request(asked, address(path), headers={"Host": host})

            policy = response.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("role", sorted(OPEN))
def test_the_websocket_opens_to_those_who_may_look(settings: Settings, role: str) -> None:
    with TestClient(create_app(settings), base_url="http://testserver") as client:
        headers = {} if role == "nobody" else {"Authorization": f"Bearer {_secret(client, role)}"}
        for path in [path for method, path in TABLE if method == "WEBSOCKET"]:
            if role in LOOK:
                with client.websocket_connect(path, headers=headers) as socket:
                    socket.send_json({"subscribe": []})
                    assert socket.receive_json()["type"] == "hello"
                continue
            with (
                pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)) as refused,
                client.websocket_connect(path, headers=headers),
            ):
                pass
            assert getattr(refused.value, "status_code", None) == (401 if role == "nobody" else 403)


def _secret(client: TestClient, role: str) -> str:
    body = {"name": role, "role": role}
    made = client.post("/api/v1/tokens", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    return str(made.json()["secret"])
