"""Tokens by the interface: made, listed, revoked, given new secrets; what is stored of them; when that counts."""

from datetime import timedelta
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from server.application import create_app
from server.service.clock import SystemClock
from server.service.errors import Conflict
from server.service.keyring import Keyring
from server.service.keys import Key, digest_of, draw_secret
from server.service.tokens import Tokens
from server.settings import Settings
from server.storage.database import Storage
from tests.clock import FakeClock
from tests.server.conftest import TOKEN, VIEWER_TOKEN, WORKER_TOKEN

pytestmark = pytest.mark.anyio
TOKENS = "/api/v1/tokens"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def made(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post(TOKENS, json={"name": "the screen", "role": "viewer", **body}, headers=bearer(TOKEN))
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def status(client: httpx2.AsyncClient, secret: str) -> int:
    return (await client.get("/api/v1/session", headers=bearer(secret))).status_code


async def signed_in(client: httpx2.AsyncClient, secret: str) -> str:
    """The secret that a browser got for this one."""
    response = await client.post("/api/v1/session", json={"token": secret})
    given = response.cookies["neuroevo"]
    client.cookies.clear()
    return given


async def test_a_new_token_opens_at_once_and_its_secret_is_never_shown_again(stranger: httpx2.AsyncClient) -> None:
    token = await made(stranger)
    listed = await stranger.get(TOKENS, headers=bearer(TOKEN))

    assert await status(stranger, token["secret"]) == 200
    assert len(token["secret"]) == len(draw_secret()) > 43
    assert token["secret"] not in listed.text
    assert [(each["name"], each["role"], each["state"]) for each in listed.json()["items"]] == [
        ("the screen", "viewer", "active")
    ]


async def test_of_secrets_only_digests_are_stored(stranger: httpx2.AsyncClient, settings: Settings) -> None:
    token = await made(stranger)
    link = (await stranger.post(f"{TOKENS}/links", json={}, headers=bearer(TOKEN))).json()["path"].partition("=")[2]
    storage = Storage(settings.database_url.get_secret_value())
    async with storage.reading() as connection:
        from server.storage.tables import links, tokens

        rows = [tuple(row) for table in (tokens, links) for row in await connection.execute(table.select())]
    await storage.close()

    stored = repr(rows)
    assert repr(digest_of(token["secret"])) in stored
    assert repr(digest_of(link)) in stored
    assert token["secret"] not in stored
    assert link not in stored


async def test_a_revoked_token_opens_nothing_from_then_on(stranger: httpx2.AsyncClient) -> None:
    token = await made(stranger)
    gone = await stranger.delete(f"{TOKENS}/{token['id']}", headers=bearer(TOKEN))

    assert (gone.status_code, await status(stranger, token["secret"])) == (204, 401)
    again = await stranger.post(f"{TOKENS}/{token['id']}/rotate", headers=bearer(TOKEN))
    assert again.status_code == 409
    (listed,) = (await stranger.get(TOKENS, headers=bearer(TOKEN))).json()["items"]
    assert listed["state"] == "revoked"


async def test_a_new_secret_takes_the_old_ones_place(stranger: httpx2.AsyncClient) -> None:
    token = await made(stranger)
    renewed = (await stranger.post(f"{TOKENS}/{token['id']}/rotate", headers=bearer(TOKEN))).json()

    assert renewed["id"] == token["id"]
    assert [await status(stranger, each["secret"]) for each in (token, renewed)] == [401, 200]


async def test_what_does_not_exist_is_not_found(client: httpx2.AsyncClient) -> None:
    assert (await client.delete(f"{TOKENS}/zzzzzz")).status_code == 404
    assert (await client.post(f"{TOKENS}/zzzzzz/rotate")).status_code == 404


@pytest.mark.parametrize("change", ["revoke", "rotate"])
async def test_the_browsers_and_links_of_a_token_end_with_it(stranger: httpx2.AsyncClient, change: str) -> None:
    token = await made(stranger, role="operator")
    own = bearer(token["secret"])
    link = (await stranger.post(f"{TOKENS}/links", json={"role": "viewer"}, headers=own)).json()["path"]
    unused = (await stranger.post(f"{TOKENS}/links", json={"role": "viewer"}, headers=own)).json()["path"]
    await stranger.get(link)
    assert (await stranger.get("/api/v1/session")).status_code == 200

    path = f"{TOKENS}/{token['id']}"
    if change == "revoke":
        await stranger.delete(path, headers=bearer(TOKEN))
    else:
        await stranger.post(f"{path}/rotate", headers=bearer(TOKEN))

    assert (await stranger.get("/api/v1/session")).status_code == 401
    assert "set-cookie" not in (await stranger.get(unused)).headers


async def test_of_many_browsers_that_one_token_lets_in_the_latest_are_remembered(
    stranger: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.service.tokens.BROWSERS", 2)
    others = [await signed_in(stranger, secret) for secret in (TOKEN, (await made(stranger))["secret"])]
    token = await made(stranger)
    browsers = [await signed_in(stranger, token["secret"]) for _ in range(3)]

    assert [await status(stranger, each) for each in browsers] == [401, 200, 200]
    assert [await status(stranger, each) for each in [*others, token["secret"]]] == [200, 200, 200]


async def test_a_browsers_own_links_end_with_the_token_that_let_it_in(stranger: httpx2.AsyncClient) -> None:
    token = await made(stranger, role="operator")
    await stranger.post("/api/v1/session", json={"token": token["secret"]})
    link = (await stranger.post(f"{TOKENS}/links", json={})).json()["path"]
    await stranger.delete(f"{TOKENS}/{token['id']}", headers=bearer(TOKEN))

    assert "set-cookie" not in (await stranger.get(link)).headers


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "", "role": "viewer"}, {"name": "x", "role": "admin"}, {"name": "x\ny", "role": "viewer"},
     {"name": "x", "role": "viewer", "days": 0}, {"name": "x", "role": "viewer", "secret": "mine"}],
)  # fmt: skip
async def test_what_is_no_token_is_refused(client: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post(TOKENS, json=body)).status_code == 422


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_two_who_open_one_link_at_once_do_not_both_get_in(database_url: str, clock: FakeClock) -> None:
    storage = Storage(database_url)
    tokens = Tokens(storage.reading, storage.unfenced, clock)
    code = (await tokens.make_link("operator")).path.partition("=")[2]
    found: list[object] = []

    async def redeem() -> None:
        found.append(await tokens.redeem(code))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(redeem)
    await storage.close()

    assert [each is not None for each in found].count(True) == 1


async def test_a_link_lasts_ten_minutes_a_browser_thirty_days_and_a_token_as_long_as_it_says(
    database_url: str, clock: FakeClock
) -> None:
    storage = Storage(database_url)
    tokens, keyring = Tokens(storage.reading, storage.unfenced, clock), Keyring(storage, clock)
    token = await tokens.create("short", "viewer", days=1)
    late, timely = [(await tokens.make_link("operator")).path.partition("=")[2] for _ in range(2)]
    clock.advance(timedelta(minutes=10).total_seconds() - 1)
    redeemed = await tokens.redeem(timely)
    assert redeemed is not None
    await keyring.load()
    clock.advance(1)
    assert await tokens.redeem(late) is None
    assert keyring.find(token.secret) is not None
    clock.advance(timedelta(days=1).total_seconds())
    assert keyring.find(token.secret) is None
    assert keyring.find(redeemed[1]) is not None
    clock.advance(timedelta(days=29).total_seconds())
    assert keyring.find(redeemed[1]) is None
    assert [each.state for each in await tokens.list()] == ["expired", "expired"]
    await storage.close()


async def test_a_token_of_another_process_counts_within_a_second_and_its_use_is_noted(
    database_url: str, clock: FakeClock
) -> None:
    storage = Storage(database_url)
    elsewhere = Tokens(storage.reading, storage.unfenced, clock)
    keyring = Keyring(storage, clock, [Key(None, "own", "operator", digest_of("own"))])
    async with anyio.create_task_group() as group:
        group.start_soon(keyring.keep, storage.unfenced)
        token = await elsewhere.create("far", "worker")
        await _pass(clock, lambda: keyring.find(token.secret) is not None)
        async with anyio.create_task_group() as waiting:
            key = keyring.find(token.secret)
            assert key is not None
            waiting.start_soon(keyring.until_revoked, key)
            while (await elsewhere.list())[0].used_at is None:
                await _pass(clock, lambda: True)
            await elsewhere.revoke(token.id)
            await _pass(clock, lambda: keyring.find(token.secret) is None)
            # Leaving the block waits for the revocation to be heard.
        assert keyring.find("own") is not None
        group.cancel_scope.cancel()
    await storage.close()


@pytest.mark.parametrize("shown", ["token", "browser"])
@pytest.mark.parametrize("change", ["revoke", "rotate"])
async def test_what_another_process_has_just_revoked_lets_nobody_in(
    database_url: str, clock: FakeClock, change: str, shown: str
) -> None:
    storage = Storage(database_url)
    tokens, keyring = Tokens(storage.reading, storage.unfenced, clock), Keyring(storage, clock)
    token = await tokens.create("far", "operator")
    await keyring.load()
    key = keyring.find(token.secret)
    assert key is not None
    if shown == "browser":
        secret = await tokens.let_in(key)
        await keyring.load()
        key = keyring.find(secret)
        assert key is not None
    await (tokens.revoke(token.id) if change == "revoke" else tokens.rotate(token.id))
    with pytest.raises(Conflict, match="use another"):
        await tokens.make_link("viewer", key)
    with pytest.raises(Conflict, match="use another"):
        await tokens.let_in(key)
    await storage.close()


async def _pass(clock: FakeClock, is_so: Any) -> None:
    """Lets seconds pass until it is so."""
    with anyio.fail_after(20):
        while True:
            clock.advance(1)
            await anyio.sleep(0.01)
            if is_so():
                return


async def test_who_watches_is_cut_off_when_the_token_is_revoked(settings: Settings) -> None:
    def watch() -> int:
        with TestClient(create_app(settings), base_url="http://testserver") as client:
            body = {"name": "watcher", "role": "viewer"}
            token = client.post(TOKENS, json=body, headers=bearer(TOKEN)).json()
            with client.websocket_connect("/live", headers=bearer(token["secret"])) as socket:
                socket.send_json({"subscribe": []})
                assert socket.receive_json()["type"] == "hello"
                client.delete(f"{TOKENS}/{token['id']}", headers=bearer(TOKEN))
                with pytest.raises(WebSocketDisconnect) as cut:
                    socket.receive_json()
        return cut.value.code

    assert await anyio.to_thread.run_sync(watch) == 1008


async def test_what_was_known_goes_on_to_count_while_the_database_is_away(app: FastAPI) -> None:
    keyring = Keyring(Storage("postgresql://nobody@127.0.0.1:1/none"), SystemClock())
    own: Keyring = app.state.keyring
    keyring._stored = dict(own._stored) | {digest_of("known"): Key("k", "k", "viewer", digest_of("known"))}
    async with anyio.create_task_group() as group:
        group.start_soon(keyring.keep, Storage("postgresql://nobody@127.0.0.1:1/none").unfenced)
        await anyio.sleep(1.5)
        assert keyring.find("known") is not None
        group.cancel_scope.cancel()


@pytest.mark.parametrize(("secret", "role"), [(TOKEN, "operator"), (WORKER_TOKEN, "worker"), (VIEWER_TOKEN, "viewer")])
async def test_the_settings_have_a_token_of_each_role(stranger: httpx2.AsyncClient, secret: str, role: str) -> None:
    assert (await stranger.get("/api/v1/session", headers=bearer(secret))).json()["role"] == role
