"""The workers' requests: what is handed out, who waits, what a batch carries."""

import asyncio
from uuid import uuid4

import pytest

from evolution.breeding import breed, episode_seed
from evolution.chains import SeedChain, policy_id
from evolution.environments import Environment
from evolution.messages import PROTOCOL, BatchReply, BatchRequest, ExtendRequest, Phase, ReleaseRequest, Submission
from server.service.errors import ProtocolMismatch
from server.service.master import Master
from tests.clock import FakeClock
from tests.service.conftest import Masters, TestSettings
from tests.service.fleet import (
    CARTPOLE,
    ENGINE,
    ENGINES,
    SMALL,
    FakeWorker,
    at_work,
    describe,
    described,
    reached,
    turn,
    waiting,
)

pytestmark = pytest.mark.anyio

NO_VALIDATION = SMALL | {"candidates": 0, "test_episodes": 0}


async def claim(worker: FakeWorker, wants: int = 1) -> BatchReply:
    reply = await worker.ask(wants=wants)
    for batch in reply.batches:
        worker.play(batch)
    return reply


async def test_a_batch_of_generation_0_needs_no_parents(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL)
    [batch] = (await claim(worker)).batches
    [episode] = batch.episodes
    assert (batch.run, batch.environment, batch.architecture) == (
        run.id,
        run.configuration.environment,
        run.architecture,
    )
    assert (batch.format, batch.power, batch.expires_in) == ("philox-1", 0.1, TestSettings().lease_seconds)
    assert (batch.parents, batch.chains, episode.parent) == ([], {}, None)
    assert episode.mutation == breed(7, 0, 0, 0).seed
    assert episode.seed == episode_seed(7, 0, 0, Phase.EVALUATION, 0)


async def test_later_batches_name_their_parents_and_bring_only_chains_that_the_worker_lacks(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, NO_VALIDATION)
    seen: dict[str, list[int]] = {}
    batch = await worker.claim()
    while batch.episodes[0].generation < 3:
        assert {episode.parent for episode in batch.episodes} - {None} == set(batch.parents)
        assert set(batch.chains) == set(batch.parents) - set(seen)
        seen |= {key: chain.seeds for key, chain in batch.chains.items()}
        await worker.submit(worker.play(batch))
        batch = await worker.claim()
    assert len(seen) > 3
    for key, seeds in seen.items():
        assert run.architecture is not None
        chain = SeedChain(
            architecture=run.architecture, environment=run.configuration.environment, seeds=seeds, power=0.1
        )
        assert key == policy_id(chain)


async def test_an_empty_request_waits_and_is_answered_when_there_is_work(master: Master) -> None:
    worker = await described(master)
    request = asyncio.create_task(worker.ask())
    await waiting(master, 1)
    assert not request.done()
    run = await master.create_run(None, None, SMALL)
    assert [batch.run for batch in (await request).batches] == [run.id]


async def test_an_empty_request_waits_for_its_time_and_no_longer(master: Master, clock: FakeClock) -> None:
    worker = await described(master)
    request = asyncio.create_task(worker.ask())
    await waiting(master, 1)
    clock.advance(19.9)
    await turn()
    assert not request.done()
    clock.advance(1)
    assert await request == BatchReply()


async def test_those_who_wait_are_served_in_order_of_arrival_and_only_as_many_as_there_is_work(master: Master) -> None:
    workers = [await described(master, name) for name in ("first", "second", "third")]
    requests = []
    for number, worker in enumerate(workers, 1):
        requests.append(asyncio.create_task(worker.ask()))
        await waiting(master, number)
    await master.create_run(None, None, NO_VALIDATION | {"population": 2, "parents": 2})
    served = [await requests[0], await requests[1]]
    assert [batch.episodes[0].index for reply in served for batch in reply.batches] == [0, 1]
    assert not requests[2].done()
    requests[2].cancel()
    await asyncio.gather(requests[2], return_exceptions=True)


async def test_a_request_that_hung_up_is_given_none(master: Master) -> None:
    gone, patient = await described(master, "gone"), await described(master, "patient")
    first = asyncio.create_task(gone.ask())
    await waiting(master, 1)
    second = asyncio.create_task(patient.ask())
    await waiting(master, 2)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await master.create_run(None, None, NO_VALIDATION)
    assert [batch.episodes[0].index for batch in (await second).batches] == [0]


async def test_work_given_in_the_moment_of_hanging_up_goes_to_others(master: Master) -> None:
    gone, patient = await described(master, "gone"), await described(master, "patient")
    first = asyncio.create_task(gone.ask())
    await waiting(master, 1)
    creating = asyncio.create_task(master.create_run(None, None, NO_VALIDATION))
    await waiting(master, 0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await creating
    assert [batch.episodes[0].index for batch in (await patient.ask()).batches] == [0]


async def test_a_request_with_results_does_not_wait(master: Master) -> None:
    worker = await described(master)
    await master.create_run(None, None, NO_VALIDATION | {"population": 2, "parents": 2})
    reply = await worker.ask(wants=2)
    first, second = [worker.play(batch) for batch in reply.batches]
    answered = await worker.ask([first], wants=1)
    assert (list(answered.outcomes), answered.batches) == ([first.id], [])
    assert list((await worker.submit(second)).outcomes) == [second.id]


async def test_a_worker_of_another_engine_is_given_nothing(master: Master) -> None:
    await described(master)
    run = await master.create_run(None, None, SMALL)
    other = FakeWorker(master, "other", engines={CARTPOLE: "another-engine"})
    request = asyncio.create_task(other.ask())
    await waiting(master, 1)
    assert not request.done()
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    assert (await master.show_run(run.id)).engine == ENGINES[CARTPOLE]


async def test_an_unknown_worker_is_asked_to_announce_itself_but_its_results_are_taken(master: Master) -> None:
    worker = await described(master)
    await master.create_run(None, None, SMALL)
    submission = worker.play(await worker.claim())
    stranger = FakeWorker(master, "stranger", announced=True)
    reply = await stranger.ask([submission])
    assert reply.announce
    assert reply.outcomes[submission.id].accepted == 1
    assert reply.batches == []


async def test_a_lost_lease_goes_to_others_and_its_results_are_still_welcome(master: Master, clock: FakeClock) -> None:
    slow, quick = await described(master, "slow"), await described(master, "quick")
    await master.create_run(None, None, NO_VALIDATION)
    batch = await slow.claim()
    extended = await master.extend(
        ExtendRequest(protocol=PROTOCOL, worker=slow.identity, leases=[batch.lease, uuid4()])
    )
    assert extended.expires_in == {batch.lease: 30.0}
    assert len(extended.lost) == 1
    clock.advance(31)
    await turn()
    again = await quick.claim()
    assert again.episodes == batch.episodes
    outcomes = (await slow.submit(slow.play(batch))).outcomes | (await quick.submit(quick.play(again))).outcomes
    assert [(outcome.accepted, outcome.repeated) for outcome in outcomes.values()] == [(1, 0), (0, 1)]


async def test_a_released_lease_goes_to_others_at_once(master: Master) -> None:
    one, other = await described(master, "one"), await described(master, "other")
    await master.create_run(None, None, NO_VALIDATION | {"population": 2, "parents": 2})
    batches = (await one.ask(wants=2)).batches
    request = asyncio.create_task(other.ask())
    await waiting(master, 1)
    leases = [batches[1].lease]
    await master.release(ReleaseRequest(protocol=PROTOCOL, worker=one.identity, leases=leases))
    assert (await request).batches[0].episodes == batches[1].episodes


async def test_a_worker_that_leaves_gives_all_back_and_is_shown_as_left(master: Master) -> None:
    one, other = await described(master, "one"), await described(master, "other")
    await master.create_run(None, None, NO_VALIDATION)
    batch = await one.claim()
    states = {worker.name: (worker.state, len(worker.runs)) for worker in master.list_workers()}
    assert states == {"one": ("working", 1), "other": ("idle", 0)}
    await one.leave()
    gone = {worker.name: (worker.state, worker.handed_back) for worker in master.list_workers()}
    assert gone == {"one": ("left", len(batch.episodes)), "other": ("idle", 0)}
    assert (await other.claim()).episodes == batch.episodes


async def test_a_worker_that_can_play_none_of_the_runs_is_told_why(master: Master) -> None:
    fit, foreign = await described(master, "fit"), FakeWorker(master, "foreign", {CARTPOLE: "another-engine=2"})
    stranger = FakeWorker(master, "stranger", {"Strange-v0": ENGINE})
    for worker in (foreign, stranger):
        await worker.ask(
            wants=0, descriptions=[describe(Environment(id=id), engine) for id, engine in worker.engines.items()]
        )
    assert [worker.reason for worker in master.list_workers()] == [None] * 3

    await master.create_run(None, "pole", NO_VALIDATION)
    reasons = {worker.name: worker.reason or "" for worker in master.list_workers()}

    assert reasons[fit.identity.name] == ""
    assert f"pole is bound to another engine ({ENGINE})" in reasons["foreign"]
    assert f"no environment that a run is for ({CARTPOLE})" in reasons["stranger"]


async def test_how_a_worker_went_is_shown(master: Master) -> None:
    one, other = await described(master, "one"), await described(master, "other")
    await one.leave("preempted")
    await other.leave("crashed", "OSError: no space left")
    shown = {worker.name: (worker.state, worker.reason) for worker in master.list_workers()}
    assert shown == {"one": ("preempted", None), "other": ("crashed", "OSError: no space left")}
    await other.ask(wants=0, descriptions=[describe(Environment(id=CARTPOLE))])
    assert {worker.name: worker.reason for worker in master.list_workers()} == {"one": None, "other": None}


async def test_another_protocol_version_is_refused_with_advice(master: Master) -> None:
    worker = FakeWorker(master)
    request = worker.request()
    with pytest.raises(ProtocolMismatch, match="install the server"):
        await master.exchange(BatchRequest(**(dict(request) | {"protocol": PROTOCOL + 1})))
    assert master.list_workers() == []


async def test_workers_are_shown_with_their_speed(master: Master, clock: FakeClock) -> None:
    worker = FakeWorker(master, "host 0")
    async with at_work(worker):
        run = await master.create_run(None, None, SMALL)
        finished = await reached(master, run.id, "finished")
    clock.advance(10)
    [shown] = master.list_workers()
    assert (shown.episodes, shown.environments) == (worker.played, len(ENGINES))
    assert shown.frames > finished.frames
    assert shown.frames_per_second == pytest.approx(shown.frames / 10)


async def test_what_a_submission_carries_for_a_gone_run_is_unwanted(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL)
    submission: Submission = worker.play(await worker.claim())
    await master.delete_run(run.id)
    outcome = (await worker.submit(submission)).outcomes[submission.id]
    assert (outcome.accepted, outcome.repeated, outcome.unwanted) == (0, 0, 1)


async def test_a_worker_that_falls_silent_is_lost_and_its_work_goes_to_others(master: Master, clock: FakeClock) -> None:
    silent, other = await described(master, "silent"), await described(master, "other")
    await master.create_run(None, None, NO_VALIDATION)
    batch = await silent.claim()
    request = asyncio.create_task(other.ask(wants=0))
    await waiting(master, 1)
    clock.advance(46)
    await request
    assert {worker.name: worker.state for worker in master.list_workers()} == {"silent": "lost", "other": "idle"}
    assert (await other.claim()).episodes == batch.episodes


async def test_those_who_wait_hold_no_connection_to_the_database(masters: Masters) -> None:
    master = await masters.start(connections=1)
    workers = [await described(master, f"worker {number}") for number in range(20)]
    requests = [asyncio.create_task(worker.ask()) for worker in workers]
    await waiting(master, 20)
    run = await master.create_run(None, None, NO_VALIDATION)
    replies = await asyncio.gather(*requests[:12])
    assert [batch.run for reply in replies for batch in reply.batches] == [run.id] * 12
    for request in requests[12:]:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
