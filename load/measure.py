"""The measurements: at saturation, at a given pace, with thousands that wait, and after a restart."""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from statistics import median, quantiles
from typing import Any

from load.connection import BadAnswer, Connection
from load.served import Served
from load.workers import BATCH_EPISODES, SimulatedWorker

BATCH_SECONDS = 5.0
"""The server's own setting: so much work is in a batch."""
EPISODE_SECONDS = BATCH_SECONDS / BATCH_EPISODES
WARM_UP_SECONDS = 2.0
SETTLED_SECONDS = 5.0
HERD_SECONDS = 60.0
RECONNECT_SECONDS = 0.25
MEGABYTE = 1e6
LOST = (OSError, asyncio.IncompleteReadError, BadAnswer)
"""What a worker meets while its server is away."""


async def open_workers(stack: AsyncExitStack, served: Served, count: int, seed: int) -> list[SimulatedWorker]:
    """So many workers, connected."""
    chance = random.Random(seed)
    return [
        SimulatedWorker(await stack.enter_async_context(Connection(served.port, served.token)), chance, EPISODE_SECONDS)
        for _ in range(count)
    ]


async def until_played(served: Served, run: str) -> None:
    """A worker describes the run's environment, and the run begins."""
    async with AsyncExitStack() as stack:
        (worker,) = await open_workers(stack, served, 1, 0)
        with served.client() as client:
            while (await asyncio.to_thread(client.get, f"runs/{run}"))["state"] == "waiting":
                await worker.turn()


async def saturation(served: Served, connections: int, seconds: float) -> tuple[dict[str, Any], int]:
    """All workers ask again as soon as they are answered: the figures, and how many results were accepted."""
    async with AsyncExitStack() as stack:
        workers = await open_workers(stack, served, connections, 1)
        playing = [asyncio.create_task(_play_on(worker)) for worker in workers]
        await asyncio.sleep(WARM_UP_SECONDS)
        before = *_counts(workers), served.cpu_seconds(), time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        after = *_counts(workers), served.cpu_seconds(), time.process_time(), time.monotonic()
        await _end(playing)
    requests, evaluations, cpu, own_cpu, elapsed = (late - early for late, early in zip(after, before, strict=True))
    figures = {
        "connections": connections,
        "requests_per_second": requests / elapsed,
        "evaluations_per_second": evaluations / elapsed,
        "cpu_ms_per_request": 1000 * cpu / requests,
        "cpu_share": cpu / elapsed,
        "generator_cpu_share": own_cpu / elapsed,
    }
    return figures, _counts(workers)[1]


async def paced(served: Served, rate: float, seconds: float, connections: int) -> tuple[dict[str, Any], int]:
    """Requests at moments that do not depend on the answers: `rate` evaluations a second in batches of 16.

    A latency counts from the moment at which the request was due, so that none is hidden behind another.
    """
    interval = BATCH_EPISODES / rate
    latencies: list[float] = []
    async with AsyncExitStack() as stack:
        workers = await open_workers(stack, served, connections, 2)
        for worker in workers:  # the first two requests announce, and get a first batch
            await worker.turn()
        free: asyncio.Queue[SimulatedWorker] = asyncio.Queue()
        for worker in workers:
            free.put_nowait(worker)
        started, tasks = time.monotonic(), []
        for number in range(int(seconds / interval)):
            due = started + number * interval
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.append(asyncio.create_task(_turn_at(due, free, latencies)))
        await asyncio.gather(*tasks)
        elapsed, accepted = time.monotonic() - started, _counts(workers)[1]
    in_ms = [1000 * latency for latency in latencies]
    return {
        "evaluations_per_second": accepted / elapsed,
        "p50_ms": median(in_ms),
        "p99_ms": quantiles(in_ms, n=100)[98],
        "most_ms": max(in_ms),
    }, accepted


async def idle(served: Served, count: int) -> dict[str, Any]:
    """So many workers wait for work that there is none of."""
    before = served.resident_bytes()
    async with AsyncExitStack() as stack:
        workers = await open_workers(stack, served, count, 3)
        waiting = [asyncio.create_task(worker.turn()) for worker in workers]
        await asyncio.sleep(SETTLED_SECONDS)
        resident = served.resident_bytes()
        answered = sum(task.done() for task in waiting)
        await _end(waiting)
    return {
        "workers": count,
        "waiting": count - answered,
        "rss_mb": resident / MEGABYTE,
        "rss_before_mb": before / MEGABYTE,
    }


async def herd(served: Served, count: int, restart: Callable[[], None]) -> tuple[dict[str, Any], int]:
    """The server is killed and started again while so many workers play; all of them come back at once."""
    async with AsyncExitStack() as stack:
        workers = await open_workers(stack, served, count, 4)
        await asyncio.gather(*(worker.turn() for worker in workers))
        await asyncio.to_thread(served.stop, signal.SIGKILL)
        back = asyncio.gather(*(_come_back(worker, served) for worker in workers))
        await asyncio.to_thread(restart)
        ready = time.monotonic()
        await asyncio.wait_for(back, HERD_SECONDS)
        seconds = time.monotonic() - ready
    return {"workers": count, "seconds": seconds}, _counts(workers)[1]


async def _come_back(worker: SimulatedWorker, served: Served) -> None:
    """Tries again until the server has taken its results and given it work."""
    while True:
        try:
            async with Connection(served.port, served.token) as worker.connection:
                await worker.turn()
                if worker.has_work:
                    return
        except LOST:
            await asyncio.sleep(RECONNECT_SECONDS)


async def _play_on(worker: SimulatedWorker) -> None:
    while True:
        await worker.turn()


async def _turn_at(due: float, free: "asyncio.Queue[SimulatedWorker]", latencies: list[float]) -> None:
    worker = await free.get()
    await worker.turn()
    latencies.append(time.monotonic() - due)
    free.put_nowait(worker)


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancels them; what one of them failed of is raised."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


def _counts(workers: Sequence[SimulatedWorker]) -> tuple[int, int]:
    """Requests answered, and results accepted."""
    return sum(worker.requests for worker in workers), sum(worker.accepted for worker in workers)
