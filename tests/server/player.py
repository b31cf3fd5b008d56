"""A worker of the tests: speaks the protocol over HTTP; its scores follow from each episode's seed alone."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import anyio
import httpx2

Body = dict[str, Any]

ENGINE = "gymnasium=1.4.0"
CARTPOLE: Body = {
    "environment": {"id": "CartPole-v1"},
    "architecture": "mlp",
    "population": 4,
    "parents": 2,
    "mutation_power": 0.1,
    "candidates": 2,
    "validation_episodes": 3,
    "test_episodes": 2,
    "budget": {"generations": 2},
    "seed": 1,
}
BOXED = "Pendulum-v1"
UNFIT = "Unfit-v0"
ANNOUNCEMENT: Body = {
    "host": "test",
    "version": "0.1.0",
    "slots": 2,
    "processor": "none",
    "engines": dict.fromkeys(("CartPole-v1", BOXED, UNFIT), ENGINE),
}


def request_of(identity: Body, **more: Any) -> Body:
    """A worker's request."""
    return {"protocol": 1, "worker": identity, **more}


def description_of(environment: Body) -> Body:
    """What a worker tells of the tests' environments."""
    box = {"kind": "box", "low": [-2.0], "high": [2.0]}
    unfit = environment["id"] == UNFIT
    return {
        "environment": environment,
        "engine": ENGINE,
        "observation_shape": [4],
        "actions": None if unfit else box if environment["id"] == BOXED else {"kind": "discrete", "n": 2},
        "frames_per_second": 50.0,
        "deterministic": True,
        "architectures": [] if unfit else ["mlp"],
        "problem": "its observations are text" if unfit else None,
    }


def results_of(batch: Body) -> Body:
    """A submission with a result for each episode of the batch."""
    results = [
        {
            **{key: episode[key] for key in ("generation", "index", "phase", "episode")},
            "score": float(episode["seed"] % 500),
            "steps": 10,
            "frames": 10,
            "digest": f"{episode['seed']:064x}",
            "seconds": 0.01,
        }
        for episode in batch["episodes"]
    ]
    return {"id": str(uuid4()), "lease": batch["lease"], "run": batch["run"], "engine": ENGINE, "results": results}


class Worker:
    """Two slots that can make three environments."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.identity = {"id": str(uuid4()), "name": "test-0"}

    def request(self, **more: Any) -> Body:
        """A request's body."""
        return request_of(self.identity, **more)

    async def ask(self, **more: Any) -> Body:
        """One request, answered."""
        response = await self.client.post("/api/v1/batches", json=self.request(**more))
        assert response.status_code == 200, response.text
        reply: Body = response.json()
        return reply

    async def arrive(self) -> None:
        """The first request: announces, and tells of the environments before it is asked."""
        environments = [{"id": id, "options": {"max_steps": None}} for id in ANNOUNCEMENT["engines"]]
        await self.ask(announcement=ANNOUNCEMENT, descriptions=[*map(description_of, environments)])

    async def describe(self) -> None:
        """Gives the descriptions that the server asks for, for ever."""
        while True:
            wanted = (await self.ask())["describe"]
            await self.ask(descriptions=[description_of(environment) for environment in wanted])

    async def describe_during(self, path: str, body: Body) -> httpx2.Response:
        """Posts a run, and describes what the server asks for meanwhile."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.describe)
            response = await self.client.post(path, json=body)
            group.cancel_scope.cancel()
        return response

    async def play(self, run: str, until: Callable[[Body], bool]) -> None:
        """Plays what it is given until the run is as wished."""
        submissions: list[Body] = []
        while True:
            reply = await self.ask(submissions=submissions, wants=2)
            submissions = [results_of(batch) for batch in reply["batches"]]
            if not submissions and until((await self.client.get(f"/api/v1/runs/{run}")).json()):
                return
