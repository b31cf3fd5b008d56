"""`neuroevo worker start`: one worker from its start to its end."""

import asyncio
import os
import signal
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple
from uuid import uuid4

from evolution.messages import Announcement, Farewell, WorkerIdentity
from worker.catalogue import announce_engines
from worker.crew import NeverReady
from worker.journal import FORMAT_VARIABLE, PLAIN, LogStyle, line, logger, set_up_logging
from worker.poller import Poller, describe_crash
from worker.processor import described_processor
from worker.registry import MissingModule, host, import_modules
from worker.server import Refused, Server
from worker.slots import default_slots

DISTRIBUTION = "neuroevolution"
FAILED = 1
LONGEST_NAME = 100


class Machine(NamedTuple):
    """What a worker is told of its machine.

    `spot`: it may be taken away, SIGTERM means that it is. `core_hour_price`: US dollars; None: as the server is set.
    """

    spot: bool = False
    core_hour_price: float | None = None


UNKNOWN_MACHINE = Machine()


def run_worker(
    server: str,
    token: str | None = None,
    slots: int | None = None,
    env_modules: Sequence[str] = (),
    name: str | None = None,
    parents_bytes: int | None = None,
    log: LogStyle = PLAIN,
    machine: Machine = UNKNOWN_MACHINE,
) -> int:
    """Works for the server at the URL `server` until SIGTERM or SIGINT: the process's exit code.

    `slots`: evaluation processes; None: as many as this machine's cgroup allows. `env_modules`: modules that register
    the user's environments. `name`: for people; None: host and a number. `parents_bytes`: memory in which its processes
    keep parents' parameters; None: what this machine's only worker may take. `log`: what of it, and
    how. Every failure is one line in the log.
    """
    set_up_logging(log)
    os.environ[FORMAT_VARIABLE] = log.format  # its evaluation processes log alike
    try:
        work = _work(server, token, slots or default_slots(), list(env_modules), name, parents_bytes, machine)
        return asyncio.run(work)
    except (Refused, MissingModule) as error:
        logger.error(line("worker-refused", reason=str(error)))
        return FAILED
    except NeverReady as error:
        logger.error(line("worker-failed", reason=str(error)))
        return FAILED
    except KeyboardInterrupt:
        return 0
    except Exception as error:  # noqa: BLE001 - it ends here; the trace is for whoever mends it
        logger.exception(line("worker-failed", reason=describe_crash(error)))
        return FAILED


async def _work(
    url: str,
    token: str | None,
    slots: int,
    modules: list[str],
    name: str | None,
    parents_bytes: int | None,
    machine: Machine,
) -> int:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[Farewell] = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, _ask_to_stop, stop, "preempted" if machine.spot else "left")
    loop.add_signal_handler(signal.SIGINT, _ask_to_stop, stop, "left")
    own = import_modules(modules)
    async with Server(url, token) as server:
        worker_id = uuid4()
        called = (name or f"{host()}-{str(worker_id)[:4]}")[:LONGEST_NAME]
        identity = WorkerIdentity(id=worker_id, name=called, core_hour_price=machine.core_hour_price)
        engines = await asyncio.to_thread(announce_engines, own)
        announcement = Announcement(
            host=host(), version=_version(), slots=slots, processor=described_processor(), engines=engines
        )
        logger.info(line("worker-started", worker=identity.name, slots=slots, server=url, environments=len(engines)))
        await Poller(server, identity, announcement, modules, own, parents_bytes).run(stop)
    return 0


def _ask_to_stop(stop: asyncio.Future[Farewell], why: Farewell) -> None:
    if not stop.done():
        stop.set_result(why)


def _version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
