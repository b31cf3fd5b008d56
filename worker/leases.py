"""A worker's leases as the server knows them: kept alive, handed back, given up with a goodbye."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from evolution.messages import (
    LONGEST_REASON,
    PROTOCOL,
    ExtendRequest,
    Farewell,
    ReleaseRequest,
    WorkerIdentity,
)
from worker.server import Refused, Server, ServerUnreachable

EXTENSIONS_A_LEASE = 4.0
LONGEST_EXTENSION_SECONDS = 10.0
GOODBYE_SECONDS = 2.0


@dataclass
class Leases:
    """Speaks of leases to the server, which lets them expire by themselves where it does not hear."""

    server: Server
    identity: WorkerIdentity
    held: Callable[[], list[UUID]]
    lose: Callable[[UUID], Awaitable[None]]
    """What becomes of one that the server has given to others."""
    seconds: float = LONGEST_EXTENSION_SECONDS * EXTENSIONS_A_LEASE
    """How long the newest one lasts."""

    async def extend(self) -> None:
        """Keeps them alive; has no end but cancellation. Raises Refused."""
        while True:
            await asyncio.sleep(min(LONGEST_EXTENSION_SECONDS, self.seconds / EXTENSIONS_A_LEASE))
            leases = self.held()
            if not leases:
                continue
            with suppress(ServerUnreachable):
                request = ExtendRequest(protocol=PROTOCOL, worker=self.identity, leases=leases[:10_000])
                for lease in (await self.server.extend(request)).lost:
                    await self.lose(lease)

    async def release(self, leases: Sequence[UUID]) -> None:
        """Hands leases back. Raises Refused."""
        request = ReleaseRequest(protocol=PROTOCOL, worker=self.identity, leases=list(leases))
        with suppress(ServerUnreachable):
            await self.server.release(request)

    async def say_goodbye(self, leases: Sequence[UUID], why: Farewell, reason: str | None) -> None:
        """Hands back all that it holds, and says why it goes."""
        told = reason and reason[:LONGEST_REASON]
        goodbye = ReleaseRequest(
            protocol=PROTOCOL, worker=self.identity, leases=list(leases), leaving=True, why=why, reason=told
        )
        with suppress(TimeoutError, Refused, ServerUnreachable):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.server.release(goodbye)
