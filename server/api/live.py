"""The websocket by which the dashboard and `run watch` hear of what happens."""

import asyncio

from fastapi import APIRouter, WebSocket

from server.api.access import key_of
from server.api.dependencies import KeyringDep, MasterDep
from server.cancellation import end
from server.live import Watcher

REVOKED = 1008

router = APIRouter()


@router.websocket("/live")
async def watch(socket: WebSocket, master: MasterDep, keyring: KeyringDep) -> None:
    """Events of the topics that the client subscribes to; who may ask was checked before.

    Who is no longer allowed to is cut off.
    """
    watching = asyncio.ensure_future(Watcher(socket, master.events).serve())
    revoked = asyncio.ensure_future(keyring.until_revoked(key_of(socket)))
    try:
        await asyncio.wait({watching, revoked}, return_when="FIRST_COMPLETED")
        if watching.done():
            watching.result()
            return
    finally:
        await end(watching, revoked)
    await socket.close(REVOKED, "the token was revoked")
