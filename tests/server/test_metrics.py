"""What Prometheus reads: the real application's `/metrics`, parsed as Prometheus does, while work is done."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import anyio
import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from server.application import create_app
from server.settings import Settings
from tests.clock import FakeClock
from tests.conftest import Postgres
from tests.server.conftest import TOKEN, WORKER_TOKEN
from tests.server.player import CARTPOLE, Body, Worker, results_of
from tests.server.test_policies import bring, document
from tests.server.test_rollouts import played

pytestmark = pytest.mark.anyio
TABLE = Path(__file__).parents[2].joinpath("docs/operations.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(neuroevo_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", re.MULTILINE)
OUTSTANDING = "neuroevo_outstanding_episodes"
Samples = dict[str, float]
"""Values by `name{label=value,…}`, labels in order."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The library wants no recordings of its own, which would be outstanding at some moment of a test."""
    return settings.model_copy(update={"library_share": 0.0})


async def read(client: httpx2.AsyncClient) -> Samples:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(response.text)
    return {_key(sample.name, sample.labels): sample.value for family in families for sample in family.samples}


def _key(name: str, labels: dict[str, str]) -> str:
    return name + "".join(f"{{{label}={value}}}" for label, value in sorted(labels.items()))


def grown(before: Samples, after: Samples, name: str) -> Samples:
    """By its labels, by how much each sample of the metric has grown, if it has."""
    found = {key: value - before.get(key, 0) for key, value in after.items() if re.match(rf"{name}(\{{|$)", key)}
    return {key.removeprefix(name): value for key, value in found.items() if value}


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the token of one more application."""
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://server", headers=headers) as client:
            yield client


async def test_the_documents_table_is_what_is_told(client: httpx2.AsyncClient, worker: Worker, run: Body) -> None:
    await worker.play(run["id"], lambda body: body["state"] == "finished")

    text = (await client.get("/metrics")).text

    told = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("neuroevo_"):
            labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
            name = f"{family.name}_total" if family.type == "counter" else family.name
            told[name] = (family.type, ", ".join(f"`{label}`" for label in labels), family.documentation)
    assert {name: tuple(rest) for name, *rest in ROW.findall(TABLE)} == told
    assert "process_resident_memory_bytes" in text


async def test_counts_move_when_work_is_done(client: httpx2.AsyncClient, worker: Worker, run: Body) -> None:
    before = await read(client)
    batch = (await worker.ask(wants=1))["batches"][0]
    submission = results_of(batch)
    submission["results"].append(submission["results"][0] | {"generation": 7})

    await worker.ask(submissions=[submission])
    await worker.ask(submissions=[submission])

    after, count = await read(client), len(batch["episodes"])
    assert run["configuration"]["population"] == before[OUTSTANDING]
    assert after[OUTSTANDING] == before[OUTSTANDING] - count
    assert grown(before, after, "neuroevo_evaluations_total") == {"{work=run}": count}
    assert grown(before, after, "neuroevo_frames_total") == {"{work=run}": 10 * count}
    assert grown(before, after, "neuroevo_results_total") == {
        "{outcome=accepted}": count,
        "{outcome=repeated}": count,
        "{outcome=refused}": 2,
    }
    assert grown(before, after, "neuroevo_commit_seconds_count") == {"": 2}
    assert grown(before, after, "neuroevo_commit_results_sum") == {"": 2 * count}


async def test_a_jobs_episodes_are_wanted_until_they_are_stored(client: httpx2.AsyncClient, worker: Worker) -> None:
    policy = await bring(client, document())
    before = await read(client)
    await client.post(f"/api/v1/policies/{policy['id']}/tests", json={"episodes": 2})
    asked = await read(client)

    reply = await worker.ask(wants=1)
    await worker.ask(job_submissions=[played(batch) for batch in reply["jobs"]])

    after = await read(client)
    assert asked[OUTSTANDING] == before[OUTSTANDING] + 2
    assert after[OUTSTANDING] == before[OUTSTANDING] + 1
    assert grown(before, after, "neuroevo_evaluations_total") == {"{work=job}": 1}


async def test_requests_are_told_by_route_and_status_and_strangers_add_no_labels(
    client: httpx2.AsyncClient, worker: Worker, run: Body
) -> None:
    before = await read(client)

    await worker.ask(submissions=[], wants=1)
    await client.post("/api/v1/batches", json={})
    await client.get(f"/api/v1/runs/{run['id']}")
    await client.get(f"/api/v1/runs/{uuid4().hex[:6]}")
    for path in ("/nowhere", "/api/v1/nowhere", "/static/main.js"):
        await client.get(path)
    await client.request("BREW", "/api/v1/runs")

    after = await read(client)
    assert grown(before, after, "neuroevo_http_request_seconds_count") == {
        "{method=POST}{route=/api/v1/batches}{status=200}{waiting=yes}": 1,
        "{method=POST}{route=/api/v1/batches}{status=422}{waiting=no}": 1,
        "{method=GET}{route=/api/v1/runs/{id}}{status=200}{waiting=no}": 1,
        "{method=GET}{route=/api/v1/runs/{id}}{status=404}{waiting=no}": 1,
        "{method=GET}{route=other}{status=404}{waiting=no}": 2,
        "{method=GET}{route=other}{status=200}{waiting=no}": 1,
        "{method=other}{route=/api/v1/runs}{status=405}{waiting=no}": 1,
        "{method=GET}{route=/metrics}{status=200}{waiting=no}": 1,
    }


async def test_a_run_without_workers_is_work_outstanding_and_a_paused_one_is_not(client: httpx2.AsyncClient) -> None:
    before = await read(client)
    run = (await client.post("/api/v1/runs", json={"configuration": CARTPOLE})).json()

    waiting = await read(client)
    await client.post(f"/api/v1/runs/{run['id']}/pause")
    paused = await read(client)

    assert run["state"] == "waiting"
    assert waiting["neuroevo_worker_slots"] == 0
    assert waiting[OUTSTANDING] == before[OUTSTANDING] + CARTPOLE["population"]
    assert grown(before, waiting, "neuroevo_runs") == {"{state=waiting}": 1}
    assert paused[OUTSTANDING] == before[OUTSTANDING]
    assert grown(before, paused, "neuroevo_runs") == {"{state=paused}": 1}


async def test_a_lease_that_nobody_extends_is_counted_and_its_episodes_stay_outstanding(settings: Settings) -> None:
    clock = FakeClock()
    async with serving(create_app(settings, clock=clock)) as client:
        worker = Worker(client)
        await worker.arrive()
        await client.post("/api/v1/runs", json={"configuration": CARTPOLE})
        assert (await worker.ask(wants=1))["batches"]
        before = await read(client)

        clock.advance(settings.lease_seconds + 1)
        await anyio.wait_all_tasks_blocked()
        after = await read(client)

    assert grown(before, after, "neuroevo_lease_expiries_total") == {"{work=run}": 1}
    assert after[OUTSTANDING] == before[OUTSTANDING]


async def test_workers_are_told_by_their_states(client: httpx2.AsyncClient, worker: Worker, run: Body) -> None:
    idle = await read(client)
    await worker.ask(wants=1)
    working = await read(client)
    await client.post("/api/v1/batches/release", json=worker.request(leases=[], leaving=True))
    left = await read(client)

    assert idle["neuroevo_workers{state=idle}"] == 1
    assert idle["neuroevo_worker_slots"] == 2
    assert working["neuroevo_workers{state=working}"] == 1
    assert (left["neuroevo_workers{state=left}"], left["neuroevo_worker_slots"]) == (1, 0)


async def test_who_stands_by_says_so_and_tells_of_no_work(client: httpx2.AsyncClient, settings: Settings) -> None:
    leader = await read(client)
    async with serving(create_app(settings)) as other:
        follower = await read(other)

    assert (leader["neuroevo_leading"], follower["neuroevo_leading"]) == (1, 0)
    assert leader["neuroevo_leader_epoch"] > follower["neuroevo_leader_epoch"] == 0
    assert OUTSTANDING in leader
    assert OUTSTANDING not in follower


async def test_a_database_that_is_away_shows_and_so_does_its_return(
    client: httpx2.AsyncClient, worker: Worker, run: Body, postgres: Postgres, database_url: str
) -> None:
    batch = (await worker.ask(wants=1))["batches"][0]
    request = worker.request(submissions=[results_of(batch)])
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    there = await read(client)
    postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    refused = await client.post("/api/v1/batches", json=request)
    away = await read(client)
    postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    taken = await client.post("/api/v1/batches", json=request)

    assert (refused.status_code, taken.status_code) == (503, 200)
    assert there["neuroevo_database_up"] == 1
    assert away["neuroevo_database_up"] == 0
    assert grown(there, away, "neuroevo_commit_seconds_count") == {"": 1}
    assert (await read(client))["neuroevo_database_up"] == 1


async def test_a_workers_token_reads_no_metrics(stranger: httpx2.AsyncClient) -> None:
    stranger.headers["Authorization"] = f"Bearer {WORKER_TOKEN}"
    assert (await stranger.get("/metrics")).status_code == 403
