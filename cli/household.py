"""What `up` looks after: the database, the server and the workers, with how each is started and stopped."""

import asyncio
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cli.children import Child, Recipe
from cli.client import Server
from cli.connection import Connection
from cli.errors import CommandError
from cli.launch import bound
from cli.logs import ChildLog
from cli.postgres import EmbeddedPostgres
from worker.allowance import MEGABYTE, parents_allowance

Say = Callable[[str], None]

WORKER_PATIENCE_SECONDS = 12.0
"""A worker hands back or submits within 10 s."""
SERVER_PATIENCE_SECONDS = 20.0
POSTGRES_PATIENCE_SECONDS = 120.0
"""Its last checkpoint on a slow disk."""


@dataclass(frozen=True)
class Plan:
    """What to start, as the options of `up` say."""

    data: Path
    host: str
    port: int
    token: str
    workers: int
    database_url: str | None
    environment_modules: Sequence[str]
    worker_token: str

    @property
    def connection(self) -> Connection:
        """The server's address as seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104 - compared
        return Connection(f"http://{f'[{host}]' if ':' in host else host}:{self.port}", self.token)


def postgres_child(postgres: EmbeddedPostgres, plan: Plan, say: Say) -> Child:
    """The embedded Postgres: SIGINT stops it in order, SIGQUIT at once (it recovers at its next start)."""

    async def is_ready(pid: int) -> bool:
        return postgres.is_ready(pid)

    def explain(_ending: str, _code: int, log: Sequence[str]) -> CommandError:
        return postgres.failure(log)

    recipe = Recipe(
        "Postgres",
        postgres.command,
        prepare=partial(postgres.prepare, say),
        is_ready=is_ready,
        explain=explain,
        stop_signal=signal.SIGINT,
        hurry_signal=signal.SIGQUIT,
        patience_seconds=POSTGRES_PATIENCE_SECONDS,
    )
    return Child(recipe, ChildLog(plan.data / "logs" / "postgres.log"), say)


def server_child(plan: Plan, database_url: str, master: Server, say: Say) -> Child:
    """The server. What is secret reaches it through its environment, which other users cannot read."""

    async def is_ready(_pid: int) -> bool:
        return await asyncio.to_thread(master.is_ready)

    recipe = Recipe(
        "server",
        partial(_neuroevo, "server", "start", "--host", plan.host, "--port", str(plan.port)),
        _environment(
            NEUROEVO_TOKEN=plan.token, NEUROEVO_WORKER_TOKEN=plan.worker_token, NEUROEVO_DATABASE_URL=database_url
        ),
        is_ready=is_ready,
        patience_seconds=SERVER_PATIENCE_SECONDS,
    )
    return Child(recipe, ChildLog(plan.data / "logs" / "server.log"), say)


def worker_child(number: int, plan: Plan, say: Say) -> Child:
    """One worker with one slot, so that a crash of the emulator costs one core's work for a moment.

    It is told its part of the memory for parents: a worker by itself takes what the whole machine has for them.
    """
    host = platform.node().split(".")[0] or "worker"
    modules = [part for module in plan.environment_modules for part in ("--env-module", module)]
    megabytes = parents_allowance(plan.workers) // MEGABYTE
    options = ["--slots", "1", "--name", f"{host}-{number}", "--parents-memory", str(megabytes), *modules]
    recipe = Recipe(
        f"worker {number}",
        partial(_neuroevo, "worker", "start", *options),
        _environment(NEUROEVO_SERVER=plan.connection.url, NEUROEVO_TOKEN=plan.worker_token),
        patience_seconds=WORKER_PATIENCE_SECONDS,
    )
    return Child(recipe, ChildLog(plan.data / "logs" / f"worker-{number}.log"), say)


def _neuroevo(*arguments: str) -> list[str]:
    return bound([sys.executable, "-P", "-m", "cli", *arguments], signal.SIGKILL)


def _environment(**variables: str) -> dict[str, str]:
    """This process's environment, less what its own options came from."""
    inherited = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
    return inherited | {"PYTHONUNBUFFERED": "1"} | variables


OWN_VARIABLES = {
    "NEUROEVO_DATABASE_URL",
    "NEUROEVO_TOKEN",
    "NEUROEVO_WORKER_TOKEN",
    "NEUROEVO_SERVER",
    "NEUROEVO_NAME",
    "NEUROEVO_ENV_MODULE",
}
