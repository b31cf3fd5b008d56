"""The websocket by which the dashboard and `run watch` hear of what happens."""

from fastapi import APIRouter, WebSocket

from server.api.dependencies import MasterDep
from server.live import Watcher

router = APIRouter()


@router.websocket("/live")
async def watch(socket: WebSocket, master: MasterDep) -> None:
    """Events of the topics that the client subscribes to; who may ask was checked before."""
    await Watcher(socket, master.events).serve()
