"""The life of a run: paused, resumed, stopped, changed, cloned, deleted, finished."""

import asyncio

import pytest

from evolution.configuration import Budget
from server.service.errors import Conflict, InvalidConfiguration, NotFound
from server.service.master import Master
from server.storage import generations, results, runs
from server.storage.database import Storage
from tests.clock import FakeClock
from tests.database import count_results
from tests.service.conftest import Masters
from tests.service.fleet import (
    ENGINE,
    SMALL,
    FakeWorker,
    at_work,
    describe,
    described,
    reached,
    settled,
    turn,
    waiting,
)

pytestmark = pytest.mark.anyio

ENDLESS = SMALL | {"budget": {}}


async def test_a_paused_run_hands_out_nothing_until_it_is_resumed(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, ENDLESS)
    batch = await worker.claim()
    assert (await master.pause_run(run.id)).state == "paused"
    request = asyncio.create_task(worker.ask([]))
    await waiting(master, 1)
    await worker.submit(worker.play(batch))
    assert not request.done()
    assert (await master.resume_run(run.id)).state == "running"
    assert (await request).batches


async def test_a_paused_run_stays_paused_over_a_restart(masters: Masters) -> None:
    master = await masters.start()
    worker = await described(master)
    run = await master.create_run(None, None, ENDLESS)
    await worker.submit(worker.play(await worker.claim()))
    await master.pause_run(run.id)
    await masters.crash(master)
    master = await masters.restart()
    assert (await master.show_run(run.id)).state == "paused"
    worker = await described(master)
    await master.resume_run(run.id)
    assert (await worker.claim()).episodes[0].index == 1


async def test_a_stopped_run_stays_stopped(master: Master) -> None:
    await described(master)
    run = await master.create_run(None, None, ENDLESS)
    stopped = await master.stop_run(run.id)
    assert (stopped.state, stopped.progress) == ("stopped", None)
    assert stopped.finished_at is not None
    assert (await master.stop_run(run.id)).state == "stopped"
    for move in (master.pause_run, master.resume_run):
        with pytest.raises(Conflict, match="is stopped"):
            await move(run.id)


async def test_a_waiting_run_can_be_paused_and_waits_again(master: Master) -> None:
    run = await master.create_run("quick", None, {})
    assert (await master.pause_run(run.id)).state == "paused"
    await described(master)
    assert (await master.resume_run(run.id)).state == "waiting"
    async with at_work(FakeWorker(master)):
        await reached(master, run.id, "running")


async def test_only_time_in_which_a_run_runs_counts(masters: Masters) -> None:
    clock, master = masters.clock, await masters.start()
    run = await master.create_run(None, None, ENDLESS)
    clock.advance(100)
    await described(master)
    running = await reached(master, run.id, "running")
    assert running.active_seconds == 0
    clock.advance(20)
    await master.pause_run(run.id)
    clock.advance(1000)
    assert (await master.show_run(run.id)).active_seconds == 20
    await master.resume_run(run.id)
    clock.advance(5)
    assert (await master.show_run(run.id)).active_seconds == 25
    await master.stop()
    clock.advance(10_000)
    master = await masters.start()
    assert (await master.show_run(run.id)).active_seconds == 25


async def test_a_crash_forgets_at_most_the_seconds_since_the_last_heartbeat(masters: Masters, storage: Storage) -> None:
    clock, master = masters.clock, await masters.start()
    await described(master)
    run = await master.create_run(None, None, ENDLESS)
    clock.advance(5)
    subscription = master.events.subscribe()
    while not await _stored_seconds(storage, run.id):
        await turn()
    master.events.unsubscribe(subscription)
    clock.advance(4)
    await masters.crash(master)
    master = await masters.restart()
    assert (await master.show_run(run.id)).active_seconds == 5


async def _stored_seconds(storage: Storage, run: str) -> float:
    async with storage.reading() as connection:
        row = await runs.find(connection, run)
    assert row is not None
    return row.active_seconds


BUDGETS: list[tuple[dict[str, float], str, int]] = [
    ({"generations": 2}, "2 generations", 2),
    ({"frames": 1}, "1 frames", 1),
    ({"target_score": 0.0}, "target score of 0", 1),
    ({"generations": 3, "target_score": 10**6}, "3 generations", 3),
]


@pytest.mark.parametrize(("budget", "reason", "generation"), BUDGETS)
async def test_a_run_ends_when_its_budget_is_spent_at_the_close_of_a_generation(
    master: Master, budget: dict[str, float], reason: str, generation: int
) -> None:
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL | {"budget": budget})
        finished = await reached(master, run.id, "finished")
    assert finished.generation == generation
    assert finished.state_reason is not None
    assert reason in finished.state_reason
    assert finished.finished_at is not None


async def test_a_run_ends_when_its_time_is_over_but_not_in_mid_generation(master: Master, clock: FakeClock) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL | {"budget": {"seconds": 60}})
    await worker.submit(worker.play(await worker.claim()))
    clock.advance(61)
    assert (await master.show_run(run.id)).state == "running"
    async with at_work(worker):
        finished = await reached(master, run.id, "finished")
    assert (finished.generation, finished.active_seconds) == (1, 61)


async def test_frames_of_a_run_are_those_of_its_evaluations_and_validations(master: Master, storage: Storage) -> None:
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL)
        finished = await reached(master, run.id, "finished")
    async with storage.reading() as connection:
        rows = [row for number in range(4) for row in await results.of_generation(connection, run.id, number)]
    assert finished.frames == sum(row.frames for row in rows if row.phase < 2)
    assert finished.steps == sum(row.steps for row in rows if row.phase < 2)
    assert (await master.list_generations(run.id, None, 10)).items[-1].frames == finished.frames


async def test_a_changed_budget_is_read_at_the_next_close(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, ENDLESS)
    await worker.submit(worker.play(await worker.claim()))
    changed = await master.change_run(run.id, "renamed", 2.0, Budget(generations=1))
    assert (changed.name, changed.configuration.weight, changed.configuration.budget.generations) == ("renamed", 2.0, 1)
    async with at_work(worker):
        finished = await reached(master, run.id, "finished")
    assert finished.generation == 1
    assert (await master.change_run(run.id, "again", None, None)).name == "again"
    with pytest.raises(Conflict, match="clone it"):
        await master.change_run(run.id, None, None, Budget(generations=9))
    with pytest.raises(InvalidConfiguration):
        await master.change_run(run.id, "", None, None)


async def test_a_run_and_its_clones_tell_which_preset_they_come_from(master: Master) -> None:
    run = await master.create_run("quick", None, {"population": 40})
    clone = await master.clone_run(run.id, None, {})
    assert [run.preset, clone.preset, (await master.show_run(run.id)).preset] == ["quick"] * 3


async def test_a_clone_has_the_same_configuration_but_another_seed(master: Master) -> None:
    await described(master)
    run = await master.create_run(None, "original", SMALL)
    clone = await master.clone_run(run.id, None, {"budget": {"generations": 9}})
    assert (clone.cloned_from, clone.preset) == (run.id, None)
    assert clone.configuration.budget.generations == 9
    same = {"seed": None, "budget": None}
    assert clone.configuration.model_copy(update=same) == run.configuration.model_copy(update=same)
    assert (await master.clone_run(run.id, None, {"seed": 7})).configuration.seed == 7
    with pytest.raises(NotFound):
        await master.clone_run("absent", None, {})


async def test_a_deleted_run_is_gone_with_all_that_was_stored_of_it(master: Master, storage: Storage) -> None:
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL)
        await reached(master, run.id, "finished")
        other = await master.create_run(None, None, SMALL)
        await reached(master, other.id, "finished")
    await master.delete_run(run.id)
    with pytest.raises(NotFound):
        await master.show_run(run.id)
    with pytest.raises(NotFound):
        await master.delete_run(run.id)
    await settled(master)
    async with storage.reading() as connection:
        assert await count_results(connection, run.id) == 0
        assert await generations.find(connection, run.id, 0) is None
        assert await count_results(connection, other.id) > 0
    assert [item.id for item in (await master.list_runs(None, None, 10)).items] == [other.id]


async def test_a_deletion_that_a_crash_cut_short_is_finished_by_the_next_master(
    masters: Masters, storage: Storage
) -> None:
    master = await masters.start()
    worker = await described(master)
    run = await master.create_run(None, None, ENDLESS)
    await worker.submit(worker.play(await worker.claim()))
    await master.delete_run(run.id)
    await masters.crash(master)
    master = await masters.restart()
    await settled(master)
    async with storage.reading() as connection:
        assert await count_results(connection, run.id) == 0


async def test_runs_are_listed_newest_first_page_by_page(master: Master, clock: FakeClock) -> None:
    made = []
    for _ in range(5):
        clock.advance(60)
        made.append((await master.create_run("quick", None, {})).id)
    listed, cursor = [], None
    while True:
        page = await master.list_runs(None, cursor, 2)
        listed += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert listed == made[::-1]
    assert len((await master.list_runs("waiting", None, 10)).items) == 5
    assert (await master.list_runs("running", None, 10)).items == []
    with pytest.raises(InvalidConfiguration):
        await master.list_runs(None, "nonsense", 10)


async def test_a_run_that_nobody_can_play_any_more_says_so(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, ENDLESS)
    assert run.state_reason is None
    await worker.leave()
    shown = await master.show_run(run.id)
    assert shown.state == "running"
    assert shown.state_reason is not None
    assert ENGINE in shown.state_reason


async def test_a_run_of_another_engine_than_the_connected_workers_says_so_and_what_to_do(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, ENDLESS)
    assert run.playable is True
    await worker.leave()
    assert (await master.show_run(run.id)).playable is None
    upgraded = FakeWorker(master, engines={run.environment_id: "exact-9"})
    await upgraded.ask(wants=0, descriptions=[describe(run.configuration.environment, "exact-9")])
    for shown in (await master.show_run(run.id), await master.pause_run(run.id)):
        assert shown.playable is False
        assert str(shown.state_reason).startswith(f"Its engine was {ENGINE}, the connected workers' is exact-9")
        assert "clone it" in str(shown.state_reason)
    assert (await master.stop_run(run.id)).playable is None


async def test_a_run_whose_environment_was_given_up_in_play_says_why(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, ENDLESS)
    problem = describe(run.configuration.environment).model_copy(update={"problem": "its reward is no number"})
    worker.engines, worker.announced = {}, False
    await worker.ask(wants=0, descriptions=[problem])
    assert "its reward is no number" in str((await master.show_run(run.id)).state_reason)
    await described(master)
    assert (await master.show_run(run.id)).state_reason is None


async def test_progress_tells_the_phase_and_the_time_left(master: Master, clock: FakeClock) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, ENDLESS)
    clock.advance(1)
    await worker.submit(worker.play(await worker.claim()))
    progress = (await master.show_run(run.id)).progress
    assert progress is not None
    assert (progress.generation, progress.phase, progress.done, progress.total) == (0, "evaluation", 1, 12)
    assert progress.seconds_left == pytest.approx(11 + 3 * 4 + 2)
    assert progress.frames_per_second > 0
