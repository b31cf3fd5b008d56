"""What a run costs: each play that the ledger holds is paid once, whatever became of its result."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from evolution.messages import Submission
from server.service import submit_results
from server.service.errors import DatabaseUnavailable
from server.service.master import Master
from server.storage import costs
from server.storage.database import Storage
from server.storage.tables import generations
from server.views import RunCost, RunDetail
from tests.clock import FakeClock
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, FakeWorker, at_work, described, reached, settled, turn
from tests.service.test_submit_results import LARGE, played
from tests.service.test_transfers import elsewhere, exported, parts

__all__ = ["elsewhere"]
pytestmark = pytest.mark.anyio
BLOCK_FREE = {"algorithm": "block-free", "candidates": 0, "test_episodes": 0}
SECONDS = 36.0
"""Of each episode: a hundredth of an hour."""
EPISODES = 12 + 3 * 4 + 2
"""Of a generation of SMALL, without those that are evaluated twice."""
GENERATIONS = 4


def priced(worker: FakeWorker, price: float | None = 2.0) -> FakeWorker:
    worker.seconds, worker.core_hour_price = SECONDS, price
    return worker


async def cost(master: Master, run: str) -> RunCost:
    shown = (await master.show_run(run)).cost
    assert shown is not None
    return shown


async def dollars(master: Master, run: str) -> float:
    return (await cost(master, run)).dollars


async def sent(worker: FakeWorker, submission: Submission) -> None:
    await worker.submit(submission)
    await settled(worker.master)


async def played_out(master: Master, *workers: FakeWorker) -> RunDetail:
    run = await master.create_run(None, None, SMALL)
    async with at_work(*workers):
        await reached(master, run.id, "finished")
    await settled(master)
    return await master.show_run(run.id)


async def test_a_run_costs_its_workers_seconds_at_each_ones_price_else_at_the_servers(masters: Masters) -> None:
    masters.settings = replace(masters.settings, core_hour_price=1.0)
    master = await masters.start()
    spot, other = priced(await described(master, "spot"), 0.25), priced(await described(master, "other"), None)
    run = await master.create_run(None, None, LARGE)
    assert await cost(master, run.id) == RunCost(dollars=0, forecast=None, score_per_dollar=None)
    for worker in (spot, other):
        [submission] = await played(worker)
        await sent(worker, submission)
    assert await dollars(master, run.id) == pytest.approx(0.01 * 0.25 + 0.01 * 1.0)


async def test_without_any_price_no_cost_is_told_and_one_that_is_set_later_counts_for_all(masters: Masters) -> None:
    master = await masters.start()
    worker = priced(await described(master), None)
    shown = await played_out(master, worker)
    assert shown.cost is None
    assert [one.cost for one in await master.all_generations(shown.id)] == [None] * GENERATIONS
    await master.stop()
    masters.settings = replace(masters.settings, core_hour_price=3.0)
    master = await masters.start()
    assert await dollars(master, shown.id) == pytest.approx(worker.played * 0.01 * 3.0)


async def test_each_generation_tells_the_cost_up_to_its_close(master: Master) -> None:
    shown = await played_out(master, priced(await described(master)))
    told = [one.cost for one in await master.all_generations(shown.id)]
    assert told == [pytest.approx(0.02 * EPISODES * number) for number in (1, 2, 3, 4)]
    assert shown.best is not None
    assert told[-1] is not None
    assert shown.cost == RunCost(dollars=told[-1], forecast=None, score_per_dollar=shown.best / told[-1])


async def next_cost(master: Master) -> Any:
    """The first cost above nothing that watchers are told."""
    subscription = master.events.subscribe()
    while True:
        shown = (await subscription.next()).payload.get("run", {}).get("cost")
        if shown and shown["dollars"]:
            return shown


async def test_watchers_are_told_what_the_open_generation_costs(master: Master, clock: FakeClock) -> None:
    worker = priced(await described(master))
    await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    await sent(worker, submission)
    told = asyncio.create_task(next_cost(master))
    while not told.done():
        clock.advance(1)
        await turn()
    assert (await told)["dollars"] == pytest.approx(0.02)


async def test_a_submission_sent_again_is_paid_once(master: Master) -> None:
    worker = priced(await described(master))
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    await asyncio.gather(worker.submit(submission), worker.submit(submission))
    await sent(worker, submission)
    assert await dollars(master, run.id) == pytest.approx(0.02)


async def test_what_is_retracted_stays_paid_and_is_paid_again_only_if_it_is_played_again(
    master: Master, storage: Storage
) -> None:
    worker = priced(await described(master))
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    await sent(worker, submission)
    for id, paid in ((submission.id, 0.02), (uuid4(), 0.04)):
        await master.exclude_worker(worker.id, "for a test")
        await settled(master)
        await master.readmit_worker(worker.id)
        reply = await worker.submit(submission.model_copy(update={"id": id}))
        assert reply.outcomes[id].accepted == 1
        async with storage.reading() as connection:
            assert (await costs.of_run(connection, run.id)).paid == pytest.approx(paid)


async def test_second_evaluations_are_paid(masters: Masters) -> None:
    masters.settings = replace(masters.settings, recheck=True)
    master = await masters.start()
    one, another = [priced(await described(master, name)) for name in ("one", "another")]
    alone = SMALL | {"candidates": 0, "test_episodes": 0, "budget": {"generations": 1}}
    run = await master.create_run(None, None, alone)
    while (progress := (await master.show_run(run.id)).progress) and progress.done < progress.total:
        await sent(one, one.play(await one.claim()))
    assert await dollars(master, run.id) == pytest.approx(0.02 * one.played)
    await sent(another, another.play(await another.claim()))
    assert another.played > 0
    assert await dollars(master, run.id) == pytest.approx(0.02 * (one.played + another.played))
    async with at_work(another):
        await reached(master, run.id, "finished")
    await settled(master)
    assert await dollars(master, run.id) == pytest.approx(0.02 * (one.played + another.played))


async def test_late_results_are_paid(master: Master, storage: Storage) -> None:
    worker, other = priced(await described(master)), priced(await described(master, "other"), None)
    run = await master.create_run(None, None, SMALL | BLOCK_FREE | {"population": 3, "parents": 1})
    late = [one.play(await one.claim()) for one in (worker, other)]
    while (await master.show_run(run.id)).generation == 0:
        await sent(worker, worker.play(await worker.claim()))
    before = await dollars(master, run.id)
    for one, submission in zip((worker, other), late, strict=True):
        await sent(one, submission)
    assert (await master.all_generations(run.id))[0].late == 2
    assert await dollars(master, run.id) == pytest.approx(before + 0.02 * len(late[0].results))
    async with storage.reading() as connection:
        assert (await costs.of_run(connection, run.id)).unpriced_seconds == pytest.approx(
            SECONDS * len(late[1].results)
        )


async def test_a_run_that_is_stopped_keeps_what_it_had_cost(master: Master, masters: Masters) -> None:
    worker = priced(await described(master))
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    await sent(worker, submission)
    stopped = await master.stop_run(run.id)
    assert stopped.cost is not None
    assert stopped.cost.dollars == pytest.approx(0.02)
    await master.stop()
    assert await dollars(await masters.start(), run.id) == pytest.approx(0.02)


async def test_a_commit_whose_answer_was_lost_is_paid_once_by_whichever_master(
    masters: Masters, master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = priced(await described(master))
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)

    def forgotten(*_: object) -> Any:
        raise DatabaseUnavailable("the answer to COMMIT was lost")

    with monkeypatch.context() as broken:
        broken.setattr(submit_results, "record", forgotten)
        with pytest.raises(DatabaseUnavailable):
            await worker.submit(submission)
    await masters.crash(master)
    worker.master = await masters.restart()
    shown = (await worker.master.show_run(run.id)).cost
    assert shown is not None
    assert shown.dollars == pytest.approx(0.02)
    await sent(worker, submission)
    assert await dollars(worker.master, run.id) == pytest.approx(0.02)


async def test_a_master_that_does_not_know_the_worker_yet_stores_its_price(masters: Masters, master: Master) -> None:
    worker = priced(await described(master))
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    await masters.crash(master)
    worker.master = await masters.restart()
    await sent(worker, submission)
    assert await dollars(worker.master, run.id) == pytest.approx(0.02)


@pytest.mark.parametrize("changes", [{}, BLOCK_FREE], ids=["generational", "block-free"])
async def test_a_run_that_moves_takes_its_costs_along(
    master: Master, elsewhere: Master, changes: dict[str, Any]
) -> None:
    spot, other = priced(await described(master)), priced(await described(master, "other"), 5.0)
    run = await master.create_run(None, None, SMALL | changes)
    while (await master.show_run(run.id)).generation < 2:
        for worker in (spot, other):
            await sent(worker, worker.play(await worker.claim()))
    await sent(spot, spot.play(await spot.claim()))
    moved = await elsewhere.import_run(parts(await exported(master, run.id)))
    assert moved.cost is not None
    assert moved.cost.dollars == pytest.approx(await dollars(master, run.id))
    told = [one.cost for one in await master.all_generations(run.id)]
    assert [one.cost for one in await elsewhere.all_generations(run.id)] == pytest.approx(told)


async def test_a_stopped_run_that_moves_takes_its_costs_along(master: Master, elsewhere: Master) -> None:
    worker = priced(await described(master))
    run = await master.create_run(None, None, LARGE)
    [submission] = await played(worker)
    await sent(worker, submission)
    await master.stop_run(run.id)
    moved = await elsewhere.import_run(parts(await exported(master, run.id)))
    assert moved.cost is not None
    assert moved.cost.dollars == pytest.approx(0.02)


async def test_what_is_added_up_afresh_is_what_was_kept_at_each_close(master: Master, storage: Storage) -> None:
    shown = await played_out(master, priced(await described(master)), priced(await described(master, "other"), None))
    query = select(generations.c.unpriced_seconds, generations.c.paid).order_by(generations.c.number)
    async with storage.unfenced() as connection:
        kept = [tuple(row) for row in await connection.execute(query)]
        await costs.add_up(connection, shown.id, GENERATIONS, with_open=False)
        assert [tuple(row) for row in await connection.execute(query)] == [pytest.approx(row) for row in kept]
        assert await costs.of_run(connection, shown.id) == pytest.approx(kept[-1])
