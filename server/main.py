"""The server as a process: migrates its database, listens, and stops in order."""

import asyncio
import gc
import logging
import resource
import signal
import socket
from contextlib import ExitStack, closing
from enum import IntEnum
from types import FrameType

import uvicorn
from fastapi import FastAPI

from migrations.upgrade import NewerDatabase, upgrade
from server.application import create_app
from server.connections import Connection
from server.logs import configure_logs
from server.service.clock import SystemClock
from server.service.master import REPLACED_EXIT
from server.service.tokens import Tokens
from server.settings import Settings
from server.storage.database import Storage
from server.storage.durability import risks
from server.storage.errors import DatabaseUnavailable
from server.storage.tokens import count_operators

MAX_LIVE_MESSAGE = 64 * 1024
"""Bytes of a message that `/live` reads."""

KEEP_ALIVE_SECONDS = 75
"""Longer than a worker is silent between two requests: it must not send into a connection that is being closed."""

TICKS_BETWEEN_LOOKS = 50
"""How often connections are looked at for silence, in tenths of a second."""

YOUNG_OBJECTS = 10_000
"""So many are made before the collector looks at them: most of a request's are gone by then."""

logger = logging.getLogger(__name__)


class Exit(IntEnum):
    """Why the process ended. REPLACED: another server took the lead; start this one again, it will stand by."""

    STOPPED = 0
    FAILED = 1
    PORT_UNAVAILABLE = 3
    DATABASE_UNREACHABLE = 4
    DATABASE_NEWER = 5
    NO_TOKENS = 2
    REPLACED = REPLACED_EXIT


class NoTokens(Exception):
    """Others than this machine could ask, and no one has chosen a token: set NEUROEVO_TOKEN, or store one first."""


class PortUnavailable(Exception):
    """The address cannot be listened on: stop what uses it, or choose another with --port."""


def run_server(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. Gives the exit code; what went wrong stands on standard error."""
    configure_logs(settings)
    try:
        with closing(bind(settings.host, settings.port)) as listener:
            upgrade(settings.database_url.get_secret_value())
            warn_of_risks(settings.database_url.get_secret_value())
            link = asyncio.run(_prepare(settings))
            return _serve(settings, listener, link)
    except PortUnavailable as error:
        return _fail(Exit.PORT_UNAVAILABLE, str(error))
    except DatabaseUnavailable as error:
        return _fail(Exit.DATABASE_UNREACHABLE, f"{error}. Check that Postgres runs and NEUROEVO_DATABASE_URL.")
    except NewerDatabase as error:
        return _fail(Exit.DATABASE_NEWER, str(error))
    except NoTokens as error:
        return _fail(Exit.NO_TOKENS, str(error))


def warn_of_risks(database_url: str) -> None:
    """Says loudly what of the database's settings lets a power cut lose or spoil what was acknowledged."""
    for risk in risks(database_url):
        logger.warning("action=database.unsafe %s", risk)


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address, not yet listening: nobody is kept waiting while the database is migrated.

    Raises:
        PortUnavailable: it is in use, forbidden or not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            stack.pop_all()
    except OSError as error:
        raise PortUnavailable(
            f"cannot listen on {host} port {port} ({error.strerror}): "
            "stop what uses it, or choose another with --port or NEUROEVO_PORT"
        ) from error
    return listener


class Server(uvicorn.Server):
    """One process, stopped by SIGTERM or SIGINT: who waits for work is sent away first, results are still committed."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=Connection,
                ws="websockets-sansio",
                ws_max_size=MAX_LIVE_MESSAGE,
                ws_per_message_deflate=False,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                forwarded_allow_ips=settings.believed_proxies,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=settings.stop_seconds,
            )
        )
        self._stopping: asyncio.Event = app.state.stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the doors, and say so."""
        await super().startup(sockets)
        _spare_collector()
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            logger.info("action=server.listening host=%s port=%d", host, port)

    async def on_tick(self, counter: int) -> bool:
        """Look after the connections every few seconds; uvicorn ticks ten times a second."""
        if counter % TICKS_BETWEEN_LOOKS == 0:
            for connection in self.server_state.connections.copy():
                if isinstance(connection, Connection):
                    connection.close_if_silent()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way, then close."""
        logger.info("action=server.stopping")
        self._stopping.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; a second SIGINT does not wait. The signal is not raised again: a stop asked for is a success."""
        del frame
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


async def _prepare(settings: Settings) -> str | None:
    """A link to show, if no one has chosen a token and only this machine can ask.

    Raises:
        NoTokens: others can ask, and there are no tokens.
        DatabaseUnavailable: nothing is known.
    """
    if not settings.is_local and not settings.proxies:
        logger.warning(
            "action=server.exposed host=%s Others can listen to what is sent, tokens included: put a proxy with TLS in "
            "front and name it in NEUROEVO_PROXIES.",
            settings.host,
        )
    if not settings.token_was_drawn:
        return None
    storage, clock = Storage(settings.database_url.get_secret_value(), connections=1), SystemClock()
    try:
        if settings.is_local:
            return (await Tokens(storage.reading, storage.unfenced, clock).make_link("operator")).path
        async with storage.reading() as connection:
            if not await count_operators(connection, clock.now()):
                raise NoTokens(
                    f"{settings.host} can be reached by others, and there are no tokens: set NEUROEVO_TOKEN to a long "
                    "random text, or make one first: neuroevo token create NAME --role operator --database-url URL"
                )
    finally:
        await storage.close()
    return None


def _serve(settings: Settings, listener: socket.socket, link: str | None) -> int:
    _allow_many_connections()
    if link:
        print(f"{settings.address(listener.getsockname()[1])}{link}", flush=True)
    server = Server(create_app(settings), settings)
    try:
        server.run(sockets=[listener])
    except SystemExit:
        return _fail(Exit.FAILED, "The server could not start; the lines above say why.")
    return Exit.STOPPED


def _spare_collector() -> None:
    """What is there by now stays: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _allow_many_connections() -> None:
    """Each waiting worker holds a connection: take all the file descriptors that the machine grants."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _fail(code: Exit, message: str) -> int:
    logger.error("action=server.failed code=%d %s", code.value, message)
    return code
