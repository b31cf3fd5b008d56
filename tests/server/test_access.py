"""Who may ask: the token in a header or a cookie, the link that sets it, pages of other sites."""

import logging

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr
from starlette.types import Message, Receive, Scope, Send

from server.api.access import GUARDED, Gate, Token
from tests.server.conftest import TOKEN

pytestmark = pytest.mark.anyio
OPEN = {
    "/healthz",
    "/readyz",
    "/docs",
    "/openapi.json",
    "/",
    "/runs",
    "/runs/new",
    "/runs/{slug}",
    "/policies",
    "/policies/compare",
    "/policies/{id}",
    "/workers",
    "/static",
}


async def test_every_operation_needs_the_token(stranger: httpx2.AsyncClient, app: FastAPI) -> None:
    operations = [
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if path not in OPEN
    ]
    assert len(operations) > 15
    for method, path in operations:
        response = await stranger.request(method, path.format(id="k3f9x2", n=0, name="learning"))

        assert response.status_code == 401, path
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["type"] == "urn:neuroevo:problem:unauthorized"
        assert "Open the link" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/live"])
async def test_even_what_does_not_exist_needs_the_token(stranger: httpx2.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/", "/runs", "/static/main.js"])
async def test_health_description_and_the_dashboards_files_need_no_token(
    stranger: httpx2.AsyncClient, path: str
) -> None:
    assert (await stranger.get(path)).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer ä"],
)
async def test_a_wrong_token_opens_nothing(stranger: httpx2.AsyncClient, authorization: str) -> None:
    response = await stranger.get("/api/v1/runs", headers={b"Authorization": authorization.encode()})

    assert response.status_code == 401


async def test_a_bearer_token_opens_the_interface(stranger: httpx2.AsyncClient) -> None:
    response = await stranger.get("/api/v1/runs", headers={"Authorization": f"bearer {TOKEN}"})

    assert response.status_code == 200


async def test_the_link_sets_a_cookie_and_takes_the_token_out_of_the_address(stranger: httpx2.AsyncClient) -> None:
    response = await stranger.get("/runs/brave-otter-k3f9x2", params={"token": TOKEN, "x": "frames"})

    cookie = response.headers["set-cookie"]
    assert response.status_code == 303
    assert response.headers["location"] == "/runs/brave-otter-k3f9x2?x=frames"
    assert response.headers["cache-control"] == "no-store"
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert (await stranger.get("/api/v1/runs")).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "[::1]:{}"])
async def test_servers_on_two_ports_of_a_host_leave_each_others_cookies_alone(
    stranger: httpx2.AsyncClient, host: str
) -> None:
    names = []
    for port in (8080, 9000):
        response = await stranger.get("/", params={"token": TOKEN}, headers={"Host": host.format(port)})
        names.append(response.headers["set-cookie"].partition("=")[0])

    assert names == ["neuroevo-8080", "neuroevo-9000"]
    for name, status in zip(names, (401, 200), strict=True):
        stranger.cookies.clear()
        headers = {"Host": host.format(9000), "Cookie": f"{name}={TOKEN}"}
        assert (await stranger.get("/api/v1/runs", headers=headers)).status_code == status


@pytest.mark.parametrize("host", ["", "server:", "server:port", "[::1]", "server:123456", "a:b:c"])
async def test_without_a_port_in_the_address_the_cookie_names_none(stranger: httpx2.AsyncClient, host: str) -> None:
    headers = {"Host": host, "Cookie": f"neuroevo={TOKEN}"}

    assert (await stranger.get("/api/v1/runs", headers=headers)).status_code == 200


async def test_behind_tls_the_cookie_is_for_tls_alone(stranger: httpx2.AsyncClient) -> None:
    response = await stranger.get("https://server/", params={"token": TOKEN})

    assert "Secure" in response.headers["set-cookie"].split("; ")


async def test_a_link_with_a_wrong_token_sets_no_cookie(stranger: httpx2.AsyncClient) -> None:
    response = await stranger.get("/", params={"token": "guessed"})

    assert response.status_code == 303
    assert response.headers["location"] == "/"
    assert "set-cookie" not in response.headers


async def test_a_page_of_another_origin_cannot_write_with_the_cookie(stranger: httpx2.AsyncClient) -> None:
    stranger.cookies.set("neuroevo", TOKEN)
    body = {"preset": "quick"}

    foreign = await stranger.post("/api/v1/runs", json=body, headers={"Origin": "http://server:9999"})
    own = await stranger.post("/api/v1/runs", json=body, headers={"Origin": "http://server"})

    assert foreign.status_code == 403
    assert foreign.json()["type"] == "urn:neuroevo:problem:foreign-origin"
    assert own.status_code == 201


async def test_a_body_without_its_type_is_refused_so_that_no_form_of_another_site_passes(
    client: httpx2.AsyncClient,
) -> None:
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        response = await client.post("/api/v1/runs", content=b'{"preset": "quick"}', headers=headers)

        assert response.status_code == 415


async def test_the_path_of_a_stranger_who_would_listen_forges_no_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers: list[Message] = []

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError(f"a stranger reached {scope['path']}")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {"type": "websocket", "path": "/live\naction=master.lead epoch=9\x1b[2J", "headers": []}
    with caplog.at_level(logging.INFO, "server.api.access"):
        await Gate(never, Token(SecretStr(TOKEN)))(scope, receive, send)

    assert [answer["type"] for answer in answers] == ["websocket.close"]
    assert caplog.messages == ["action=live.refuse path=/live%0Aaction%3Dmaster.lead%20epoch%3D9%1B%5B2J status=401"]


async def test_every_route_is_known_to_be_open_or_guarded(app: FastAPI) -> None:
    served = {route.path or "" for route in iter_route_contexts(app.routes)}

    assert {"/api/v1/live", "/live", "/static"} <= served
    assert {path for path in served if not path.startswith(GUARDED)} == OPEN
