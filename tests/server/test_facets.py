"""What the library can be narrowed to, over HTTP."""

import httpx2
import pytest

from tests.server.player import Body
from tests.server.test_policies import PATH, bring, document, frostbite

pytestmark = pytest.mark.anyio


async def facets(client: httpx2.AsyncClient, **query: str) -> Body:
    """The counts under these filters."""
    response = await client.get(f"{PATH}/facets", params=query)
    assert response.status_code == 200, response.text
    body: Body = response.json()
    return body


def counts(found: Body, kind: str) -> dict[str, int]:
    """Value to number of policies, in the order given."""
    return {each["value"]: each["count"] for each in found[kind]}


async def test_each_kind_is_counted_under_all_filters_but_its_own(client: httpx2.AsyncClient) -> None:
    await bring(client, document(1, name="low", tags=["red"]))
    await bring(client, document(2, 3, name="high", tags=["blue", "red"]))
    await bring(client, frostbite(name="game", tags=["red"]))

    whole = await facets(client, origin="imported")
    assert whole["total"] == counts(whole, "origins")["imported"] == 3
    assert (counts(whole, "environments")["CartPole-v1"], counts(whole, "tags")["red"]) == (2, 3)
    chosen = await facets(client, origin="imported", environment="CartPole-v1", tag="blue")
    assert chosen["total"] == 1
    assert counts(chosen, "tags") == {"red": 2, "blue": 1}
    assert counts(chosen, "environments") == {"CartPole-v1": 1}
    searched = await facets(client, search="HIGH")
    assert (searched["total"], counts(searched, "environments")) == (1, {"CartPole-v1": 1})
    assert (await facets(client, tag="\0"))["total"] == 0


async def test_runs_are_counted_by_the_elites_that_they_bred(client: httpx2.AsyncClient, finished: Body) -> None:
    listed = (await client.get(PATH, params={"run": finished["id"], "limit": 500})).json()["items"]
    found = await facets(client, run=finished["id"])

    assert found["total"] == len(listed) > 0
    assert found["runs"] == [{"value": finished["id"], "name": finished["name"], "count": len(listed)}]
