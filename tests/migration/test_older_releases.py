"""What an older release left is taken over whole: its database by an upgrade, a run's file by an import.

`release-0005.sql.gz` is what `pg_dump --no-owner` wrote of a database at migration 0005: a finished run, a paused one,
one in its first generation, jobs, rollouts and a video. `release-0005.run.gz` is the paused run, exported there.
"""

import gzip
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, text

from cli.postgres import installations
from migrations.upgrade import upgrade, versions
from server.application import create_app
from server.settings import Settings
from server.storage.database import driver_url
from tests.server.conftest import HOSTS, TOKEN
from tests.server.player import Body, Worker
from tests.server.test_rollouts import MP4

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent
DUMP, RUN = HERE / "release-0005.sql.gz", HERE / "release-0005.run.gz"
GENERATIONS = {"pole": 2, "halfway": 2, "going": 0}
"""Closed generations of the runs in the dump, by name."""
DOLLARS = {"pole": 0.024, "halfway": 0.024, "going": 0.001}
"""What their episodes of 0.01 s cost: twelve of a generation."""
BEST_SCORES = {"pole": 342.6666666666667, "halfway": 312.0, "going": None}


def restore(url: str) -> None:
    """As docs/operations.md says: psql reads what pg_dump wrote."""
    programs = installations()
    command = [
        str(programs[max(programs)] / "psql"),
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        f"--dbname={url}",
    ]
    done = subprocess.run(command, input=gzip.decompress(DUMP.read_bytes()), check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@asynccontextmanager
async def serving(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """The application on this database."""
    values = {
        "database_url": database_url,
        "token": TOKEN,
        "wait_seconds": 0.05,
        "library_share": 0,
        "core_hour_price": 360,
        "allowed_hosts": HOSTS,
    }
    application = create_app(Settings.model_validate(values))
    async with application.router.lifespan_context(application):
        transport = httpx2.ASGITransport(application, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://server", headers=headers) as client:
            yield client


async def get(client: httpx2.AsyncClient, path: str) -> Body:
    response = await client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.text
    body: Body = response.json()
    return body


async def played_out(client: httpx2.AsyncClient, run: str) -> Body:
    """The run, gone on with until it is finished."""
    worker = Worker(client)
    await worker.arrive()
    await worker.play(run, until=lambda shown: bool(shown["state"] == "finished"))
    return await get(client, f"runs/{run}")


async def test_an_older_releases_database_is_upgraded_and_gone_on_with(empty_database_url: str) -> None:
    restore(empty_database_url)
    assert versions(empty_database_url)[0] == "0005"
    upgrade(empty_database_url)
    found, needed = versions(empty_database_url)
    assert found == needed
    async with serving(empty_database_url) as client:
        runs = {run["name"]: run for run in (await get(client, "runs"))["items"]}
        assert {name: run["state"] for name, run in runs.items()} == {
            "pole": "finished",
            "halfway": "paused",
            "going": "running",
        }
        for name, generations in GENERATIONS.items():
            page = await get(client, f"runs/{runs[name]['id']}/generations")
            assert [item["number"] for item in page["items"]] == list(range(generations))
            assert runs[name]["best"] == BEST_SCORES[name]
            assert runs[name]["cost"]["dollars"] == pytest.approx(DOLLARS[name])
            costs = [pytest.approx(0.012 * (item["number"] + 1)) for item in page["items"]]
            assert [item["cost"] for item in page["items"]] == costs
        assert (await get(client, f"runs/{runs['pole']['id']}/best"))["items"]
        library = (await get(client, "policies?limit=500"))["items"]
        assert {"run", "imported", "shipped"} <= {policy["origin"]["kind"] for policy in library}
        jobs = (await get(client, "jobs"))["items"]
        assert {job["kind"] for job in jobs} == {"recording", "test"}
        recorded = [policy["id"] for policy in library if policy["origin"]["kind"] == "imported"]
        (rollout,) = (await get(client, f"policies/{recorded[0]}"))["rollouts"]
        video = await client.get(f"/api/v1/rollouts/{rollout['id']}/video.mp4")
        assert (video.status_code, video.content) == (200, MP4)
        assert (await client.post(f"/api/v1/runs/{runs['halfway']['id']}/resume")).status_code == 200
        for name in ("halfway", "going"):
            assert (await played_out(client, runs[name]["id"]))["generation"] > GENERATIONS[name]


async def test_what_a_run_had_played_when_it_was_stopped_is_in_its_cost(empty_database_url: str) -> None:
    restore(empty_database_url)
    engine = create_engine(driver_url(empty_database_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE runs SET state = 'stopped' WHERE name = 'going'"))
    engine.dispose()
    upgrade(empty_database_url)
    async with serving(empty_database_url) as client:
        (stopped,) = (await get(client, "runs?state=stopped"))["items"]
        assert stopped["cost"]["dollars"] == pytest.approx(DOLLARS["going"])


async def test_a_run_that_an_older_release_exported_is_imported_and_gone_on_with(database_url: str) -> None:
    async with serving(database_url) as client:
        response = await client.post("/api/v1/runs/imports", content=RUN.read_bytes())
        assert response.status_code == 201, response.text
        run = response.json()
        assert (run["name"], run["state"], run["generation"]) == ("halfway", "paused", 2)
        assert run["cost"]["dollars"] == pytest.approx(DOLLARS["halfway"])
        assert (await client.post(f"/api/v1/runs/{run['id']}/resume")).status_code == 200
        assert (await played_out(client, run["id"]))["generation"] == 4
