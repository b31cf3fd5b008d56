"""A server and a worker as real processes, for browsers to look at."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg

from tests.acceptance.processes import until

TOKEN = "token-of-the-browser-tests"
WORKER = "tester"
START_SECONDS = 90.0
RECORD_SECONDS = 180.0
"""Until the only worker, which may play runs and other jobs too, has filmed an episode."""
STOP_SECONDS = 20.0
PROGRAM = [sys.executable, "-P", "-m", "cli"]
CORE_HOUR_PRICE = 720.0
"""US dollars: a second of the worker is twenty cents."""


class Platform:
    """Server on a port of its own and a worker of one slot; the server may be killed and started again."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._folder = folder
        self._database_url = database_url
        self.port = 0
        self._server = self._start_server()
        self._worker = self._start("worker", "start", "--server", self.url, "--slots", "1", "--name", WORKER)

    @property
    def url(self) -> str:
        """Where the dashboard is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def link(self) -> str:
        """What `neuroevo up` would print."""
        return self.url + str(self.ask("POST", "/tokens/links", {})["path"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the interface, answered with JSON or nothing."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        with urlopen(Request(f"{self.url}/api/v1{path}", data, headers, method=method), timeout=30) as response:
            content = response.read()
        return json.loads(content) if content else None

    def await_worker(self) -> None:
        """Waits until the worker can be given work."""

        def is_there() -> bool:
            """the worker is connected"""
            return any(worker["environments"] for worker in self.ask("GET", "/workers")["items"])

        until(is_there, START_SECONDS)

    def create_run(self, **configuration: Any) -> dict[str, Any]:
        """A run of the preset `quick` with changes."""
        run: dict[str, Any] = self.ask("POST", "/runs", {"preset": "quick", "configuration": configuration})
        return run

    def await_generation(self, run: str, number: int) -> None:
        """Waits until the run has closed so many generations."""

        def has_closed() -> bool:
            """generations closed"""
            return bool(self.ask("GET", f"/runs/{run}")["generation"] >= number)

        until(has_closed, START_SECONDS)

    def execute(self, statement: str, *values: Any) -> None:
        """Changes the database behind the server's back."""
        with psycopg.connect(self._database_url) as connection:
            connection.execute(statement, values)

    def record(self, policy: str, seed: int) -> dict[str, Any]:
        """Waits until an episode of the policy has been recorded, with its video and poster."""
        rollout: dict[str, Any] = self.ask("POST", f"/policies/{policy}/rollouts", {"seed": seed})

        def is_filmed() -> bool:
            """the worker has brought the video"""
            found = self.ask("GET", f"/rollouts/{rollout['id']}")
            return bool(found["video"] and found["poster"])

        until(is_filmed, RECORD_SECONDS)
        found: dict[str, Any] = self.ask("GET", f"/rollouts/{rollout['id']}")
        return found

    def delete_runs(self) -> None:
        """Removes every run."""
        for run in self.ask("GET", "/runs?limit=500")["items"]:
            self.ask("DELETE", f"/runs/{run['id']}")

    @contextmanager
    def without_server(self) -> Iterator[None]:
        """kill -9; afterwards, also if the test failed meanwhile, it is there again, where it was."""
        self._server.kill()
        self._server.wait()
        try:
            yield
        finally:
            self._server = self._start_server()

    def stop(self) -> None:
        """Ends both, the worker first: it hands back what it holds."""
        for process in (self._worker, self._server):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start_server(self) -> "subprocess.Popen[bytes]":
        process = self._start("server", "start", "--host", "127.0.0.1", "--port", str(self.port))
        log = self._folder / "server.log"

        def announced() -> int:
            """the server's line about its port"""
            assert process.poll() is None, log.read_text()
            lines = [line for line in log.read_text().splitlines() if "action=server.listening" in line]
            return int(lines[-1].rsplit("port=", 1)[1]) if lines else 0

        self.port = until(announced, START_SECONDS)
        until(self._is_ready, START_SECONDS)
        return process

    def _is_ready(self) -> bool:
        """the server leads"""
        try:
            with urlopen(f"{self.url}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:  # refused, cut off, or too slow for this once
            return False

    def _start(self, *command: str) -> "subprocess.Popen[bytes]":
        kept = {key: value for key, value in os.environ.items() if not key.startswith("NEUROEVO_")}
        # Recordings of the library take seconds of the only slot each.
        variables = {"NEUROEVO_TOKEN": TOKEN, "PYTHONUNBUFFERED": "1", "NEUROEVO_LIBRARY_SHARE": "0"}
        # The worker's price, which the server knows from it alone.
        variables |= {"NEUROEVO_CORE_HOUR_PRICE": str(CORE_HOUR_PRICE)} if command[0] == "worker" else {}
        variables |= {"NEUROEVO_DATABASE_URL": self._database_url} if command[0] == "server" else {}
        with (self._folder / f"{command[0]}.log").open("wb") as log:
            return subprocess.Popen(
                [*PROGRAM, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=kept | variables
            )
