"""A real Postgres in trouble: the server says what is wrong, loses nothing, and goes on by itself once it is mended."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import psycopg
import pytest

from cli.checks import Place, check_durability
from cli.postgres import EmbeddedPostgres
from migrations.upgrade import upgrade
from server.application import create_app
from server.settings import Settings
from server.storage.durability import risks
from tests.conftest import FAST, Postgres
from tests.disks import fill, small_disk
from tests.server.conftest import HOSTS, TOKEN
from tests.server.player import CARTPOLE, Body, Worker, results_of
from tests.server.test_problems import check

pytestmark = pytest.mark.anyio
DISK_MEGABYTES = 150
RESULTS = "/api/v1/batches"
ENDLESS = CARTPOLE | {"population": 500, "budget": {"generations": 100}}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where the machine lets us mount one."""
    with small_disk(tmp_path / "disk", DISK_MEGABYTES) as place:
        yield place


@pytest.fixture
def server_of_postgres(disk: Path) -> Iterator[EmbeddedPostgres]:
    """A Postgres that others do not use, on the small disk."""
    with EmbeddedPostgres(disk, FAST | {"max_connections": "30", "min_wal_size": "32MB"}) as postgres:
        upgrade(postgres.url)
        yield postgres


@pytest.fixture
async def client(server_of_postgres: EmbeddedPostgres) -> AsyncIterator[httpx2.AsyncClient]:
    values = {
        "database_url": server_of_postgres.url,
        "token": TOKEN,
        "wait_seconds": 0.05,
        "library_share": 0,
        "allowed_hosts": HOSTS,
    }
    application = create_app(Settings.model_validate(values))
    async with application.router.lifespan_context(application):
        transport = httpx2.ASGITransport(application, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://server", headers=headers) as client:
            yield client


@pytest.fixture
async def endless(client: httpx2.AsyncClient, worker: Worker) -> Body:
    del worker
    response = await client.post("/api/v1/runs", json={"configuration": ENDLESS})
    assert response.status_code == 201, response.text
    body: Body = response.json()
    return body


async def refused(worker: Worker) -> tuple[httpx2.Response, Body]:
    """Plays until the server does not take the results; its answer, and the request."""
    submissions: list[Body] = []
    while True:
        request = worker.request(submissions=submissions, wants=2)
        response = await worker.client.post(RESULTS, json=request)
        if response.status_code != 200:
            return response, request
        submissions = [results_of(batch) for batch in response.json()["batches"]]


async def stored(postgres: EmbeddedPostgres, submission: str) -> int:
    async with await psycopg.AsyncConnection.connect(postgres.url) as connection:
        cursor = await connection.execute("SELECT count(*) FROM results WHERE submission = %s", [submission])
        row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_space(
    server_of_postgres: EmbeddedPostgres,
    client: httpx2.AsyncClient,
    worker: Worker,
    endless: Body,
    disk: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ballast = fill(disk)
    response, request = await refused(worker)
    check(response, 503, "database-unavailable")
    assert response.headers["retry-after"]
    assert "no disk space left" in response.json()["detail"]
    assert any("no disk space left" in line.getMessage() for line in caplog.records if line.levelno >= logging.WARNING)
    shown = (await client.get(f"/api/v1/runs/{endless['id']}")).json()
    assert shown["state"] == "running"
    ballast.unlink()
    again = await client.post(RESULTS, json=request)
    assert again.status_code == 200, again.text
    for submission in request["submissions"]:
        assert again.json()["outcomes"][submission["id"]]["accepted"] == len(submission["results"])
        assert await stored(server_of_postgres, submission["id"]) == len(submission["results"])


async def test_a_read_only_database_is_named_and_the_run_goes_on_after_it(
    server_of_postgres: EmbeddedPostgres, worker: Worker, endless: Body
) -> None:
    del endless

    async def set_read_only(value: str) -> None:
        async with await psycopg.AsyncConnection.connect(server_of_postgres.url, autocommit=True) as connection:
            await connection.execute("SET default_transaction_read_only = off")
            await connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
            await connection.execute("SELECT pg_reload_conf()")

    await set_read_only("on")
    response, request = await refused(worker)
    check(response, 503, "database-unavailable")
    assert "is read-only" in response.json()["detail"]
    await set_read_only("off")
    response = await worker.client.post(RESULTS, json=request)
    while response.status_code == 503:  # Postgres reads its settings in a moment of its own.
        response = await worker.client.post(RESULTS, json=request)
    assert response.status_code == 200


async def test_too_many_connections_are_named(server_of_postgres: EmbeddedPostgres, client: httpx2.AsyncClient) -> None:
    with ExitStack() as taken, psycopg.connect(server_of_postgres.url, autocommit=True) as first:
        # With the pool's own gone, others take all there are.
        first.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'neuroevo'"
        )
        with suppress(psycopg.OperationalError):
            while True:
                taken.enter_context(psycopg.connect(server_of_postgres.url))
        response = await client.get("/api/v1/runs")
        check(response, 503, "database-unavailable")
        assert "takes no more connections" in response.json()["detail"]
    assert (await client.get("/api/v1/runs")).status_code == 200


def test_settings_that_a_power_cut_would_punish_are_told(tmp_path: Path, postgres: Postgres) -> None:
    with EmbeddedPostgres(tmp_path) as safe:
        configuration = safe.folder / "postgresql.conf"
        configuration.write_text(configuration.read_text() + "fsync = off\nfull_page_writes = off\n")
        assert risks(safe.url) == []
    with EmbeddedPostgres(tmp_path) as edited:
        assert risks(edited.url) == []
    names = [sentence.split(" = ")[0].split()[-1] for sentence in risks(postgres.url("postgres"))]
    assert names == ["fsync", "full_page_writes", "synchronous_commit"]


def test_the_doctor_tells_of_settings_that_a_power_cut_would_punish(tmp_path: Path, postgres: Postgres) -> None:
    place = Place(tmp_path, "127.0.0.1", 0, None, None, postgres.url("postgres"))
    finding = check_durability(place)
    assert (finding.name, finding.state) == ("power loss", "warn")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert f"Postgres runs with {setting} = off: " in finding.detail
    assert finding.remedy == "set it in postgresql.conf and restart Postgres"
    with EmbeddedPostgres(tmp_path) as safe:
        finding = check_durability(place._replace(database_url=safe.url))
    assert (finding.state, finding.remedy) == ("ok", None)
    finding = check_durability(place._replace(database_url=safe.url))
    assert finding.state == "warn", "a database that is away may have any settings"
    assert "does not answer" in finding.detail
