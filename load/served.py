"""A server of this project on a Postgres of its own, both as processes, for a measurement."""

import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from cli.client import Server
from cli.connection import Connection
from cli.options import DEFAULT_HOST
from cli.ports import free_port
from cli.postgres import EmbeddedPostgres

START_SECONDS = 120.0
POLL_SECONDS = 0.05
TICKS = os.sysconf("SC_CLK_TCK")
SETTINGS = {"NEUROEVO_LIBRARY_SHARE": "0", "NEUROEVO_LOG_LEVEL": "warning"}


class NotStarted(Exception):
    """The server that is to be measured does not start; its last lines say why."""


class Served:
    """Server and Postgres in `folder`. A context manager; `stop` and `start` restart the server alone."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        self._postgres = EmbeddedPostgres(folder)
        self.token, self.port = secrets.token_urlsafe(), 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        _allow_many_connections()
        with self._stack:
            self._postgres.start()
            self._stack.callback(self._postgres.stop)
            self._stack.callback(self.stop)
            self.start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def database_url(self) -> str:
        """For who looks into the ledger."""
        return self._postgres.url

    def start(self) -> None:
        """Starts the server, where it was, and waits until it leads.

        Raises:
            NotStarted: it does not.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NEUROEVO_")}
        own = {"NEUROEVO_TOKEN": self.token, "NEUROEVO_DATABASE_URL": self.database_url}
        self.port = self.port or free_port(DEFAULT_HOST, 0)
        command = [sys.executable, "-P", "-m", "cli", "server", "start", "--port", str(self.port)]
        log = self._folder / "server.log"
        with log.open("wb") as lines:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=lines, stderr=lines, env=kept | own | SETTINGS
            )
        deadline = time.monotonic() + START_SECONDS
        with self.client() as client:
            while not client.is_ready():
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise NotStarted(f"the server does not start: {log.read_text(errors='replace')[-2000:]}")
                time.sleep(POLL_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ends the server by this signal and waits for it."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait()

    def client(self) -> Server:
        """The server as the commands see it, for a `with` block."""
        return Server(Connection(f"http://{DEFAULT_HOST}:{self.port}", self.token))

    def cpu_seconds(self) -> float:
        """Processor time that the server has used."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self) -> int:
        """Memory that the server has."""
        return int(Path(f"/proc/{self._pid}/statm").read_text().split()[1]) * resource.getpagesize()

    @property
    def _pid(self) -> int:
        if self._process is None:
            raise NotStarted("the server has not been started")
        return self._process.pid


def _allow_many_connections() -> None:
    """Each waiting worker holds a connection at both ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
