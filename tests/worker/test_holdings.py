"""What is in hand: every finished result goes into one submission, and memory stays bounded."""

from dataclasses import replace

import pytest

import worker.holdings
from evolution.messages import EpisodeResult, Outcome, ParentChain, Phase
from tests.worker.fake_server import episodes, make_batch
from worker.holdings import Chains, Holding, Holdings, Outbox, UnusableBatch

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def results(count: int) -> list[EpisodeResult]:
    return [
        EpisodeResult(
            generation=0,
            index=index,
            phase=Phase.EVALUATION,
            episode=0,
            score=1,
            steps=1,
            frames=1,
            digest="0" * 64,
            seconds=0,
        )
        for index in range(count)
    ]


def holding() -> Holding:
    return Holding(make_batch(episodes(2)), "engine")


async def test_each_result_is_collected_once() -> None:
    holdings, held = Holdings(), holding()
    holdings.add(held)
    playing = await holdings.next()
    assert playing is held
    held.finished += results(1)
    first = holdings.collect()
    assert [len(submission.results) for submission in first] == [1]
    assert holdings.collect() == []
    held.finished += results(1)
    holdings.end(held)
    assert [submission.lease for submission in holdings.collect()] == [held.lease]
    assert len(holdings) == 0
    assert holdings.leases() == []


async def test_many_results_are_split_into_submissions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.holdings, "MOST_RESULTS", 3)
    holdings, held = Holdings(), holding()
    holdings.add(held)
    held.finished += results(8)
    submissions = holdings.collect()
    assert [len(submission.results) for submission in submissions] == [3, 3, 2]
    outbox = Outbox()
    outbox.put(submissions)
    assert outbox.head() == submissions[:1]
    outbox.settle({submissions[0].id: Outcome(accepted=1, repeated=0, unwanted=0)})
    assert outbox.head() == submissions[1:2]


async def test_a_lost_batch_is_not_played() -> None:
    holdings, lost, kept = Holdings(), holding(), holding()
    holdings.add(lost)
    holdings.add(kept)
    assert not holdings.lose(lost.lease)
    assert await holdings.next() is kept
    assert holdings.lose(kept.lease)
    assert len(holdings) == 1
    assert holdings.leases() == []


async def test_with_too_many_unsent_results_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.holdings, "MOST_UNSENT", 4)
    outbox, holdings, held = Outbox(), Holdings(), holding()
    holdings.add(held)
    for _ in range(2):
        assert not outbox.is_full
        held.finished += results(2)
        outbox.put(holdings.collect())
    assert outbox.is_full


async def test_parents_chains_are_remembered_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.holdings, "MOST_CHAINS", 2)
    chains = Chains()
    for key in ("a", "b", "a", "c"):
        child = replace(episodes(1)[0], parent=key)
        sent = {} if key in chains.names() else {key: ParentChain(seeds=[1])}
        assert chains.complete(make_batch([child], chains=sent)).chains == {key: ParentChain(seeds=[1])}
    assert chains.names() == ["a", "c"]
    with pytest.raises(UnusableBatch, match="no chain of parent b"):
        chains.complete(make_batch([replace(episodes(1)[0], parent="b")]))
