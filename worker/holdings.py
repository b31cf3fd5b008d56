"""What the worker has in hand: batches under leases, the chains of their parents, results on their way."""

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import TypeVar
from uuid import UUID, uuid4

from evolution.messages import Batch, EpisodeResult, JobSubmission, Outcome, ParentChain, Submission
from worker.job_holding import JobHolding
from worker.journal import line, logger
from worker.orders import Recording

MOST_CHAINS = 500
"""Parents' chains that are remembered."""
MOST_RESULTS = 5_000
"""Results in one submission, and about in one request."""
MOST_UNSENT = 50_000
"""Results that may wait for the server; with more the worker claims nothing."""

SOON_SECONDS = 1.0
"""A batch that is played so soon is followed by another without a pause."""


class UnusableBatch(LookupError):
    """A batch names a parent whose chain the server did not send, or an unannounced environment: it is given back."""


class Chains:
    """Parents' seed chains by key, so that the server sends each once."""

    def __init__(self) -> None:
        self._chains: OrderedDict[str, ParentChain] = OrderedDict()

    def names(self) -> list[str]:
        """What the worker holds."""
        return list(self._chains)

    def complete(self, batch: Batch) -> Batch:
        """The batch with the chains of all its parents.

        Raises:
            UnusableBatch: one was neither sent nor known.
        """
        self._chains.update(batch.chains)
        try:
            used = {key: self._chains[key] for key in batch.parents}
        except KeyError as error:
            raise UnusableBatch(f"no chain of parent {error.args[0]}") from None
        for key in used:
            self._chains.move_to_end(key)
        while len(self._chains) > MOST_CHAINS:
            self._chains.popitem(last=False)
        return batch.model_copy(update={"chains": used})


@dataclass(eq=False)
class Holding:
    """A batch under a lease."""

    batch: Batch
    engine: str
    finished: list[EpisodeResult] = field(default_factory=list)
    """Played and not yet put into a submission."""
    lost: bool = False
    """The lease has ended, or the batch is given back: what is not in play is not played."""
    pace: float = math.inf
    """Seconds that one of its episodes takes, as far as this worker has seen."""
    _played: int = 0
    _seconds: float = 0.0

    @property
    def lease(self) -> UUID:
        return self.batch.lease

    @property
    def purpose(self) -> str:
        """What it is played for: one pace for each."""
        return self.batch.run

    @property
    def is_nearly_played(self) -> bool:
        """Whether its process should have the next batch at hand: not earlier, others may be free for it sooner."""
        return (len(self.batch.episodes) - self._played) * self.pace <= SOON_SECONDS

    def take(self, results: Sequence[EpisodeResult]) -> None:
        """These episodes are played."""
        self.finished += results
        self._played += len(results)
        self._seconds += sum(result.seconds for result in results)
        if self._played:
            self.pace = self._seconds / self._played


Held = Holding | JobHolding
HeldType = TypeVar("HeldType", Holding, JobHolding)


class Holdings:
    """Batches in hand and in play."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Held] = asyncio.Queue()
        self._held: dict[UUID, Held] = {}
        self._playing: set[UUID] = set()

    def __len__(self) -> int:
        """Batches that are not finished."""
        return sum(not holding.lost or holding.lease in self._playing for holding in self._held.values())

    def add(self, holding: Held) -> None:
        self._held[holding.lease] = holding
        self._waiting.put_nowait(holding)

    async def next(self) -> Held:
        """The oldest batch that is not in play; waits for one."""
        while True:
            holding = await self._waiting.get()
            if not holding.lost:
                self._playing.add(holding.lease)
                return holding
            self._held.pop(holding.lease, None)

    def end(self, holding: Held) -> None:
        """It is played, or given up; its finished results remain to be collected."""
        self._playing.discard(holding.lease)
        holding.lost = True

    def lose(self, lease: UUID) -> bool:
        """The lease has ended: whether its batch is in play."""
        holding = self._held.get(lease)
        if holding is not None:
            holding.lost = True
        return lease in self._playing

    def leases(self) -> list[UUID]:
        """Those that still matter."""
        return [lease for lease, holding in self._held.items() if not holding.lost]

    def of_environment(self, environment_id: str) -> list[Held]:
        """Batches of one environment that still matter."""
        return [
            holding
            for holding in self._held.values()
            if not holding.lost and holding.batch.environment.id == environment_id
        ]

    def branchings(self, batch: Batch) -> dict[str, list[int]]:
        """Of each parent of the batch: how many seeds it shares with other parents of the batches in hand."""
        chains = {
            key: tuple(chain.seeds)
            for holding in self._held.values()
            if isinstance(holding, Holding) and not holding.lost and holding.batch.run == batch.run
            for key, chain in holding.batch.chains.items()
        }
        return {key: lengths for key, lengths in branchings(chains).items() if key in batch.chains}

    def collect(self) -> list[Submission]:
        """Submissions of all finished results."""
        submissions = []
        for lease, holding in self._finished(Holding):
            finished, holding.finished = holding.finished, []
            for start in range(0, len(finished), MOST_RESULTS):
                part = finished[start : start + MOST_RESULTS]
                submissions.append(
                    Submission(id=uuid4(), lease=lease, run=holding.batch.run, engine=holding.engine, results=part)
                )
        return submissions

    def collect_jobs(self) -> list[tuple[JobSubmission, list[Recording]]]:
        """Submissions of all finished results of jobs, and the recordings that follow each."""
        collected = [holding.collect() for _, holding in self._finished(JobHolding)]
        return [submission for submission in collected if submission is not None]

    def _finished(self, kind: type[HeldType]) -> Iterator[tuple[UUID, HeldType]]:
        """Batches of one kind; those of which no more will come are forgotten when they have been looked at."""
        for lease, holding in list(self._held.items()):
            if isinstance(holding, kind):
                yield lease, holding
                if holding.lost and lease not in self._playing:
                    del self._held[lease]


def branchings(chains: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Of each chain: the lengths of the beginnings, none empty, that it shares with others; ascending."""
    ordered = sorted(chains.items(), key=itemgetter(1))
    # Two chains share what all neighbours between them, in this order, share.
    shared = [_common(one, other) for (_, one), (_, other) in pairwise(ordered)]
    found = {}
    for place, (key, _) in enumerate(ordered):
        before, after = accumulate(reversed(shared[:place]), min), accumulate(shared[place:], min)
        found[key] = sorted({*before, *after} - {0})
    return found


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """With how many equal seeds both begin."""
    return next(
        (number for number, (seed, another) in enumerate(zip(one, other, strict=False)) if seed != another),
        min(len(one), len(other)),
    )


Submitted = Submission | JobSubmission


class Outbox:
    """Submissions that the server has not yet said to be committed, oldest first."""

    def __init__(self) -> None:
        self._submissions: OrderedDict[UUID, Submitted] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._submissions)

    @property
    def is_full(self) -> bool:
        """Whether so much waits that no more work should be claimed."""
        return sum(len(submission.results) for submission in self._submissions.values()) >= MOST_UNSENT

    def put(self, submissions: Sequence[Submitted]) -> None:
        self._submissions.update((submission.id, submission) for submission in submissions)

    def head(self) -> list[Submitted]:
        """As many of the oldest as one request carries."""
        chosen: list[Submitted] = []
        results = 0
        for submission in self._submissions.values():
            results += len(submission.results)
            if chosen and (results > MOST_RESULTS or len(chosen) >= 1000):
                break
            chosen.append(submission)
        return chosen

    def settle(self, outcomes: Mapping[UUID, Outcome]) -> None:
        """The server has committed these. The log tells of each, as evidence of what was promised (level debug)."""
        for name, outcome in outcomes.items():
            submission = self._submissions.pop(name, None)
            if isinstance(submission, Submission) and logger.isEnabledFor(logging.DEBUG):
                played = " ".join(f"{r.generation}/{r.index}/{r.phase}/{r.episode}" for r in submission.results)
                counts = outcome.model_dump()
                logger.debug(line("acknowledged", submission=name, run=submission.run, **counts, episodes=played))
