"""The library of policies over HTTP."""

import hashlib

import httpx2
import pytest

from evolution.chains import parse_chain, policy_id
from evolution.expansion import expand
from tests.server.player import Body
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
    """Names of the policies that a list has."""
    response = await client.get(PATH, params=query)
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
    query: dict[str, str | int] = {"sort": sort, "order": order, "limit": 2}
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
