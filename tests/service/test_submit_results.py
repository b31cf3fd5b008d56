"""Results are acknowledged when they are committed, not before, and count once."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from evolution.messages import Outcome, Submission
from server.service import submit_results
from server.service.errors import DatabaseUnavailable, Overloaded
from server.service.master import Master
from server.storage import leadership, results
from server.storage.database import Connection, Storage
from tests.database import count_results
from tests.service.fleet import SMALL, FakeWorker, described, settled

pytestmark = pytest.mark.anyio

LARGE = SMALL | {"population": 1000, "candidates": 0, "test_episodes": 0}


async def played(worker: FakeWorker, batches: int = 1) -> list[Submission]:
    reply = await worker.ask(wants=batches)
    return [worker.play(batch) for batch in reply.batches]


async def stored(storage: Storage, run: str) -> int:
    async with storage.reading() as connection:
        return await count_results(connection, run)


async def test_nothing_is_acknowledged_before_the_commit(master: Master, storage: Storage) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    # Whoever holds the leadership row keeps every write from committing.
    async with storage.unfenced() as connection:
        await leadership.lock(connection)
        request = asyncio.create_task(worker.submit(submission))
        await asyncio.wait({request}, timeout=0.2)
        assert not request.done()
        assert await stored(storage, run.id) == 0
        progress = (await master.show_run(run.id)).progress
        assert progress is not None
        assert progress.done == 0
    assert (await request).outcomes[submission.id] == Outcome(accepted=1, repeated=0, unwanted=0)
    assert await stored(storage, run.id) == 1


async def test_results_of_many_requests_are_committed_together(
    master: Master, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = [await described(master, f"worker {number}") for number in range(20)]
    await master.create_run(None, None, LARGE)
    submissions = [(await played(worker))[0] for worker in workers]
    groups: list[int] = []
    insert = results.insert

    async def counted(
        connection: Connection, deliveries: Sequence[results.Delivery]
    ) -> dict[str, dict[results.Key, bool]]:
        groups.append(sum(len(delivery.results) for delivery in deliveries))
        return await insert(connection, deliveries)

    monkeypatch.setattr(results, "insert", counted)
    async with storage.unfenced() as connection:
        await leadership.lock(connection)
        requests = [
            asyncio.create_task(worker.submit(submission))
            for worker, submission in zip(workers, submissions, strict=True)
        ]
        await asyncio.wait(requests, timeout=0.2)
    replies = await asyncio.gather(*requests)
    assert sum(outcome.accepted for reply in replies for outcome in reply.outcomes.values()) == 20
    assert sum(groups) == 20
    assert len(groups) <= 2


async def test_a_submission_sent_again_is_answered_as_accepted_and_changes_nothing(
    master: Master, storage: Storage
) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    first, again = await asyncio.gather(worker.submit(submission), worker.submit(submission))
    third = await worker.submit(submission)
    outcomes = [reply.outcomes[submission.id] for reply in (first, again, third)]
    assert [outcome.accepted for outcome in outcomes] == [1, 0, 0]
    assert [outcome.repeated for outcome in outcomes] == [0, 1, 1]
    assert await stored(storage, run.id) == 1
    frames = (await master.show_run(run.id)).frames
    assert frames == submission.results[0].frames


async def test_of_two_results_for_one_episode_the_first_counts(master: Master, storage: Storage) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    better = submission.results[0].model_copy(update={"score": 10**6})
    twin = submission.model_copy(update={"id": uuid4(), "results": [better]})
    replies = await asyncio.gather(worker.submit(submission), worker.submit(twin))
    assert [outcome.accepted for reply in replies for outcome in reply.outcomes.values()] == [1, 0]
    async with storage.reading() as connection:
        [row] = await results.of_generation(connection, run.id, 0)
    assert row.score == submission.results[0].score


async def test_one_submission_may_hold_several_kinds_of_results(master: Master) -> None:
    worker = await described(master)
    await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    [good] = submission.results
    absurd = [
        good.model_copy(update=change)
        for change in ({"index": 1000}, {"generation": 1}, {"phase": 1}, {"episode": 1}, {"phase": 2})
    ]
    mixed = submission.model_copy(update={"results": [good, good, *absurd]})
    outcome = (await worker.submit(mixed)).outcomes[submission.id]
    assert outcome == Outcome(accepted=1, repeated=1, unwanted=5)


async def test_results_of_another_engine_are_refused(master: Master, storage: Storage) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    foreign = submission.model_copy(update={"engine": "another-engine"})
    assert (await worker.submit(foreign)).outcomes[submission.id] == Outcome(accepted=0, repeated=0, unwanted=1)
    assert await stored(storage, run.id) == 0


async def test_results_of_closed_generations_are_known_or_unwanted(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL | {"candidates": 2, "population": 3, "parents": 1})
    submissions = []
    while (await master.show_run(run.id)).generation == 0:
        submissions.append(worker.play(await worker.claim()))
        await worker.submit(submissions[-1])
    again = (await worker.submit(submissions[0])).outcomes[submissions[0].id]
    assert again == Outcome(accepted=0, repeated=1, unwanted=0)
    never = submissions[0].results[0].model_copy(update={"phase": 1, "episode": 99})
    unasked = submissions[0].model_copy(update={"results": [never]})
    assert (await worker.submit(unasked)).outcomes[unasked.id] == Outcome(accepted=0, repeated=0, unwanted=1)


async def test_results_of_a_paused_run_count_but_close_nothing(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL | {"population": 2, "parents": 1, "candidates": 2})
    submissions = await played(worker, batches=2)
    await master.pause_run(run.id)
    for submission in submissions:
        assert (await worker.submit(submission)).outcomes[submission.id].accepted == 1
    progress = (await master.show_run(run.id)).progress
    assert progress is not None
    assert (progress.phase, progress.done, progress.total) == ("evaluation", 2, 2)
    request = asyncio.create_task(worker.claim())
    await master.resume_run(run.id)
    assert (await request).episodes[0].phase == 1


async def test_results_of_a_stopped_run_are_kept(master: Master, storage: Storage) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    await master.stop_run(run.id)
    assert (await worker.submit(submission)).outcomes[submission.id].accepted == 1
    assert await stored(storage, run.id) == 1


async def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost(
    master: Master, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)

    async def lost(*_: object) -> None:
        raise DatabaseUnavailable("the database does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(results, "stored", lost)
        with pytest.raises(DatabaseUnavailable):
            await worker.submit(submission)
    assert await stored(storage, run.id) == 0
    assert (await worker.submit(submission)).outcomes[submission.id].accepted == 1


async def test_a_commit_whose_answer_was_lost_is_found_out(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL | {"population": 2, "parents": 1, "candidates": 2})
    submissions = await played(worker, batches=2)

    def forgotten(*_: object) -> Outcome:
        raise DatabaseUnavailable("the answer to COMMIT was lost")

    with monkeypatch.context() as broken:
        broken.setattr(submit_results, "record", forgotten)
        with pytest.raises(DatabaseUnavailable):
            await worker.submit(submissions[0])
    request = asyncio.create_task(worker.ask([submissions[0]], wants=0))
    assert (await request).outcomes[submissions[0].id] == Outcome(accepted=0, repeated=1, unwanted=0)
    await settled(master)
    assert (await master.show_run(run.id)).frames == submissions[0].results[0].frames
    assert (await worker.submit(submissions[1])).outcomes[submissions[1].id].accepted == 1
    assert (await worker.claim()).episodes[0].phase == 1
    frames = sum(submission.results[0].frames for submission in submissions)
    assert (await master.show_run(run.id)).frames == frames


async def test_more_results_than_memory_is_meant_for_are_refused(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit_results, "PENDING_RESULTS", 0)
    worker = await described(master)
    await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    with pytest.raises(Overloaded):
        await worker.submit(submission)
    monkeypatch.setattr(submit_results, "PENDING_RESULTS", 1)
    assert (await worker.submit(submission)).outcomes[submission.id].accepted == 1


async def test_a_request_that_hangs_up_does_not_undo_its_results(master: Master, storage: Storage) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    async with storage.unfenced() as connection:
        await leadership.lock(connection)
        request = asyncio.create_task(worker.submit(submission))
        await asyncio.wait({request}, timeout=0.2)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
    assert (await worker.submit(submission)).outcomes[submission.id].repeated == 1
    assert await stored(storage, run.id) == 1
