"""The server as an ASGI application: a function of its settings, its storage and its clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from pydantic import SecretStr

from server.api import batches
from server.api.access import Gate
from server.api.assets import Assets
from server.api.description import Application, describe
from server.api.hosts import Hosts
from server.api.metrics import request_histogram, watch_process
from server.api.middleware import COMPRESSION_LEVEL, AccessLog, BodyLimit, Compression, SecurityHeaders
from server.api.pages import answer_not_found
from server.api.problems import answer_with_problems
from server.api.routes import UNVERSIONED, VERSIONED
from server.api.work_route import Shortcut
from server.cancellation import end
from server.service.clock import Clock, SystemClock
from server.service.keyring import Keyring
from server.service.keys import Key, digest_of
from server.service.master import Master
from server.service.refusals import Refusals
from server.service.tokens import Tokens
from server.settings import Settings
from server.storage.database import Storage
from server.token_views import Role

NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(settings: Settings, storage: Storage | None = None, clock: Clock | None = None) -> FastAPI:
    """The application. `storage`: closed when the application ends; by default the settings' database."""
    store = storage or Storage(settings.database_url.get_secret_value())
    app = Application(**describe(), lifespan=_serve, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    time = clock or SystemClock()
    app.state.settings, app.state.storage = settings, store
    app.state.master = master = Master(store, time, settings)
    app.state.keyring = keyring = Keyring(store, time, own_keys(settings))
    app.state.tokens = Tokens(store.reading, master.writing, time, keyring.load)
    app.state.refusals = refusals = Refusals(time)
    app.state.stopping = asyncio.Event()
    watch_process(master.meters.registry)
    app.router.routes.insert(0, Shortcut("/api/v1", batches.router.routes))
    for router in VERSIONED:
        app.include_router(router, prefix="/api/v1")
    for router in UNVERSIONED:
        app.include_router(router)
    app.add_route("/static/{path:path}", Assets().serve, include_in_schema=False)
    answer_with_problems(app)
    app.add_exception_handler(404, answer_not_found)
    # The last one added is the outermost.
    app.add_middleware(Gate, keyring=keyring, refusals=refusals)
    app.add_middleware(Hosts, settings=settings)
    app.add_middleware(BodyLimit, limit=settings.body_bytes)
    app.add_middleware(Compression, minimum_size=1024, compresslevel=COMPRESSION_LEVEL)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog, seconds=request_histogram(master.meters.registry))
    return app


def own_keys(settings: Settings) -> list[Key]:
    """What the settings' tokens open."""
    given: list[tuple[str, Role, SecretStr | None]] = [
        ("the server's own token", "operator", settings.token),
        ("the server's own token for workers", "worker", settings.worker_token),
        ("the server's own token for viewers", "viewer", settings.viewer_token),
    ]
    return [Key(None, name, role, digest_of(secret.get_secret_value())) for name, role, secret in given if secret]


@asynccontextmanager
async def _serve(app: FastAPI) -> AsyncIterator[None]:
    master: Master = app.state.master
    keyring: Keyring = app.state.keyring
    await master.start()
    await keyring.load()
    keeping = asyncio.create_task(keyring.keep(master.writing))
    try:
        yield
    finally:
        app.state.stopping.set()
        await end(keeping)
        await master.stop()
        await app.state.storage.close()
