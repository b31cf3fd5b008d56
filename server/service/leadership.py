"""Who leads: takes the lead when nobody holds it, keeps it by heartbeats, gives it up at the end."""

import logging
import os
from datetime import datetime
from pathlib import Path

from server.service.clock import Clock
from server.storage import leadership
from server.storage.database import Storage
from server.storage.leadership import Leadership

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
SILENCE_SECONDS = 15.0
"""After this long without a heartbeat another master takes over."""
STANDBY_SECONDS = 1.0
"""How often a master in standby looks."""


class Silence:
    """How long the leader has been silent, as one who stands by sees it.

    By the database's clock, or by how long the heartbeat has stood still on this machine's steady one: a database whose
    clock was set back would else take a dead leader's last heartbeat for a future one. One that was set forward makes a
    living leader seem silent: it is replaced, which loses nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heartbeat: tuple[int, datetime] | None = None
        self._since = 0.0

    def seconds(self, present: Leadership) -> float:
        """Since the last heartbeat."""
        heartbeat, now = (present.epoch, present.heartbeat_at), self._clock.monotonic()
        if heartbeat != self._heartbeat:
            self._heartbeat, self._since = heartbeat, now
        return max(present.silent_seconds, now - self._since)


async def try_to_lead(storage: Storage, silence: Silence) -> int | None:
    """The new epoch if this process leads from now on; None while another one does.

    Raises:
        DatabaseUnavailable: nothing is known.
    """
    async with storage.unfenced() as connection:
        present = await leadership.lock(connection)
        if present and not (present.released or is_dead(present.holder) or silence.seconds(present) > SILENCE_SECONDS):
            return None
        epoch = await leadership.take(connection, this_holder())
    logger.info("action=leadership.take epoch=%d holder=%s", epoch, this_holder())
    return epoch


def this_holder() -> str:
    """This process, named so that it can be told on this host whether it lives: host, process id, start time."""
    return f"{_host()} {os.getpid()} {_started(os.getpid()) or 0}"


def is_dead(holder: str) -> bool:
    """Whether the process named by `this_holder` is known to be gone: it ran on this host and does not any more."""
    host, process, started = holder.rsplit(" ", 2)
    return host == _host() and _started(int(process)) != int(started)


def _host() -> str:
    """The host since its last boot, and the process namespace: process ids mean nothing beyond."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        # No such files: then every other holder counts as alive until its heartbeat is old.
        return f"unknown {os.urandom(8).hex()}"


def _started(process: int) -> int | None:
    """When the process began, in the kernel's ticks since boot; None if there is none, or only its remains."""
    try:
        state, *fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in {"Z", "X"} else int(fields[18])
