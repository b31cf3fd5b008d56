"""Who may ask: the token in a header or a cookie, the link that sets it, pages of other sites."""

import logging

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from server.api.access import Gate
from server.service.clock import SystemClock
from server.service.keyring import Keyring
from server.service.refusals import Refusals
from server.storage.database import Storage
from tests.server.conftest import TOKEN, VIEWER_TOKEN
from tests.server.player import Worker

pytestmark = pytest.mark.anyio
LINKS = "/api/v1/tokens/links"


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


async def link(client: httpx2.AsyncClient, **body: str) -> str:
    """A link as an operator makes it."""
    made = await client.post(LINKS, json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert made.status_code == 201
    return str(made.json()["path"])


async def test_a_link_sets_a_cookie_once_and_takes_the_code_out_of_the_address(stranger: httpx2.AsyncClient) -> None:
    code = (await link(stranger)).partition("=")[2]
    response = await stranger.get("/runs/brave-otter-k3f9x2", params={"code": code, "x": "frames"})

    cookie = response.headers["set-cookie"]
    assert response.status_code == 303
    assert response.headers["location"] == "/runs/brave-otter-k3f9x2?x=frames"
    assert response.headers["cache-control"] == "no-store"
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert code not in cookie
    assert (await stranger.get("/api/v1/session")).json()["role"] == "operator"
    again = await stranger.get("/", params={"code": code})
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert "set-cookie" not in again.headers


async def test_a_links_head_uses_nothing_up(stranger: httpx2.AsyncClient) -> None:
    path = await link(stranger)

    assert "set-cookie" not in (await stranger.head(path)).headers
    assert "set-cookie" in (await stranger.get(path)).headers


async def test_a_link_may_be_for_looking_alone(stranger: httpx2.AsyncClient) -> None:
    await stranger.get(await link(stranger, role="viewer"))

    assert (await stranger.get("/api/v1/runs")).status_code == 200
    assert (await stranger.post("/api/v1/runs", json={"preset": "quick"})).status_code == 403


async def test_a_token_is_exchanged_for_a_cookie_that_is_not_the_token(stranger: httpx2.AsyncClient) -> None:
    wrong = await stranger.post("/api/v1/session", json={"token": "guessed"})
    right = await stranger.post("/api/v1/session", json={"token": TOKEN})

    assert (wrong.status_code, right.status_code) == (401, 200)
    assert "set-cookie" not in wrong.headers
    assert TOKEN not in right.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= set(right.headers["set-cookie"].split("; "))
    assert (await stranger.get("/api/v1/session")).json() == {
        "name": "the server's own token",
        "role": "operator",
        "is_browser": True,
    }


async def test_who_signs_out_is_forgotten(stranger: httpx2.AsyncClient) -> None:
    await stranger.post("/api/v1/session", json={"token": TOKEN})
    kept = dict(stranger.cookies)

    assert (await stranger.delete("/api/v1/session")).status_code == 204
    assert not stranger.cookies
    stranger.cookies.update(kept)
    assert (await stranger.get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "[::1]:{}"])
async def test_servers_on_two_ports_of_a_host_leave_each_others_cookies_alone(
    stranger: httpx2.AsyncClient, host: str
) -> None:
    names = []
    for port in (8080, 9000):
        headers = {"Host": host.format(port)}
        response = await stranger.post("/api/v1/session", json={"token": TOKEN}, headers=headers)
        names.append(response.headers["set-cookie"].partition("=")[0])

    assert names == ["neuroevo-8080", "neuroevo-9000"]
    for name, status in zip(names, (401, 200), strict=True):
        stranger.cookies.clear()
        headers = {"Host": host.format(9000), "Cookie": f"{name}={TOKEN}"}
        assert (await stranger.get("/api/v1/runs", headers=headers)).status_code == status


@pytest.mark.parametrize("host", ["server", "SERVER", "127.0.0.1", "[::1]"])
async def test_without_a_port_in_the_address_the_cookie_names_none(stranger: httpx2.AsyncClient, host: str) -> None:
    headers = {"Host": host, "Cookie": f"neuroevo={TOKEN}"}

    assert (await stranger.get("/api/v1/runs", headers=headers)).status_code == 200


FOREIGN_HOSTS = ["", "server:", "server:port", "server:123456", "a:b:c", "rebound.example", "server.rebound.example",
                 "192.168.1.2", "[::2]", "server@rebound.example", "127.0.0.1.rebound.example", "server/"]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/static/main.js", "/openapi.json"])
async def test_by_a_name_that_is_not_its_own_the_server_tells_nothing(
    client: httpx2.AsyncClient, host: str, path: str
) -> None:
    response = await client.get(path, headers={"Host": host})

    assert response.status_code == 421
    assert response.json()["type"] == "urn:neuroevo:problem:unknown-host"
    assert "NEUROEVO_ALLOWED_HOSTS" in response.json()["detail"]


async def test_two_names_at_once_are_none(client: httpx2.AsyncClient) -> None:
    headers = [("Host", "server"), ("Host", "rebound.example"), ("Authorization", f"Bearer {TOKEN}")]

    assert (await client.get("/api/v1/runs", headers=headers)).status_code == 421


async def test_supervisors_ask_by_any_name(stranger: httpx2.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await stranger.get(path, headers={"Host": "10.1.2.3:8080"})).status_code == 200


async def test_behind_tls_the_cookie_is_for_tls_alone(stranger: httpx2.AsyncClient) -> None:
    response = await stranger.get("https://server" + await link(stranger))

    assert "Secure" in response.headers["set-cookie"].split("; ")


async def test_a_wrong_code_sets_no_cookie(stranger: httpx2.AsyncClient) -> None:
    response = await stranger.get("/", params={"code": "guessed"})

    assert response.status_code == 303
    assert response.headers["location"] == "/"
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "origin",
    ["http://server:9999", "https://server", "http://server.example", "null", "http://rebound.example", "server", ""],
)
async def test_a_page_of_another_origin_cannot_write_with_the_cookie(stranger: httpx2.AsyncClient, origin: str) -> None:
    stranger.cookies.set("neuroevo", TOKEN)
    body = {"preset": "quick"}

    foreign = await stranger.post("/api/v1/runs", json=body, headers={"Origin": origin})
    signing_in = await stranger.post("/api/v1/session", json={"token": TOKEN}, headers={"Origin": origin})
    own = await stranger.post("/api/v1/runs", json=body, headers={"Origin": "http://server"})

    assert (foreign.status_code, signing_in.status_code) == (403, 403)
    assert foreign.json()["type"] == "urn:neuroevo:problem:foreign-origin"
    assert own.status_code == 201


async def test_behind_tls_the_own_origin_is_that_of_tls(stranger: httpx2.AsyncClient) -> None:
    stranger.cookies.set("neuroevo", TOKEN)
    for origin, status in (("https://server", 201), ("http://server", 403)):
        headers = {"Origin": origin}
        response = await stranger.post("https://server/api/v1/runs", json={"preset": "quick"}, headers=headers)
        assert response.status_code == status


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
        await Gate(never, Keyring(Storage("postgresql://x"), SystemClock()), Refusals(SystemClock()))(
            scope, receive, send
        )

    assert [answer["type"] for answer in answers] == ["websocket.close"]
    assert caplog.messages == ["action=live.refuse path=/live%0Aaction%3Dmaster.lead%20epoch%3D9%1B%5B2J status=401"]


async def test_workers_that_are_not_let_in_are_listed_with_what_to_do_and_without_their_token(
    client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    request = Worker(client).request()
    wrong = f"{TOKEN}x"
    for authorization in ("", f"Bearer {wrong}", f"Bearer {wrong}", f"Bearer {VIEWER_TOKEN}"):
        headers = {"Authorization": authorization} if authorization else {}
        async with httpx2.AsyncClient(transport=client._transport, base_url="http://server", headers=headers) as other:
            assert (await other.post("/api/v1/batches", json=request)).status_code in {401, 403}
    assert (await client.post("/api/v1/batches", json=request | {"protocol": 2})).status_code == 426
    assert (await client.get("/api/v1/nothing", headers={"Authorization": "Bearer x"})).status_code == 401

    found = (await client.get("/api/v1/workers/refused")).json()["items"]

    assert [one["times"] for one in found] == [1, 1, 2, 1]
    words = ["install the server's version", "role is viewer", "is not known", "has no token"]
    for one, word in zip(found, words, strict=True):
        assert word in one["reason"]
        assert f"action=worker.refuse address={one['address']} reason={one['reason']}" in caplog.text
    assert wrong not in str(found)
    assert wrong not in caplog.text
    assert VIEWER_TOKEN not in caplog.text
