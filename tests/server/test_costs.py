"""What a run costs, over HTTP: in the list, on its own, by generation, as a table and along a figure's axis."""

import csv
from io import StringIO

import httpx2
import pytest

from server.settings import Settings
from tests.server.player import Body

pytestmark = pytest.mark.anyio
EPISODES = 4 + 2 * 3 + 2
"""Of a generation, 0.01 s each."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A core-hour of two dollars."""
    return settings.model_copy(update={"core_hour_price": 2.0})


async def test_a_run_on_a_server_with_a_price_tells_its_cost_everywhere(
    client: httpx2.AsyncClient, finished: Body
) -> None:
    at_each_close = [pytest.approx(number * EPISODES * 0.01 * 2 / 3600) for number in (1, 2)]
    assert finished["cost"]["dollars"] == at_each_close[-1]
    assert finished["cost"]["score_per_dollar"] == pytest.approx(finished["best"] / finished["cost"]["dollars"])
    (listed,) = (await client.get("/api/v1/runs")).json()["items"]
    assert listed["cost"] == finished["cost"]
    address = f"/api/v1/runs/{finished['id']}"
    generations = (await client.get(f"{address}/generations")).json()["items"]
    assert [row["cost"] for row in generations] == at_each_close
    table = csv.DictReader(StringIO((await client.get(f"{address}/generations?format=csv")).text))
    assert [float(row["cost"]) for row in table] == at_each_close
    figure = (await client.get(f"{address}/figures/learning?x=cost")).json()
    assert figure["data"][0]["x"] == at_each_close
    assert figure["layout"]["xaxis"]["title"]["text"] == "cost (US dollars)"


@pytest.mark.parametrize("price", [-0.01, 1000.5, "nan"])
async def test_a_worker_tells_no_price_that_cannot_be(client: httpx2.AsyncClient, price: float | str) -> None:
    asked = {"protocol": 1, "worker": {"id": "1" * 32, "name": "x", "core_hour_price": price}}
    assert (await client.post("/api/v1/batches", json=asked)).status_code == 422
