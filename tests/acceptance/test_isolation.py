"""The server runs without torch and an emulator, a worker without a web framework and a database driver."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.client import Server
from cli.connection import Connection
from cli.ports import free_port
from tests.acceptance.conftest import clean_environment
from tests.acceptance.processes import until

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-the-test"
SERVER_NEEDS_NOT = ("torch", "numba", "llvmlite", "gymnasium", "ale_py", "cv2", "worker")
WORKER_NEEDS_NOT = ("ale_py", "fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "psycopg", "plotly", "server")


def _start_without(blocked: tuple[str, ...], *arguments: str, **variables: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.acceptance.blocking", ",".join(blocked), *arguments]
    return subprocess.Popen(command, env=clean_environment(**variables), cwd=ROOT)


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    """Processes put here are ended with SIGTERM, last first."""
    with ExitStack() as stack:
        yield stack


def _ends_in_order(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_server_and_worker_run_without_each_others_packages(database_url: str, processes: ExitStack) -> None:
    connection = Connection(f"http://127.0.0.1:{free_port('127.0.0.1', 0)}", TOKEN)
    port = connection.url.rsplit(":", 1)[1]
    database = {"NEUROEVO_DATABASE_URL": database_url, "NEUROEVO_TOKEN": TOKEN}
    processes.callback(_ends_in_order, _start_without(SERVER_NEEDS_NOT, "server", "start", "--port", port, **database))
    server = processes.enter_context(Server(connection))
    until(server.is_ready, 60)
    told = {"NEUROEVO_SERVER": connection.url, "NEUROEVO_TOKEN": TOKEN}
    processes.callback(_ends_in_order, _start_without(WORKER_NEEDS_NOT, "worker", "start", "--slots", "1", **told))
    run = server.post("runs", {"preset": "quick", "configuration": {"population": 10, "parents": 2, "candidates": 2}})
    until(lambda: server.get(f"runs/{run['id']}")["generation"] >= 1, 60)
