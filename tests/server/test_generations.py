"""What a run has done, over HTTP: generations, individuals, best policies, figures, tables."""

import csv
import json
from io import StringIO

import httpx2
import pytest

from evolution.chains import policy_id, read_chain
from tests.server.player import ANNOUNCEMENT, CARTPOLE, Body, Worker

pytestmark = pytest.mark.anyio


async def test_a_finished_run_shows_what_it_did(client: httpx2.AsyncClient, finished: Body) -> None:
    address = f"/api/v1/runs/{finished['id']}"
    await _check_generations(client, address)
    await _check_table(client, address)
    await _check_individuals(client, address)
    await _check_best(client, address, finished)
    await _check_figures(client, address)


async def _check_generations(client: httpx2.AsyncClient, address: str) -> None:
    first = (await client.get(f"{address}/generations", params={"limit": 1})).json()
    second = (await client.get(f"{address}/generations", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    backwards = (await client.get(f"{address}/generations", params={"order": "desc"})).json()

    assert [row["number"] for row in first["items"] + second["items"]] == [0, 1]
    assert [row["number"] for row in backwards["items"]] == [1, 0]
    row = first["items"][0]
    assert row["worst"] <= row["quartile_low"] <= row["median"] <= row["quartile_high"] <= row["best"]
    assert row["validation"]["n"] == CARTPOLE["validation_episodes"]
    assert row["test"]["n"] == CARTPOLE["test_episodes"]


async def _check_table(client: httpx2.AsyncClient, address: str) -> None:
    response = await client.get(f"{address}/generations", params={"format": "csv"})
    listed = (await client.get(f"{address}/generations")).json()["items"]

    rows = list(csv.DictReader(StringIO(response.text)))
    assert response.headers["content-type"].startswith("text/csv")
    assert "attachment" in response.headers["content-disposition"]
    assert [int(row["number"]) for row in rows] == [0, 1]
    assert [float(row["best"]) for row in rows] == [row["best"] for row in listed]
    assert [float(row["validation_mean"]) for row in rows] == [row["validation"]["mean"] for row in listed]
    assert [list(map(int, row["elite_seeds"].split())) for row in rows] == [row["elite_seeds"] for row in listed]


async def _check_individuals(client: httpx2.AsyncClient, address: str) -> None:
    page = (await client.get(f"{address}/generations/1/individuals", params={"limit": 2})).json()
    rest = (await client.get(f"{address}/generations/1/individuals", params={"cursor": page["next_cursor"]})).json()

    individuals = page["items"] + rest["items"]
    assert [each["index"] for each in individuals][: CARTPOLE["population"]] == [0, 1, 2, 3]
    assert sum(each["elite"] for each in individuals) == 1
    assert sum(each["selected"] for each in individuals) == CARTPOLE["parents"]
    missing = await client.get(f"{address}/generations/7/individuals")
    assert missing.status_code == 404
    assert (await client.get(f"{address}/generations/-1/individuals")).status_code == 422


async def _check_best(client: httpx2.AsyncClient, address: str, run: Body) -> None:
    best = (await client.get(f"{address}/best", params={"top": 3})).json()["items"]

    assert 1 <= len(best) <= 3
    assert [each["mean"] for each in best] == sorted((each["mean"] for each in best), reverse=True)
    for each in best:
        assert each["n"] > 1
        assert each["run"] == run["id"]
        assert each["engine"] == run["engine"]
    assert policy_id(read_chain(json.dumps(best[0]["document"]))) == best[0]["policy"]
    assert (await client.get(f"{address}/best", params={"top": 0})).status_code == 422


async def _check_figures(client: httpx2.AsyncClient, address: str) -> None:
    for name in ("learning", "spread", "speed"):
        for x in ("generation", "frames", "time"):
            figure = (await client.get(f"{address}/figures/{name}", params={"x": x, "theme": "dark"})).json()
            assert set(figure) == {"data", "layout"}
            assert len(figure["data"][0]["x"]) == 2
    unpriced = (await client.get(f"{address}/figures/learning", params={"x": "cost"})).json()
    assert "NEUROEVO_CORE_HOUR_PRICE" in unpriced["layout"]["annotations"][0]["text"]
    for wrong in ("unknown", "learning?x=moons", "learning?theme=pink"):
        assert (await client.get(f"{address}/figures/{wrong}")).status_code == 422


async def test_a_run_that_has_just_started_has_empty_lists_and_an_empty_figure(
    client: httpx2.AsyncClient, run: Body
) -> None:
    address = f"/api/v1/runs/{run['id']}"

    assert (await client.get(f"{address}/generations")).json() == {"items": [], "next_cursor": None}
    assert (await client.get(f"{address}/best")).json() == {"items": []}
    assert (await client.get(f"{address}/figures/learning")).json()["data"] == []
    assert len((await client.get(f"{address}/generations?format=csv")).text.splitlines()) == 1


async def test_environments_and_workers_are_those_that_announced_themselves(
    client: httpx2.AsyncClient, worker: Worker, run: Body
) -> None:
    environments = {each["id"]: each for each in (await client.get("/api/v1/environments")).json()["items"]}
    workers = (await client.get("/api/v1/workers")).json()["items"]

    assert set(environments) == set(ANNOUNCEMENT["engines"])
    assert environments["CartPole-v1"]["description"] == run["description"]
    assert environments["Pendulum-v1"]["description"]["actions"]["kind"] == "box"
    assert [(each["id"], each["slots"]) for each in workers] == [(worker.identity["id"], 2)]


async def test_presets_come_with_their_whole_configuration_and_its_schema(shared: httpx2.AsyncClient) -> None:
    presets = (await shared.get("/api/v1/presets")).json()

    assert {preset["name"] for preset in presets["items"]} == {"laptop", "quick", "paper", "cshenton"}
    assert all(preset["title"] and preset["description"] for preset in presets["items"])
    assert presets["items"][0]["configuration"]["environment"]["options"]["frame_skip"] == 4
    assert set(presets["schema"]["properties"]) == set(presets["items"][0]["configuration"])
