"""The server as an ASGI application: a function of its settings, its storage and its clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from server.api.access import Gate, Token
from server.api.assets import Assets
from server.api.description import Application, describe
from server.api.middleware import COMPRESSION_LEVEL, AccessLog, BodyLimit, Compression, SecurityHeaders
from server.api.pages import answer_not_found
from server.api.problems import answer_with_problems
from server.api.routes import UNVERSIONED, VERSIONED
from server.service.clock import Clock, SystemClock
from server.service.master import Master
from server.settings import Settings
from server.storage.database import Storage

NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(settings: Settings, storage: Storage | None = None, clock: Clock | None = None) -> FastAPI:
    """The application. `storage`: closed when the application ends; by default the settings' database."""
    store = storage or Storage(settings.database_url.get_secret_value())
    app = Application(**describe(), lifespan=_serve, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    app.state.settings, app.state.token, app.state.storage = settings, Token(settings.token), store
    app.state.master = Master(store, clock or SystemClock(), settings)
    app.state.stopping = asyncio.Event()
    for router in VERSIONED:
        app.include_router(router, prefix="/api/v1")
    for router in UNVERSIONED:
        app.include_router(router)
    app.mount("/static", Assets(), name="static")
    answer_with_problems(app)
    app.add_exception_handler(404, answer_not_found)
    # The last one added is the outermost.
    app.add_middleware(Gate, token=app.state.token)
    app.add_middleware(BodyLimit, limit=settings.body_bytes)
    app.add_middleware(Compression, minimum_size=1024, compresslevel=COMPRESSION_LEVEL)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog)
    return app


@asynccontextmanager
async def _serve(app: FastAPI) -> AsyncIterator[None]:
    master: Master = app.state.master
    await master.start()
    try:
        yield
    finally:
        app.state.stopping.set()
        await master.stop()
        await app.state.storage.close()
