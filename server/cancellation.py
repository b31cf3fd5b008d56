"""Ending tasks that are no longer of use."""

import asyncio
from typing import Any


async def end(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel the tasks and wait until they have ended, however they did.

    Not by `asyncio.gather`: cancelled itself, that raises a CancelledError of its own, by which an outer cancel scope
    would not know its cancellation again.
    """
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # Looked at, so that asyncio does not complain of it.
