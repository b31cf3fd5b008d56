"""The work protocol as a state machine: whatever Hypothesis lets happen, and what must hold after each step."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from evolution.environments import Environment
from evolution.messages import PROTOCOL, Batch, BatchReply, ExtendRequest, ReleaseRequest, Submission
from server.service.errors import DatabaseUnavailable, NotLeading
from server.service.master import Master
from server.service.queue import MAX_LIVE_LEASES, OVERDUE
from server.service.schedule import UNKNOWN_EPISODE_SECONDS
from server.storage.database import Storage
from tests.clock import FakeClock
from tests.conftest import TEMPLATE, Postgres
from tests.service.conftest import Masters
from tests.service.fleet import CARTPOLE, SMALL, FakeWorker, at_work, describe, reached, settled, turn
from tests.service.protocol_model import Held, Key, Lease, Outcome, key_of, parted
from tests.service.test_simulation import outcome_in

CONFIGURATION = SMALL | {
    "population": 8,
    "parents": 2,
    "candidates": 2,
    "validation_episodes": 2,
    "test_episodes": 1,
    "budget": {"generations": 3},
}
EPISODE_SECONDS = 1.5
"""So long that a batch is a part of a phase."""
PATIENCE_SECONDS = 30.0
"""For one step: what is broken can wait for ever."""
FEW_TURNS = 20
"""Of the event loop: enough for whatever was woken to begin."""

WAYS = ["whole", "part", "twice", "doubled", "by another", "at once"]
LATER = "later"
"""How results come."""
PICK = st.integers(0, 99)
PAUSES = st.sampled_from([0, 0, 1, 4, 10, 29, 30, 31])
"""Seconds that pass: none, less than a lease, about a lease, more."""

Result = TypeVar("Result")


class Protocol(RuleBasedStateMachine):
    """Workers that announce, claim, extend, submit, give back, vanish; a master that is killed and comes back."""

    postgres: Postgres
    reference: Outcome
    """The outcome of a run that nothing disturbed."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.url = self.postgres.create_database(TEMPLATE)
        self.storage = Storage(self.url)
        self.masters = Masters(self.url, self.clock)
        self.workers: list[FakeWorker] = []
        self.held: list[Held] = []
        self.leases: dict[UUID, Lease] = {}
        self.acknowledged: set[Key] = set()
        self.master: Master = self.runner.run(self.masters.start())
        self.run_id = self.do(self.master.create_run(None, None, CONFIGURATION)).id

    def do(self, what: Coroutine[Any, Any, Result]) -> Result:
        """The result, once the master has also done what follows from it."""

        async def whole() -> Result:
            async with asyncio.timeout(PATIENCE_SECONDS):
                result = await what
                for _ in range(FEW_TURNS):
                    await turn()
                await settled(self.master)
                return result

        return self.runner.run(whole())

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    @initialize(batches=st.integers(0, 24))
    def some_is_played(self, batches: int) -> None:
        for _ in range(batches):
            self.a_worker_works(1, 1, "whole", 0)

    @rule(pick=PICK, wants=st.integers(1, 3), how=st.sampled_from([*WAYS, LATER]), seconds=PAUSES)
    def a_worker_works(self, pick: int, wants: int, how: str, seconds: int) -> None:
        if seconds:
            self.clock.advance(seconds)
            self.do(turn())
            self.leases = {id: lease for id, lease in self.leases.items() if lease.expires_at > self.now}
        if not self.workers or (len(self.workers) < 4 and pick % 5 == 0):
            self.workers.append(FakeWorker(self.master, f"worker {pick}", seconds=EPISODE_SECONDS))
        worker = self.workers[pick % len(self.workers)]
        for batch in self.do(self._ask(worker, wants)).batches:
            self._check_grant(worker, batch)
            keys = {key_of(episode) for episode in batch.episodes}
            self.leases[batch.lease] = Lease(worker.id, self.now, self.now + batch.expires_in, len(keys), keys)
            self.held.append(Held(worker, batch, worker.play(batch)))
            if how != LATER:
                self._report(self.held[-1], pick, how)

    @precondition(lambda self: self.held)
    @rule(pick=PICK, how=st.sampled_from(WAYS))
    def results_come(self, pick: int, how: str) -> None:
        self._report(self.held[pick % len(self.held)], pick, how)

    def _report(self, held: Held, pick: int, how: str) -> None:
        sent, worker = held.submission, held.worker
        match how:
            case "part":
                sent = sent.model_copy(update={"id": uuid4(), "results": sent.results[: 1 + pick % len(sent.results)]})
            case "doubled":
                sent = sent.model_copy(update={"id": uuid4(), "results": [*sent.results, *sent.results]})
            case "by another" if self.workers:
                worker = self.workers[pick % len(self.workers)]
        times = 2 if how in {"twice", "at once"} else 1
        if how == "at once":
            replies = self.do(self._at_once(worker, sent, times))
        else:
            replies = [self.do(worker.submit(sent)) for _ in range(times)]
        keys = {key_of(result) for result in sent.results}
        fresh = len(keys - self.acknowledged)
        outcomes = [reply.outcomes[sent.id] for reply in replies]
        assert sum(outcome.accepted for outcome in outcomes) == fresh
        assert sum(outcome.repeated for outcome in outcomes) == times * len(sent.results) - fresh
        self._settle(keys)

    @precondition(lambda self: self.held)
    @rule(
        pick=PICK,
        how=st.sampled_from(["other scores", "another engine", "no such run", "the future", "nobody's index"]),
    )
    def wrong_results_come(self, pick: int, how: str) -> None:
        held = self.held[pick % len(self.held)]
        changed = {
            "other scores": {"score": 10.0**6},
            "the future": {"generation": CONFIGURATION["budget"]["generations"]},
            "nobody's index": {"index": CONFIGURATION["population"] + 1},
        }.get(how, {})
        results = [result.model_copy(update=changed) for result in held.submission.results]
        if how == "other scores":  # of episodes that are known: the first to come is the one that counts
            results = [result for result in results if key_of(result) in self.acknowledged]
        if not results:
            return
        more: dict[str, Any] = {"engine": "other=1"} if how == "another engine" else {}
        more |= {"run": "absent"} if how == "no such run" else {}
        sent = held.submission.model_copy(update={"id": uuid4(), "results": results} | more)
        taken = self.do(held.worker.submit(sent)).outcomes[sent.id]
        expected = (0, len(results), 0) if how == "other scores" else (0, 0, len(results))
        assert (taken.accepted, taken.repeated, taken.unwanted) == expected

    @precondition(lambda self: self.workers and self.held)
    @rule(pick=PICK)
    def leases_are_extended(self, pick: int) -> None:
        worker = self.workers[pick % len(self.workers)]
        asked = [held.batch.lease for held in self.held]
        request = ExtendRequest(protocol=PROTOCOL, worker=worker.identity, leases=asked)
        reply = self.do(self.master.extend(request))
        assert set(reply.expires_in) == set(self.leases) & set(asked)
        assert set(reply.lost) == set(asked) - set(self.leases)
        for lease, seconds in reply.expires_in.items():
            self.leases[lease].expires_at = self.now + seconds

    @precondition(lambda self: self.held)
    @rule(pick=PICK)
    def a_lease_is_given_back(self, pick: int) -> None:
        held = self.held.pop(pick % len(self.held))
        leases = [held.batch.lease]
        self.do(self.master.release(ReleaseRequest(protocol=PROTOCOL, worker=held.worker.identity, leases=leases)))
        self.leases.pop(held.batch.lease, None)

    @precondition(lambda self: self.workers)
    @rule(pick=PICK, says_so=st.booleans(), keeps=st.booleans())
    def a_worker_goes(self, pick: int, says_so: bool, keeps: bool) -> None:
        worker = self.workers.pop(pick % len(self.workers))
        if says_so:
            self.do(worker.leave())
            self.leases = {id: lease for id, lease in self.leases.items() if lease.worker != worker.id}
        if not keeps:
            self.held = [held for held in self.held if held.worker is not worker]

    @precondition(lambda self: self.leases)
    @rule(pick=PICK, turns=st.none() | st.integers(0, 8))
    def the_master_is_killed(self, pick: int, turns: int | None) -> None:
        if turns is None or not self.held:
            self.do(self._restart())
            return
        # While results come, so many turns of the event loop after they were sent.
        held = self.held[pick % len(self.held)]
        if self.do(self._restart_amid(held, turns)):
            self._settle({key_of(result) for result in held.submission.results})

    @invariant()
    def every_acknowledged_result_is_in_the_ledger_once_and_as_it_was_played(self) -> None:
        generations, results = parted(self.do(outcome_in(self.storage, self.run_id)))
        expected, played = parted(self.reference)
        keys = [row[:4] for row in results]
        assert len(keys) == len(set(keys))
        assert self.acknowledged <= set(keys)
        assert set(results) <= set(played)
        assert generations == expected[: len(generations)]
        missing = {row[0] for row in played} if len(results) < len(played) else set()
        missing = {number for number in missing if not {row for row in played if row[0] == number} <= set(results)}
        assert len(generations) == min(missing, default=len(expected))

    def teardown(self) -> None:
        """Plays the run to its end: it must be that of the undisturbed one."""
        try:
            if sys.exc_info()[0] is not None:
                return  # a step has failed: who knows whether there is an end
            self.do(self._finish())
            assert self.do(outcome_in(self.storage, self.run_id)) == self.reference
        finally:
            self.runner.run(self.masters.stop())
            self.runner.run(self.storage.close())
            self.runner.close()
            self.postgres.drop_database(self.url)

    def _check_grant(self, worker: FakeWorker, batch: Batch) -> None:
        for key in map(key_of, batch.episodes):
            assert key not in self.acknowledged
            holders = [lease for lease in self.leases.values() if key in lease.open]
            assert len(holders) < MAX_LIVE_LEASES
            for lease in holders:
                assert lease.worker != worker.id
                assert self.now - lease.granted_at > OVERDUE * lease.size * UNKNOWN_EPISODE_SECONDS

    def _settle(self, keys: set[Key]) -> None:
        self.acknowledged |= keys
        for lease in self.leases.values():
            lease.open -= keys
        self.leases = {id: lease for id, lease in self.leases.items() if lease.open}

    async def _ask(self, worker: FakeWorker, wants: int) -> BatchReply:
        # A request that describes does not wait for work.
        told = [describe(Environment(id=CARTPOLE))]
        reply = await worker.ask(wants=wants, descriptions=told)
        return await worker.ask(wants=wants, descriptions=told) if reply.announce else reply

    async def _at_once(self, worker: FakeWorker, sent: Submission, times: int) -> list[BatchReply]:
        return await asyncio.gather(*(worker.submit(sent) for _ in range(times)))

    async def _restart(self) -> None:
        await self.masters.crash(self.master)
        self.master = await self.masters.restart()
        self.leases.clear()
        for worker in {*self.workers, *(held.worker for held in self.held)}:
            worker.master = self.master

    async def _restart_amid(self, held: Held, turns: int) -> bool:
        """Whether the results were acknowledged before the master was killed."""
        sending = asyncio.ensure_future(held.worker.submit(held.submission))
        for _ in range(turns):
            await turn()
        await self._restart()
        try:
            await sending
        except (NotLeading, DatabaseUnavailable):
            return False
        return True

    async def _finish(self) -> None:
        async with at_work(FakeWorker(self.master)):
            self.clock.advance(31)
            await reached(self.master, self.run_id, "finished")
