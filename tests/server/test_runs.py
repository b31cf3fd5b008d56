"""Runs over HTTP: start, look, change, pause, resume, stop, clone, delete; and what is refused."""

from typing import Any

import httpx2
import pytest

from tests.server.player import BOXED, CARTPOLE, UNFIT, Body, Worker

pytestmark = pytest.mark.anyio
RUNS = "/api/v1/runs"


def fields(response: httpx2.Response) -> dict[str, str]:
    return {error["field"]: error["message"] for error in response.json()["errors"]}


async def test_a_run_starts_from_a_preset_with_changes_at_any_depth(client: httpx2.AsyncClient) -> None:
    changes = {"population": 200, "budget": {"generations": 3}}

    response = await client.post(RUNS, json={"preset": "quick", "name": "pole", "configuration": changes})

    run = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"{RUNS}/{run['id']}"
    assert run["name"] == "pole"
    assert run["configuration"]["population"] == 200
    assert run["configuration"]["budget"] == {
        "generations": 3, "frames": None, "seconds": None, "target_score": 475.0,
    }  # fmt: skip


async def test_a_run_without_connected_workers_waits_visibly(client: httpx2.AsyncClient) -> None:
    run = (await client.post(RUNS, json={"preset": "laptop"})).json()

    assert run["state"] == "waiting"
    assert run["engine"] is None
    assert run["name"]


async def test_a_run_with_a_worker_that_knows_its_environment_starts_at_once(run: Body) -> None:
    assert run["state"] == "running"
    assert run["architecture"] == {"name": "mlp", "inputs": 4, "hidden": [64, 64], "actions": 2}
    assert run["description"]["actions"]["kind"] == "discrete"


async def test_a_worker_is_asked_to_describe_what_is_not_known_yet(worker: Worker) -> None:
    environment = {"id": "CartPole-v1", "options": {"max_steps": 100}}

    run = (await worker.describe_during(RUNS, {"configuration": CARTPOLE | {"environment": environment}})).json()

    assert run["state"] == "running"
    assert run["description"]["environment"] == environment


async def test_a_box_of_actions_fits_dense_layers(client: httpx2.AsyncClient, worker: Worker) -> None:
    del worker

    response = await client.post(RUNS, json={"configuration": CARTPOLE | {"environment": {"id": BOXED}}})

    assert response.status_code == 201
    assert response.json()["architecture"]["box"] is True


async def test_a_run_is_found_by_its_id_alone_or_behind_its_name(client: httpx2.AsyncClient, run: Body) -> None:
    for slug in (run["id"], f"brave-otter-{run['id']}", run["id"].upper()):
        assert (await client.get(f"{RUNS}/{slug}")).json()["id"] == run["id"]


async def test_runs_are_listed_newest_first_in_pages(client: httpx2.AsyncClient) -> None:
    ids = [(await client.post(RUNS, json={"preset": "quick"})).json()["id"] for _ in range(3)]

    first = (await client.get(RUNS, params={"limit": 2})).json()
    second = (await client.get(RUNS, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [run["id"] for run in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


async def test_runs_are_listed_by_state(client: httpx2.AsyncClient) -> None:
    paused = (await client.post(RUNS, json={"preset": "quick"})).json()["id"]
    await client.post(RUNS, json={"preset": "quick"})
    await client.post(f"{RUNS}/{paused}/pause")

    listed = (await client.get(RUNS, params={"state": "paused"})).json()["items"]

    assert [run["id"] for run in listed] == [paused]


async def test_a_run_is_paused_resumed_and_stopped_for_good(client: httpx2.AsyncClient, run: Body) -> None:
    address = f"{RUNS}/{run['id']}"

    assert (await client.post(f"{address}/pause")).json()["state"] == "paused"
    assert (await client.post(f"{address}/resume")).json()["state"] == "running"
    assert (await client.post(f"{address}/stop")).json()["state"] == "stopped"
    for move in ("pause", "resume"):
        refused = await client.post(f"{address}/{move}")
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:neuroevo:problem:conflict"
        assert "stopped" in refused.json()["detail"]


async def test_a_runs_name_share_and_budget_can_change(client: httpx2.AsyncClient, run: Body) -> None:
    changes = {"name": "renamed", "weight": 2.5, "budget": {"frames": 10_000}}

    changed = (await client.patch(f"{RUNS}/{run['id']}", json=changes)).json()

    assert changed["name"] == "renamed"
    assert changed["configuration"]["weight"] == 2.5
    assert changed["configuration"]["budget"]["frames"] == 10_000
    assert changed["configuration"]["budget"]["generations"] is None


async def test_wrong_changes_are_refused_at_their_field(client: httpx2.AsyncClient, run: Body) -> None:
    wrong: list[tuple[Body, str]] = [
        ({"weight": 0}, "weight"),
        ({"weight": "much"}, "weight"),
        ({"name": "  "}, "name"),
        ({"budget": {"frames": -1}}, "budget.frames"),
        ({"population": 5}, "population"),
    ]
    for changes, field in wrong:
        response = await client.patch(f"{RUNS}/{run['id']}", json=changes)

        assert response.status_code == 422
        assert field in fields(response)


async def test_a_run_is_cloned_with_changes_and_another_seed(client: httpx2.AsyncClient, worker: Worker) -> None:
    del worker
    origin = (await client.post(RUNS, json={"configuration": CARTPOLE})).json()
    changes = {"name": "twin", "configuration": {"population": 6}}

    response = await client.post(f"{RUNS}/{origin['id']}/clone", json=changes)

    clone = response.json()
    assert response.status_code == 201
    assert clone["cloned_from"] == origin["id"]
    assert clone["configuration"]["population"] == 6
    assert clone["configuration"]["parents"] == CARTPOLE["parents"]
    assert clone["configuration"]["seed"] != CARTPOLE["seed"]


async def test_a_deleted_run_is_gone(client: httpx2.AsyncClient, run: Body) -> None:
    assert (await client.delete(f"{RUNS}/{run['id']}")).status_code == 204

    assert (await client.get(f"{RUNS}/{run['id']}")).status_code == 404
    assert (await client.get(RUNS)).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/zzzzzz"),
        ("PATCH", "/zzzzzz"),
        ("DELETE", "/zzzzzz"),
        ("POST", "/zzzzzz/pause"),
        ("POST", "/zzzzzz/resume"),
        ("POST", "/zzzzzz/stop"),
        ("POST", "/zzzzzz/clone"),
        ("GET", "/zzzzzz/generations"),
        ("GET", "/zzzzzz/generations?format=csv"),
        ("GET", "/zzzzzz/generations/0/individuals"),
        ("GET", "/zzzzzz/best"),
        ("GET", "/zzzzzz/figures/learning"),
    ],
)
async def test_an_unknown_run_is_not_found(shared: httpx2.AsyncClient, method: str, path: str) -> None:
    response = await shared.request(method, RUNS + path, json={} if method in {"PATCH", "POST"} else None)

    assert response.status_code == 404
    assert response.json()["type"] == "urn:neuroevo:problem:not-found"
    assert "zzzzzz" in response.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"population": 0}, "configuration.population"),
        ({"population": 10**9}, "configuration.population"),
        ({"population": "many"}, "configuration.population"),
        ({"population": 10, "parents": 11}, "configuration.parents"),
        ({"population": 10, "parents": 2, "candidates": 11}, "configuration.candidates"),
        ({"mutation_power": -1}, "configuration.mutation_power"),
        ({"architecture": "transformer"}, "configuration.architecture"),
        ({"seed": 2**32}, "configuration.seed"),
        ({"budget": {"frames": 0}}, "configuration.budget.frames"),
        ({"budget": {"dollars": 5}}, "configuration.budget.dollars"),
        ({"environment": {"id": ""}}, "configuration.environment.id"),
        ({"environment": {"options": {"max_steps": -1}}}, "configuration.environment.options.max_steps"),
        ({"populatoin": 10}, "configuration.populatoin"),
    ],
)
async def test_a_wrong_configuration_is_refused_at_its_field(
    shared: httpx2.AsyncClient, changes: Body, field: str
) -> None:
    response = await shared.post(RUNS, json={"preset": "quick", "configuration": changes})

    assert response.status_code == 422
    assert response.json()["type"] == "urn:neuroevo:problem:invalid-configuration"
    assert field in fields(response)
    assert (await shared.get(RUNS)).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"preset": "fastest"}, "preset"),
        ({"preset": "quick", "nmae": "x"}, "nmae"),
        ({"preset": "quick", "name": ""}, "name"),
        ({"preset": "quick", "name": "x" * 101}, "name"),
        ({"preset": "quick", "name": "a\u0007b"}, "name"),
        ({"preset": "quick", "configuration": []}, "configuration"),
        ([], "body"),
        ({}, "configuration.environment"),
    ],
)
async def test_a_wrong_request_is_refused_at_its_field(shared: httpx2.AsyncClient, body: Any, field: str) -> None:
    response = await shared.post(RUNS, json=body)

    assert response.status_code == 422
    assert field in fields(response)


async def test_numbers_that_are_not_finite_are_refused(shared: httpx2.AsyncClient) -> None:
    content = '{"preset": "quick", "configuration": {"mutation_power": NaN}}'

    response = await shared.post(RUNS, content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 422
    assert "configuration.mutation_power" in fields(response)


async def test_an_environment_that_no_worker_knows_is_refused(client: httpx2.AsyncClient, worker: Worker) -> None:
    del worker

    response = await client.post(
        RUNS, json={"preset": "quick", "configuration": {"environment": {"id": "ALE/Pacman-v5"}}}
    )

    assert response.status_code == 422
    assert response.json()["type"] == "urn:neuroevo:problem:unknown-environment"
    assert "ALE/Pacman-v5" in fields(response)["configuration.environment.id"]


async def test_an_environment_whose_spaces_no_policy_fits_is_refused(
    client: httpx2.AsyncClient, worker: Worker
) -> None:
    del worker

    response = await client.post(RUNS, json={"configuration": CARTPOLE | {"environment": {"id": UNFIT}}})

    assert response.status_code == 422
    assert "observations are text" in fields(response)["configuration.environment.id"]


async def test_a_network_that_does_not_fit_the_environment_is_refused(
    client: httpx2.AsyncClient, worker: Worker
) -> None:
    del worker

    response = await client.post(RUNS, json={"configuration": CARTPOLE | {"architecture": "nature-dqn"}})

    assert response.status_code == 422
    assert "configuration.architecture" in fields(response)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "all"}, "limit"),
        ({"state": "asleep"}, "state"),
        ({"cursor": "nonsense"}, "cursor"),
    ],
)
async def test_a_wrong_query_is_refused_at_its_parameter(shared: httpx2.AsyncClient, query: Body, field: str) -> None:
    response = await shared.get(RUNS, params=query)

    assert response.status_code == 422
    assert field in fields(response)


async def test_a_run_is_exported_and_imported_by_http(client: httpx2.AsyncClient) -> None:
    run = (await client.post("/api/v1/runs", json={"preset": "quick", "name": "mover"})).json()
    file = await client.get(f"/api/v1/runs/{run['id']}/export", headers={"Accept-Encoding": "gzip"})
    assert (file.status_code, file.headers["content-type"]) == (200, "application/gzip")
    assert f'filename="{run["id"]}.run.gz"' in file.headers["content-disposition"]
    packed = {"Content-Type": "application/gzip"}
    again = await client.post("/api/v1/runs/imports", content=file.content, headers=packed)
    assert (again.status_code, again.json()["state"]) == (201, "paused")
    assert again.headers["location"] == f"/api/v1/runs/{again.json()['id']}"
    assert again.json()["configuration"] == run["configuration"]
    damaged = await client.post("/api/v1/runs/imports", content=file.content[:-9], headers=packed)
    assert (damaged.status_code, damaged.json()["type"]) == (422, "urn:neuroevo:problem:malformed-run")
    assert "cut short" in damaged.json()["detail"]
    assert (await client.get("/api/v1/runs/nothin/export")).status_code == 404
