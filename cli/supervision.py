"""The order in which `up` starts and stops its children, and what it tells its user meanwhile."""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from cli.children import Child
from cli.client import Server
from cli.connection import connection_file, write_connection
from cli.following import Follower
from cli.household import Plan, postgres_child, server_child, worker_child
from cli.lock import Lock
from cli.postgres import EmbeddedPostgres
from cli.progress import Screen
from worker.compilation import NOTICE, are_compiled

PATIENCE_SECONDS = 1.0
"""Before a start that takes its time says so."""


class Supervision:
    """One life of `up`: `run` returns when the user has stopped it and everything has ended."""

    def __init__(self, plan: Plan, lock: Lock, screen: Screen) -> None:
        self._plan = plan
        self._lock = lock
        self._screen = screen
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._children: list[Child] = []
        self._lives: list[asyncio.Task[None]] = []

    async def run(self, preset: str, *, new: bool) -> None:
        """Starts everything, makes sure that a run is going and follows it until a signal says stop.

        Raises:
            CommandError: something could not be started, or the data folder was lost; what had been started has been
                stopped again.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._interrupt)
        with Server(self._plan.connection) as master:
            work = asyncio.create_task(self._work(master, preset, new=new))
            try:
                await self._until_stopped(work)
            finally:
                work.cancel()
                await self._stop_everything()

    def _interrupt(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        else:
            self._stop.set()

    async def _until_stopped(self, work: asyncio.Task[None]) -> None:
        """Waits for a signal, for the end of `work`, or for a child that could not be started."""
        stopped = asyncio.create_task(self._stop.wait())
        while not stopped.done():
            done, _ = await asyncio.wait({stopped, work, *self._lives}, timeout=0.5, return_when="FIRST_COMPLETED")
            for task in done - {stopped}:
                task.result()
            self._lock.check()

    async def _work(self, master: Server, preset: str, *, new: bool) -> None:
        plan, say = self._plan, self._screen.say
        say(f"neuroevo: everything is kept in {plan.data}")
        database_url = plan.database_url
        if database_url is None:
            postgres = EmbeddedPostgres(plan.data)
            await self._start([postgres_child(postgres, plan, say)], "Postgres is starting, or recovering")
            database_url = postgres.url
        await self._start([server_child(plan, database_url, master, say)], "the server is starting")
        write_connection(plan.data, plan.connection)
        say(f"dashboard: {await asyncio.to_thread(master.link)}")
        compiled = are_compiled()
        await self._start([worker_child(number, plan, say) for number in range(1, plan.workers + 1)], "")
        say(f"{plan.workers} worker{'' if plan.workers == 1 else 's'} started; Ctrl-C stops everything")
        if not compiled:
            say(NOTICE)
        await Follower(master, self._screen).follow(preset, new=new)

    async def _start(self, children: Sequence[Child], waiting: str) -> None:
        """Starts the children and waits until all serve, saying so when that takes its time."""
        self._children.extend(children)
        self._lives.extend(child.start() for child in children)
        began = time.monotonic()
        for child in children:
            while not child.ready.is_set():
                ready = asyncio.create_task(child.ready.wait())
                await asyncio.wait({ready}, timeout=PATIENCE_SECONDS)
                ready.cancel()
                if not child.ready.is_set():
                    elapsed = time.monotonic() - began
                    self._screen.show(f"{waiting} … {elapsed:.0f} s", time.monotonic())

    async def _stop_everything(self) -> None:
        """Workers first, so that they hand back; the database last. A line for each."""
        self._screen.settle()
        workers = [child for child in self._children if child.name.startswith("worker")]
        others = [child for child in reversed(self._children) if child not in workers]
        if workers:
            self._screen.say("stopping: the workers hand back what they hold (Ctrl-C again hurries)")
            await asyncio.gather(*(child.stop(self._hurry) for child in workers))
            self._screen.say("the workers have stopped")
        with suppress(OSError):  # its disk may have become read-only: then the address stays, and nobody answers there
            connection_file(self._plan.data).unlink(missing_ok=True)
        for child in others:
            await child.stop(self._hurry)
            self._screen.say(f"{child.name} has stopped")
