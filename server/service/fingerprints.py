"""SHA-256 of the parameters that a chain stands for: seconds of arithmetic, so in a thread, one at a time.

The thread is a daemon: a server that stops does not wait for it. It holds no lock of Python's for long.
"""

import asyncio
import hashlib
import threading
from contextlib import suppress

from evolution.chains import SeedChain
from evolution.expansion import expand
from evolution.layouts import parameter_count

MOST_NUMBERS = 2 * 10**10
"""Parameters times seeds beyond which nobody waits for a fingerprint: some minutes of one core."""


def fingerprint(chain: SeedChain) -> str:
    """SHA-256 in hex of the expanded parameters as little-endian float32."""
    return hashlib.sha256(expand(chain).astype("<f4", copy=False).tobytes()).hexdigest()


def is_feasible(chain: SeedChain) -> bool:
    """Whether the fingerprint is worked out at all."""
    return parameter_count(chain.architecture) * len(chain.seeds) <= MOST_NUMBERS


class Fingerprints:
    """Those that are being worked out, by policy id."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[str]] = {}
        self._turn = threading.Lock()

    def find(self, id: str) -> "asyncio.Future[str] | None":
        """The fingerprint that somebody has begun to work out."""
        return self._under_way.get(id)

    def begin(self, id: str, chain: SeedChain) -> "asyncio.Future[str]":
        """The fingerprint, once it is known."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        self._under_way[id] = future
        future.add_done_callback(lambda _: self._under_way.pop(id, None))
        threading.Thread(target=self._run, args=(chain, loop, future), name="fingerprint", daemon=True).start()
        return future

    def _run(self, chain: SeedChain, loop: asyncio.AbstractEventLoop, future: "asyncio.Future[str]") -> None:
        found: str | None = None
        try:
            with self._turn:
                found = fingerprint(chain)
        finally:
            # Those who wait must hear of a failure too; nobody does where the loop is closed, which raises.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, future, found)


def _settle(future: "asyncio.Future[str]", found: str | None) -> None:
    if future.done():
        return
    if found is None:
        future.set_exception(RuntimeError("the parameters could not be worked out"))
    else:
        future.set_result(found)
