"""Simulated workers: they speak the protocol, and invent what an emulator would say: of one seed always the same."""

import json
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from evolution.environments import DiscreteActions, Environment, EnvironmentDescription
from evolution.messages import PROTOCOL
from load.connection import Connection

ENVIRONMENT = "Load-v1"
ENGINE = "simulated"
BATCH_EPISODES = 16


@dataclass
class SimulatedWorker:
    """One slot: submits a batch's results and asks for the next, in one request. `seconds`: what an episode takes."""

    connection: Connection
    chance: random.Random
    seconds: float
    accepted: int = 0
    """Results that the server says it has added to the ledger."""
    requests: int = 0
    _batch: dict[str, Any] | None = None
    _holds: set[str] = field(default_factory=set)
    _must_announce: bool = True
    _descriptions: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self._uuid()

    async def turn(self) -> None:
        """One request and its answer. Without a batch in hand it waits at the server until there is work."""
        reply = json.loads(await self.connection.post("batches", self._request()))
        self.requests += 1
        self._must_announce = reply["announce"]
        self._descriptions = [describe(environment) for environment in reply["describe"]]
        self.accepted += sum(outcome["accepted"] for outcome in reply["outcomes"].values())
        self._batch = next(iter(reply["batches"]), None)
        if self._batch:
            self._holds.update(self._batch["chains"])

    @property
    def has_work(self) -> bool:
        """Whether it has a batch to play."""
        return self._batch is not None

    def _request(self) -> bytes:
        request: dict[str, Any] = {
            "protocol": PROTOCOL,
            "worker": {"id": self.id, "name": f"simulated-{self.id[:4]}"},
            "holds": sorted(self._holds),
            "wants": 1,
            "descriptions": self._descriptions,
        }
        if self._must_announce:
            request["announcement"] = {
                "host": "load", "version": "0", "slots": 1, "processor": "none", "engines": {ENVIRONMENT: ENGINE},
            }  # fmt: skip
        if self._batch:
            request["submissions"] = [self._submission(self._batch)]
        return json.dumps(request).encode()

    def _submission(self, batch: dict[str, Any]) -> dict[str, Any]:
        results = [
            {
                "generation": episode["generation"],
                "index": episode["index"],
                "phase": episode["phase"],
                "episode": episode["episode"],
                "score": float(episode["seed"] % 10_000),
                "steps": 100,
                "frames": 100,
                "digest": f"{episode['seed']:064x}",
                "seconds": self.seconds,
            }
            for episode in batch["episodes"]
        ]
        return {"id": self._uuid(), "lease": batch["lease"], "run": batch["run"], "engine": ENGINE, "results": results}

    def _uuid(self) -> str:
        return str(UUID(int=self.chance.getrandbits(128), version=4))


def describe(environment: dict[str, Any]) -> dict[str, Any]:
    """What a worker says of its environment: small numbers in, two actions."""
    description = EnvironmentDescription(
        environment=Environment.model_validate(environment),
        engine=ENGINE,
        observation_shape=[4],
        actions=DiscreteActions(n=2),
        frames_per_second=60,
        deterministic=True,
        architectures=["mlp"],
    )
    return description.model_dump(mode="json")
