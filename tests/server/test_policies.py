"""The library of policies over HTTP."""

import asyncio
import hashlib
import json
import queue
import threading
from collections.abc import Sequence

import httpx2
import pytest

import exports
from evolution.chains import SeedChain, parse_chain, policy_id
from evolution.expansion import expand
from exports.card import Score
from exports.formats import Export
from server.api.policies import DOCUMENT_BYTES
from server.service import fingerprints, show_policy
from server.service.fingerprints import fingerprint
from server.service.pages import write_cursor
from tests.server.player import Body, Worker
from tests.server.test_problems import check

pytestmark = pytest.mark.anyio

PATH = "/api/v1/policies"


def document(*seeds: int, **more: object) -> Body:
    """A chain of a small network."""
    return {
        "format": "philox-1",
        "architecture": {"name": "mlp", "inputs": 4, "hidden": [8], "actions": 2},
        "environment": {"id": "CartPole-v1", "options": {"max_steps": None}},
        "seeds": list(seeds) or [1, 2],
        "power": 0.5,
        **more,
    }


def frostbite(**more: object) -> Body:
    """A chain for a game whose scores are known."""
    environment = {"id": "ALE/Frostbite-v5", "options": {"minimal_actions": False}}
    return document(environment=environment, architecture={"name": "nature-dqn", "actions": 18}, **more)


async def bring(client: httpx2.AsyncClient, policy: Body, status: int = 201) -> Body:
    """Imports a policy."""
    response = await client.post(PATH, json=policy)
    assert response.status_code == status, response.text
    body: Body = response.json()
    return body


async def ids(client: httpx2.AsyncClient, **query: str | int) -> list[str]:
    """Names of the imported policies that a list has."""
    response = await client.get(PATH, params={"origin": "imported", **query})
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


async def test_a_document_is_taken_over_once_with_name_tags_and_scores(client: httpx2.AsyncClient) -> None:
    scores = [{"protocol": "as in 2018", "episodes": [{"seed": 1000 + n, "score": 10.0 * n} for n in range(3)]}]
    given = document(7, 8, 9, name="Old friend", tags=["kept", "kept", "fine"], scores=scores, note={"by": "me"})
    response = await client.post(PATH, json=given)
    shown = response.json()

    assert response.status_code == 201
    assert response.headers["location"] == f"{PATH}/{shown['id']}"
    assert shown["id"] == policy_id(parse_chain(given))
    assert (shown["name"], shown["tags"], shown["length"]) == ("Old friend", ["kept", "fine"], 3)
    assert shown["origin"] == {"kind": "imported", "run": None, "run_name": None, "generation": None, "index": None}
    assert shown["document"]["note"] == {"by": "me"}
    assert shown["score"] == {
        "mean": 10.0,
        "sd": 10.0,
        "n": 3,
        "distinct": 3,
        "source": "document",
        "protocol": "as in 2018",
        "engine": None,
    }
    assert shown["scores"] == [shown["score"]]
    assert [(each["seed"], each["score"], each["steps"]) for each in shown["episodes"]][1] == (1001, 10.0, None)
    assert (shown["reference"], shown["normalised"]) == (None, None)
    again = await bring(client, document(7, 8, 9, name="New name"), 200)
    assert again["name"] == "Old friend"
    assert (await client.get(f"{PATH}/{shown['id'][:8]}")).json() == again


async def test_a_policy_shows_its_fingerprint_and_how_much_smaller_its_chain_is(client: httpx2.AsyncClient) -> None:
    shown = await bring(client, document(1, 2, 3))
    parameters = expand(parse_chain(document(1, 2, 3)))

    assert shown["parameters_sha256"] == hashlib.sha256(parameters.astype("<f4").tobytes()).hexdigest()
    assert (shown["parameters"], shown["weights_bytes"], shown["chain_bytes"]) == (58, 232, 12)
    assert (shown["rollouts"], shown["jobs"], shown["rollout"]) == ([], [], None)


async def test_scores_of_a_known_game_are_normalised_and_name_their_source(client: httpx2.AsyncClient) -> None:
    shown = await bring(client, frostbite(scores=[{"mean": 2200.0, "n": 30}]))

    assert shown["normalised"] == pytest.approx((2200 - 65.2) / (4334.7 - 65.2))
    assert (shown["reference"]["random"], shown["reference"]["human"]) == (65.2, 4334.7)
    assert "dqn_zoo" in shown["reference"]["source"]
    assert shown["score"]["protocol"] == "sticky actions 0.25, 5,000 steps, all actions"


async def test_policies_are_named_tagged_and_deleted(client: httpx2.AsyncClient) -> None:
    path = f"{PATH}/{(await bring(client, document()))['id']}"
    changed = await client.patch(path, json={"name": "  Best of all ", "tags": ["a", "b", "a"]})

    assert (changed.json()["name"], changed.json()["tags"]) == ("Best of all", ["a", "b"])
    assert (await client.patch(path, json={"tags": []})).json()["name"] == "Best of all"
    for wrong in ({"name": ""}, {"name": "a\nb"}, {"tags": ["x" * 51]}, {"tags": ["\0"]}, {"title": "x"}):
        check(await client.patch(path, json=wrong), 422, "invalid-request")
    assert (await client.delete(path)).status_code == 204
    for method in ("GET", "DELETE"):
        check(await client.request(method, path), 404, "not-found")
    check(await client.patch(path, json={}), 404, "not-found")


async def test_the_list_is_filtered_searched_and_sorted(client: httpx2.AsyncClient) -> None:
    await bring(client, document(1, name="low", tags=["red"], scores=[{"mean": 10, "n": 2}]))
    await bring(client, document(2, 3, name="high", tags=["blue", "red"], scores=[{"mean": 90, "n": 2}]))
    await bring(client, document(4, 5, 6, name="unknown"))
    await bring(client, frostbite(name="game", scores=[{"mean": 50, "n": 2}]))

    assert await ids(client) == ["high", "game", "low", "unknown"]
    assert await ids(client, sort="score", order="asc") == ["unknown", "low", "game", "high"]
    assert (await ids(client, sort="normalised"))[0] == "game"
    assert await ids(client, sort="length", environment="CartPole-v1") == ["unknown", "high", "low"]
    assert await ids(client, sort="name") == ["game", "high", "low", "unknown"]
    assert (await ids(client, sort="created"))[0] == "game"
    assert await ids(client, tag="red") == ["high", "low"]
    assert await ids(client, search="FROST") == ["game"]
    assert await ids(client, search="blu") == ["high"]
    assert await ids(client, search=policy_id(parse_chain(document(1)))[:8]) == ["low"]
    assert await ids(client, search="100%_\\") == []
    assert await ids(client, origin="run") == []
    assert await ids(client, run="nobody-k3f9x2") == []
    assert await ids(client, tag="\0") == []


@pytest.mark.parametrize("sort", ["score", "normalised", "created", "length", "name"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_lead_through_the_whole_list(client: httpx2.AsyncClient, sort: str, order: str) -> None:
    for n in range(5):
        scores = [{"mean": n // 2, "n": 2}] if n else []
        await bring(client, document(*range(n + 1), name=f"é{n}", scores=scores))
    query: dict[str, str | int] = {"origin": "imported", "sort": sort, "order": order, "limit": 2}
    seen, cursor = [], None
    while True:
        page = (await client.get(PATH, params=query | ({"cursor": cursor} if cursor else {}))).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        check(
            await client.get(PATH, params={"cursor": cursor, "sort": "name" if sort == "score" else "score"}),
            422,
            "invalid-configuration",
        )

    assert sorted(seen) == [f"é{n}" for n in range(5)]
    assert seen == await ids(client, sort=sort, order=order)


NO_CHAINS = [
    (document(format="tea-1"), "is unknown"),
    (document(format="philox-2"), "newer"),
    (document(format=1), "names its format"),
    (document(seeds=[]), "seeds"),
    (document(seeds=[2**32]), "seeds.0"),
    (document(seeds=[-1]), "seeds.0"),
    (document(seeds=[1.5]), "seeds.0"),
    (document(power=[0.1, 0.1]), "power has 2 entries"),
    (document(environment={"id": "ALE/Pong-v5", "options": {"turbo": True}}), "turbo"),
    (document(architecture={"name": "mlp", "inputs": 10**6, "hidden": [65536], "actions": 2}), "parameters"),
    (document(name=""), "name"),
    (document(name="two\nlines"), "name"),
    (document(tags="red"), "tags"),
    (document(scores={"mean": 1}), "scores"),
    (document(scores=[{"episodes": [{"seed": -1, "score": 1}]}]), "scores.0.episodes.0.seed"),
    (document(note="\0"), "NUL"),
    (document(note={"\0": []}), "NUL"),
    ([document()], "JSON object"),
]


@pytest.mark.parametrize(("body", "reason"), NO_CHAINS)
async def test_what_is_no_policy_is_refused_with_the_reason(
    shared: httpx2.AsyncClient, body: object, reason: str
) -> None:
    response = await shared.post(PATH, json=body)
    check(response, 422, "invalid-policy")
    assert reason in response.json()["detail"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"format": NaN}', b"\xff", b'{"a": 1, "a": 2}', b"[" * 100_000, b'{"seeds": 1e999}']
)
async def test_what_is_no_json_is_refused_with_the_reason(shared: httpx2.AsyncClient, content: bytes) -> None:
    check(await shared.post(PATH, content=content, headers={"Content-Type": "application/json"}), 422, "invalid-policy")


async def test_a_document_in_another_wrapping_or_of_another_size_is_refused(shared: httpx2.AsyncClient) -> None:
    long = json.dumps(document(note="x" * DOCUMENT_BYTES)).encode()
    check(await shared.post(PATH, content=b"{}"), 415, "unsupported-media-type")
    check(await shared.post(PATH, content=long, headers={"Content-Type": "application/json"}), 413, "content-too-large")


async def test_endless_numbers_and_halves_of_characters_are_refused(shared: httpx2.AsyncClient) -> None:
    text = json.dumps(document(note=0))
    for value in ("1e999", '"\\ud800"', "-Infinity"):
        content = text.replace('"note": 0', f'"note": {value}').encode()
        response = await shared.post(PATH, content=content, headers={"Content-Type": "application/json"})
        check(response, 422, "invalid-policy")


async def test_a_network_that_does_not_fit_its_game_is_refused(client: httpx2.AsyncClient, worker: Worker) -> None:
    del worker
    wrong = {"name": "mlp", "inputs": 4, "hidden": [8], "actions": 3}
    for architecture, reason in (
        (wrong, "3 actions, but CartPole-v1 has 2"),
        (wrong | {"actions": 2, "inputs": 5}, "5 inputs, but CartPole-v1 has 4"),
        (wrong | {"actions": 2, "box": True}, "discrete actions"),
        ({"name": "nature-dqn", "actions": 2}, "sees images"),
    ):
        response = await client.post(PATH, json=document(architecture=architecture))
        check(response, 422, "invalid-policy")
        assert reason in response.json()["detail"]
    few = frostbite() | {"architecture": {"name": "nature-dqn", "actions": 4}}
    assert "18" in (await client.post(PATH, json=few)).json()["detail"]
    await bring(client, document())


@pytest.mark.parametrize("id", ["abc", "0" * 64, "f" * 65, "00000000", "zzzzzzzz", "%00", "brave-otter"])
async def test_an_unknown_policy_is_not_found(shared: httpx2.AsyncClient, id: str) -> None:
    for end in ("", "/ancestors", "/export", "/export?format=card"):
        check(await shared.get(f"{PATH}/{id}{end}"), 404, "not-found")
    check(await shared.get(f"{PATH}/lineage", params={"id": id}), 404, "not-found")


@pytest.mark.parametrize(
    "query", ["sort=luck", "order=up", "origin=mars", "limit=0", "cursor=x", "cursor=W10", "search=" + "x" * 201]
)
async def test_a_list_that_nobody_can_give_is_refused(shared: httpx2.AsyncClient, query: str) -> None:
    assert (await shared.get(f"{PATH}?{query}")).status_code == 422


@pytest.mark.parametrize("place", ["x", "nan" * 3, "1e999x", "9" * 99, "2030-01-01"])
@pytest.mark.parametrize("sort", ["score", "created", "length"])
async def test_a_cursor_that_somebody_made_up_is_refused(shared: httpx2.AsyncClient, sort: str, place: str) -> None:
    if (sort, place) == ("score", "9" * 99):
        return
    cursor = write_cursor(sort, "desc", place, "0" * 64)
    check(await shared.get(PATH, params={"sort": sort, "cursor": cursor}), 422, "invalid-configuration")


async def test_lineage_needs_policies(shared: httpx2.AsyncClient) -> None:
    check(await shared.get(f"{PATH}/lineage"), 422, "invalid-request")
    check(await shared.get(f"{PATH}/lineage", params={"id": ["0" * 8] * 201}), 422, "invalid-request")
    assert (await shared.get(f"{PATH}/export")).status_code == 404


async def test_an_elite_is_found_traced_and_deleted_with_its_run_alone(
    client: httpx2.AsyncClient, finished: Body
) -> None:
    listed = (await client.get(PATH, params={"run": f"pole-{finished['id']}", "sort": "length"})).json()["items"]
    path = f"{PATH}/{listed[0]['id']}"
    ancestors = (await client.get(f"{path}/ancestors")).json()["items"]
    nodes = (await client.get(f"{PATH}/lineage", params={"id": [item["id"] for item in listed]})).json()["items"]

    assert all(item["origin"]["run"] == finished["id"] for item in listed)
    assert len(ancestors) == listed[0]["length"]
    assert sorted(id for node in nodes for id in node["policies"]) == sorted(item["id"] for item in listed)
    response = await client.delete(path)
    check(response, 409, "conflict")
    assert finished["id"] in response.json()["detail"]
    assert (await client.delete(f"/api/v1/runs/{finished['id']}")).status_code == 204
    check(await client.get(path), 404, "not-found")


async def test_a_document_that_is_exported_is_the_same_when_it_is_brought_back(client: httpx2.AsyncClient) -> None:
    scores = [{"engine": "e", "episodes": [{"seed": n, "score": n, "steps": 5, "frames": 20} for n in range(4)]}]
    shown = await bring(client, frostbite(name="Friend", tags=["a"], scores=scores, note="kept"))
    path = f"{PATH}/{shown['id']}"
    file = await client.get(f"{path}/export")
    assert file.headers["content-disposition"].startswith("attachment; filename=")
    assert file.headers["content-type"] == "application/json"
    assert (await client.delete(path)).status_code == 204
    again = await bring(client, file.json())
    assert again | {"created_at": ""} == shown | {"created_at": ""}
    # What detail shows as the document has no single episodes, but the same statistics.
    assert (await client.delete(path)).status_code == 204
    assert (await bring(client, shown["document"]))["score"] == shown["score"]


@pytest.mark.parametrize("format", ["safetensors", "onnx", "card"])
async def test_a_policy_is_exported_for_others(client: httpx2.AsyncClient, format: str) -> None:
    shown = await bring(client, document(name="Friend"))
    response = await client.get(f"{PATH}/{shown['id']}/export", params={"format": format})
    assert response.status_code == 200
    assert len(response.content) > 500 - 300 * (format == "safetensors")
    assert (await client.get(f"{PATH}/{shown['id']}/export", params={"format": "pickle"})).status_code == 422


async def test_weights_are_written_one_at_a_time_and_documents_do_not_wait(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{PATH}/{(await bring(client, document()))['id']}/export"
    original, begun, go = exports.export_policy, queue.SimpleQueue[str](), threading.Event()

    def slow(chain: SeedChain, format: str, scores: Sequence[Score]) -> Export:
        begun.put(format)
        assert format == "json" or go.wait(30)
        return original(chain, format, scores)

    monkeypatch.setattr(exports, "export_policy", slow)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(client.get(path, params={"format": "safetensors"})) for _ in range(3)]
        assert await asyncio.to_thread(begun.get, timeout=30) == "safetensors"
        assert (await client.get(path)).status_code == 200
        assert begun.get_nowait() == "json"
        assert begun.empty()
        go.set()
    assert [task.result().status_code for task in asked] == [200, 200, 200]


async def test_a_chain_too_long_to_work_out_is_shown_without_a_fingerprint(client: httpx2.AsyncClient) -> None:
    shown = await bring(client, frostbite(seeds=list(range(50_000))))
    assert (shown["parameters_sha256"], shown["chain_bytes"]) == (None, 200_000)
    response = await client.get(f"{PATH}/{shown['id']}/export", params={"format": "onnx"})
    check(response, 501, "not-exportable")
    assert (await client.get(f"{PATH}/{shown['id']}/export")).status_code == 200


async def test_a_fingerprint_that_takes_long_comes_later(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def slow(chain: SeedChain) -> str:
        go.wait(10)
        return fingerprint(chain)

    monkeypatch.setattr(fingerprints, "fingerprint", slow)
    monkeypatch.setattr(show_policy, "FINGERPRINT_SECONDS", 0.01)
    shown = await bring(client, document())
    found = [shown["parameters_sha256"]]
    assert (await client.get("/healthz")).status_code == 200
    go.set()
    while found[-1] is None:
        found.append((await client.get(f"{PATH}/{shown['id']}")).json()["parameters_sha256"])
    assert len(found) > 1
    assert found[-1] == fingerprint(parse_chain(document()))
