"""The application on a real Postgres, asked in-process, and a worker that plays."""

import logging
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI

from server.application import create_app
from server.settings import Settings
from tests.conftest import TEMPLATE, Postgres
from tests.server.player import CARTPOLE, Body, Worker

TOKEN = "a-token-of-the-tests"
WORKER_TOKEN = "a-workers-token-of-the-tests"
VIEWER_TOKEN = "a-viewers-token-of-the-tests"
HOSTS = "server, testserver"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The loop that the product runs on; of the session, so that tests can share an application."""
    return "asyncio"


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings under which a worker does not wait for work for long."""
    return Settings(
        database_url=database_url,
        token=TOKEN,
        worker_token=WORKER_TOKEN,
        viewer_token=VIEWER_TOKEN,
        allowed_hosts=HOSTS,
        wait_seconds=0.05,
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application, started."""
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without the token."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://server") as client:
        yield client


@pytest.fixture
async def client(stranger: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A client with the token."""
    stranger.headers["Authorization"] = f"Bearer {TOKEN}"
    return stranger


@pytest.fixture(scope="module")
async def shared(postgres: Postgres) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the token of an application that the tests of a module share: for requests that store nothing."""
    database_url = postgres.create_database(TEMPLATE)
    application = create_app(Settings(database_url=database_url, token=TOKEN, allowed_hosts=HOSTS))
    async with application.router.lifespan_context(application):
        transport = httpx2.ASGITransport(application, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://server", headers=headers) as client:
            yield client
    postgres.drop_database(database_url)


@pytest.fixture
async def worker(client: httpx2.AsyncClient) -> Worker:
    """A connected worker."""
    worker = Worker(client)
    await worker.arrive()
    return worker


@pytest.fixture
async def run(client: httpx2.AsyncClient, worker: Worker) -> Body:
    """A run that has just started."""
    del worker
    response = await client.post("/api/v1/runs", json={"name": "pole", "configuration": CARTPOLE})
    assert response.status_code == 201, response.text
    body: Body = response.json()
    return body


@pytest.fixture
async def finished(client: httpx2.AsyncClient, worker: Worker, run: Body) -> Body:
    """A run of two generations that were played."""
    await worker.play(run["id"], until=lambda shown: bool(shown["state"] == "finished"))
    body: Body = (await client.get(f"/api/v1/runs/{run['id']}")).json()
    return body
