"""Postgres, a server and workers as processes, each of which may be killed, with a network between them that fails."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from urllib.request import Request, urlopen

import psycopg

from cli.leftovers import SOCKET
from cli.postgres import SUPERUSER, EmbeddedPostgres
from migrations.upgrade import upgrade
from tests.acceptance.conftest import clean_environment
from tests.acceptance.processes import pause, until
from tests.chaos.proxy import Proxy

TOKEN = "token-of-the-chaos"
LEASE_SECONDS = 2.0
HOST = "127.0.0.1"
START_SECONDS = 60.0
Child = subprocess.Popen[bytes]


class ServerEnded(Exception):
    """A server ended by itself."""


class Server(NamedTuple):
    """A server's process, and where it listens."""

    process: Child
    port: int

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request, answered with JSON. Raises as urlopen."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = Request(f"http://{HOST}:{self.port}/api/v1/{path}", data, headers, method=method)
        with urlopen(request, timeout=60) as response:
            return json.load(response)

    def is_ready(self) -> bool:
        """it leads, and its database answers"""
        if (status := self.process.poll()) is not None:
            raise ServerEnded(f"exit status {status}")
        try:
            with urlopen(f"http://{HOST}:{self.port}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (OSError, HTTPException):  # Whatever a server says that is being killed.
            return False


class Cluster:
    """A context manager. `sabotage`: a promise that the server breaks, as `tests.chaos.sabotage` names them.

    `settings`: of Postgres. Workers reach the server through `network`, the server reaches Postgres through
    `database_network`.
    """

    def __init__(self, folder: Path, chance: random.Random, sabotage: str = "", **settings: str) -> None:
        self.folder, self.chance, self._sabotage = folder, chance, sabotage
        self._postgres = EmbeddedPostgres(folder, settings)
        self._stack, self._started = ExitStack(), 0
        self.servers: list[Server] = []
        self.workers: list[Child] = []

    def __enter__(self) -> "Cluster":
        with self._stack:
            self._postgres.start()
            self._stack.callback(self._postgres.stop)
            upgrade(self._postgres.url)
            detour = self.folder / "detour"
            detour.mkdir()
            real = self._postgres.socket_folder / SOCKET
            self.database_network = self._stack.enter_context(Proxy(detour / SOCKET, real))
            self._database_url = f"postgresql://{SUPERUSER}@/postgres?host={quote(str(detour), safe='/')}"
            self.network = self._stack.enter_context(Proxy((HOST, 0), (HOST, 0)))
            # Before both networks, which could not close while somebody connects to them.
            self._stack.callback(self._end_children)
            self.network.lead_to((HOST, self.start_server().port))
            self.await_server()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def server(self) -> Server:
        """The one started first."""
        return self.servers[0]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the server itself."""
        return self.server.ask(method, path, body)

    def query(self, statement: str, *values: Any) -> list[Any]:
        """Rows of the database itself."""
        with psycopg.connect(self._postgres.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def start_worker(self, *options: str) -> Child:
        """One more; its log stays. `options`: further ones of its command line."""
        command = ["worker", "start", "--server", f"http://{self.network}", "--slots", "1", "--log-level", "debug"]
        worker = self._start([sys.executable, "-P", "-m", "cli"], *command, *options)
        self.workers.append(worker)
        return worker

    def start_server(self, port: int = 0) -> Server:
        """One more, once it listens."""
        program = ["tests.chaos.sabotage", self._sabotage] if self._sabotage else ["cli"]
        command = ["server", "start", "--host", HOST, "--port", str(port)]
        process = self._start([sys.executable, "-m", *program], *command)
        log = self._log(self._started)

        def listening() -> int:
            """the server listens"""
            assert process.poll() is None, log.read_text()
            lines = [line for line in log.read_text().splitlines() if "action=server.listening" in line]
            return int(lines[-1].rsplit("port=", 1)[1]) if lines else 0

        self.servers.append(Server(process, until(listening, START_SECONDS)))
        return self.servers[-1]

    def await_server(self) -> None:
        """Waits until the server leads and its database answers."""
        until(self.server.is_ready, START_SECONDS)

    def kill_worker(self) -> None:
        """kill -9, and another one takes its place."""
        self._kill(self.workers.pop(self.chance.randrange(len(self.workers))))
        self.start_worker()

    def kill_server(self) -> None:
        """kill -9, and it is started again where it was."""
        killed = self.servers.pop(0)
        self._kill(killed.process)
        self.start_server(killed.port)
        self.await_server()

    def kill_backend(self) -> None:
        """kill -9 of one of the server's database sessions: Postgres ends all others and recovers."""
        with suppress(psycopg.OperationalError):
            backends = self.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'neuroevo'")
            if backends:
                os.kill(self.chance.choice(backends)[0], signal.SIGKILL)
        self.await_server()

    def kill_postmaster(self) -> None:
        """kill -9 of Postgres itself; it is started again on what it left."""
        os.kill(self.postmaster, signal.SIGKILL)
        self._postgres.stop()
        self._postgres.start()
        self.await_server()

    @property
    def postmaster(self) -> int:
        """Postgres's process id."""
        return int((self._postgres.folder / "postmaster.pid").read_text().split()[0])

    def freeze_worker(self) -> None:
        """SIGSTOP for longer than its leases."""
        self._freeze(self.chance.choice(self.workers))

    def freeze_server(self) -> None:
        """SIGSTOP for longer than a lease."""
        self._freeze(self.server.process)
        self.await_server()

    def cut_workers_off(self) -> None:
        """The network between workers and server is away."""
        self.network.cut(self.chance.uniform(0, 2 * LEASE_SECONDS))

    def cut_database_off(self) -> None:
        """The network between server and database is away, for a moment: a commit's answer may be lost."""
        self.database_network.cut(self.chance.uniform(0, LEASE_SECONDS))
        self.await_server()

    def logs(self) -> Iterator[str]:
        """Every line that any process wrote, dead ones included."""
        for number in range(1, self._started + 1):
            yield from self._log(number).read_text(errors="replace").splitlines()

    def _freeze(self, child: Child) -> None:
        child.send_signal(signal.SIGSTOP)
        waiting = iter(range(int(1.5 * LEASE_SECONDS / 0.1)))
        while next(waiting, None) is not None:
            pause()
        child.send_signal(signal.SIGCONT)

    def _kill(self, child: Child) -> None:
        child.kill()
        child.wait()

    def _end_children(self) -> None:
        for child in (*self.workers, *(server.process for server in self.servers)):
            child.send_signal(signal.SIGCONT)
            self._kill(child)

    def _log(self, number: int) -> Path:
        return self.folder / f"{number}.log"

    def _start(self, program: list[str], *command: str) -> Child:
        self._started += 1
        variables = {
            "NEUROEVO_TOKEN": TOKEN,
            "NEUROEVO_LEASE_SECONDS": str(LEASE_SECONDS),
            "NEUROEVO_BATCH_SECONDS": "0.3",
        } | ({"NEUROEVO_DATABASE_URL": self._database_url} if "server" in command else {})
        with self._log(self._started).open("wb") as log:
            return subprocess.Popen(
                [*program, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment(**variables),
            )


Disturbance = Callable[[Cluster], None]
KILLS: tuple[Disturbance, ...] = (
    Cluster.kill_worker,
    Cluster.kill_server,
    Cluster.kill_backend,
    Cluster.kill_postmaster,
)
OTHERS: tuple[Disturbance, ...] = (
    Cluster.freeze_worker,
    Cluster.freeze_server,
    Cluster.cut_workers_off,
    Cluster.cut_database_off,
)
