"""Tasks of the worker's main process."""

import asyncio
from asyncio import Task
from collections.abc import Sequence
from typing import Any


async def cancel(tasks: Sequence[Task[Any]]) -> None:
    """Ends the tasks and waits until they have ended; what they raise was dealt with."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
