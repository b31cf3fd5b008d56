"""Workers for tests of the master: they speak the real protocol, but a hash stands for the game."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from evolution.environments import DiscreteActions, Environment, EnvironmentDescription
from evolution.messages import (
    PROTOCOL,
    Announcement,
    Batch,
    BatchReply,
    BatchRequest,
    Episode,
    EpisodeResult,
    Farewell,
    ReleaseRequest,
    Submission,
    WorkerIdentity,
)
from server.service.master import Master
from server.views import RunDetail

ENGINE = "test-engine=1"
CARTPOLE = "CartPole-v1"
ENGINES = {CARTPOLE: ENGINE, "Acrobot-v1": ENGINE}
STEPS_RANGE = 50
SMALL: dict[str, Any] = {
    "environment": {"id": CARTPOLE},
    "architecture": "mlp",
    "population": 12,
    "parents": 3,
    "mutation_power": 0.1,
    "candidates": 3,
    "validation_episodes": 4,
    "test_episodes": 2,
    "budget": {"generations": 4},
    "seed": 7,
}
"""A run that is over at once."""

Game = Callable[[list[int], int], tuple[float, int]]


def hashed_game(seeds: list[int], episode_seed: int) -> tuple[float, int]:
    """Score and steps that follow from the chain and the episode's seed alone."""
    digest = hashlib.sha256(repr((seeds, episode_seed)).encode()).digest()
    skill = hashlib.sha256(repr(seeds).encode()).digest()
    return float(skill[0] + digest[0] / 4), 1 + digest[1] % STEPS_RANGE


def describe(environment: Environment, engine: str = ENGINE) -> EnvironmentDescription:
    """What a worker tells of CartPole."""
    return EnvironmentDescription(
        environment=environment,
        engine=engine,
        observation_shape=[4],
        actions=DiscreteActions(n=2),
        frames_per_second=50,
        deterministic=True,
        architectures=["mlp"],
    )


@dataclass(eq=False)
class FakeWorker:
    """One worker with one slot."""

    master: Master
    name: str = "worker"
    engines: dict[str, str] = field(default_factory=lambda: dict(ENGINES))
    game: Game = hashed_game
    seconds: float = 0.1
    core_hour_price: float | None = None
    id: UUID = field(default_factory=uuid4)
    chains: dict[str, list[int]] = field(default_factory=dict)
    announced: bool = False
    played: int = 0
    shuffle: random.Random | None = None
    """Decides the order in which the episodes of a batch are played."""

    @property
    def identity(self) -> WorkerIdentity:
        return WorkerIdentity(id=self.id, name=self.name, core_hour_price=self.core_hour_price)

    def announcement(self) -> Announcement:
        return Announcement(host="test", version="0", slots=1, processor="none", engines=self.engines)

    def request(
        self,
        submissions: list[Submission] | None = None,
        wants: int = 1,
        descriptions: list[EnvironmentDescription] | None = None,
    ) -> BatchRequest:
        announcement = None if self.announced else self.announcement()
        self.announced = True
        return BatchRequest(
            protocol=PROTOCOL,
            worker=self.identity,
            announcement=announcement,
            submissions=submissions or [],
            descriptions=descriptions or [],
            holds=list(self.chains),
            wants=wants,
        )

    async def ask(
        self,
        submissions: list[Submission] | None = None,
        wants: int = 1,
        descriptions: list[EnvironmentDescription] | None = None,
    ) -> BatchReply:
        """One exchange; what it is asked to describe or to announce it tells in the next."""
        reply = await self.master.exchange(self.request(submissions, wants, descriptions))
        if reply.announce:
            self.announced = False
        return reply

    async def claim(self) -> Batch:
        """Asks until there is a batch."""
        described: list[EnvironmentDescription] = []
        while True:
            reply = await self.ask(descriptions=described)
            described = [describe(environment, self.engines[environment.id]) for environment in reply.describe]
            if reply.batches:
                return reply.batches[0]

    def play(self, batch: Batch) -> Submission:
        """Results of the whole batch."""
        self.chains |= {key: chain.seeds for key, chain in batch.chains.items()}
        episodes = list(batch.episodes)
        if self.shuffle:
            self.shuffle.shuffle(episodes)
        results = [self.play_episode(episode) for episode in episodes]
        engine = self.engines[batch.environment.id]
        return Submission(id=uuid4(), lease=batch.lease, run=batch.run, engine=engine, results=results)

    def play_episode(self, episode: Episode) -> EpisodeResult:
        seeds = [*(self.chains[episode.parent] if episode.parent else [])]
        seeds += [] if episode.mutation is None else [episode.mutation]
        score, steps = self.game(seeds, episode.seed)
        self.played += 1
        return EpisodeResult(
            generation=episode.generation,
            index=episode.index,
            phase=episode.phase,
            episode=episode.episode,
            score=score,
            steps=steps,
            frames=steps,
            digest=hashlib.sha256(repr((seeds, episode.seed)).encode()).hexdigest(),
            seconds=self.seconds,
        )

    async def submit(self, submission: Submission) -> BatchReply:
        """Sends results and wants no work."""
        return await self.ask([submission], wants=0)

    async def work(self) -> None:
        """Plays for ever, as a worker does: submits a batch and claims the next in one request."""
        submissions: list[Submission] = []
        described: list[EnvironmentDescription] = []
        while True:
            reply = await self.ask(submissions, descriptions=described)
            described = [describe(environment, self.engines[environment.id]) for environment in reply.describe]
            submissions = [self.play(batch) for batch in reply.batches]

    async def leave(self, why: Farewell = "left", reason: str | None = None) -> None:
        """Says goodbye."""
        goodbye = {"leases": [], "leaving": True, "why": why, "reason": reason}
        await self.master.release(ReleaseRequest(protocol=PROTOCOL, worker=self.identity, **goodbye))


async def reached(master: Master, run: str, state: str) -> RunDetail:
    """The run, once it is in this state."""
    subscription = master.events.subscribe()
    try:
        while (shown := await master.show_run(run)).state != state:
            await subscription.next()
        return shown
    finally:
        master.events.unsubscribe(subscription)


@asynccontextmanager
async def at_work(*workers: FakeWorker) -> AsyncIterator[None]:
    """The workers play while the block runs; what goes wrong with one of them fails the test."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(worker.work()) for worker in workers]
        yield
        for task in tasks:
            task.cancel()


async def described(master: Master, name: str = "worker") -> FakeWorker:
    """A connected worker that has told what CartPole is."""
    worker = FakeWorker(master, name)
    environment = Environment(id=CARTPOLE)
    await worker.ask(wants=0, descriptions=[describe(environment)])
    return worker


async def waiting(master: Master, requests: int) -> None:
    """Returns when so many requests wait for work."""
    while len(master._memory.waiters) != requests:
        await turn()


async def turn() -> None:
    """Lets everything else that is ready run once."""
    await asyncio.sleep(0)


async def settled(master: Master) -> None:
    """Waits until the master has done what it does beside the requests."""
    while master._memory._tasks:
        await asyncio.gather(*master._memory._tasks)
