"""What is shown of generations, individuals and the best policies, and what watchers are told."""

import asyncio
from functools import partial
from typing import Any

import pytest

from evolution.chains import policy_id
from evolution.configuration import preset_configuration
from evolution.expansion import expand
from evolution.lineage import Birth, Lineage
from server.service.best_policies import protocol
from server.service.errors import InvalidConfiguration, NotFound
from server.service.events import Event
from server.service.master import Master
from server.storage import results
from server.storage.database import Storage
from server.views import IndividualView, RunDetail
from tests.clock import FakeClock
from tests.service.fleet import SMALL, FakeWorker, at_work, described, reached, turn

pytestmark = pytest.mark.anyio


@pytest.fixture
async def finished(master: Master) -> RunDetail:
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL)
        return await reached(master, run.id, "finished")


async def individuals(master: Master, run: str, number: int) -> list[IndividualView]:
    shown, cursor = [], None
    while True:
        page = await master.list_individuals(run, number, cursor, 5)
        shown += page.items
        cursor = page.next_cursor
        if cursor is None:
            return shown


async def test_individuals_are_shown_with_descent_rank_and_role(master: Master, finished: RunDetail) -> None:
    before: set[tuple[int, int]] = set()
    for generation in (await master.list_generations(finished.id, None, 10)).items:
        shown = await individuals(master, finished.id, generation.number)
        assert [one.index for one in shown] == list(range(12 + (generation.number > 0)))
        fit = sorted((one for one in shown if one.fitness is not None), key=lambda one: one.rank or 0)
        assert [one.rank for one in fit] == list(range(1, 13))
        assert [one.fitness for one in fit] == sorted((one.fitness or 0 for one in fit), reverse=True)
        assert [one.index for one in shown if one.elite] == [generation.elite_index]
        assert sum(one.validation is not None for one in shown) == 3
        assert sum(one.test is not None for one in shown) == 1
        births = {(generation.number, one.index): one for one in shown if not one.carried}
        assert all((one.parent is None) == (generation.number == 0) for one in births.values())
        assert all(one.parent in before for one in births.values() if one.parent)
        selected = [one for one in shown if one.selected]
        assert len(selected) == 3
        assert all(one.seeds for one in selected)
        before = {generation.elite_born if one.carried else (generation.number, one.index) for one in selected}
        elite = next(one for one in shown if one.elite)
        assert elite.seeds == generation.elite_seeds


async def test_individuals_of_the_open_generation_are_shown_without_ranks(master: Master) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL)
    await worker.submit(worker.play(await worker.claim()))
    [shown] = (await master.list_individuals(run.id, 0, None, 5)).items
    assert (shown.index, shown.rank, shown.selected, shown.elite, shown.seeds) == (0, None, False, False, None)
    with pytest.raises(NotFound, match="no generation 1"):
        await master.list_individuals(run.id, 1, None, 5)
    with pytest.raises(InvalidConfiguration):
        await master.list_individuals(run.id, 0, "nonsense", 5)


async def test_generations_are_listed_both_ways_and_whole_without_chains(master: Master, finished: RunDetail) -> None:
    up = await master.list_generations(finished.id, None, 3)
    rest = await master.list_generations(finished.id, up.next_cursor, 3)
    down = await master.list_generations(finished.id, None, 10, "desc")
    assert [item.number for item in up.items + rest.items] == [0, 1, 2, 3]
    assert rest.next_cursor is None
    assert down.items == (up.items + rest.items)[::-1]
    whole = await master.all_generations(finished.id)
    absent = {"elite_length": None, "elite_seeds": None}
    assert [item.model_copy(update=absent) for item in up.items + rest.items] == whole
    brief = await master.list_generations(finished.id, None, 10, chains=False)
    assert brief.items == [item.model_copy(update={"elite_seeds": None}) for item in up.items + rest.items]
    assert await master.show_generation(finished.id, 2) == up.items[2]
    with pytest.raises(NotFound, match="generation 4"):
        await master.show_generation(finished.id, 4)
    with pytest.raises(NotFound):
        await master.list_generations("absent", None, 3)
    with pytest.raises(NotFound):
        await master.all_generations("absent")


async def test_statistics_follow_from_the_results(master: Master, finished: RunDetail, storage: Storage) -> None:
    for generation in await master.all_generations(finished.id):
        async with storage.reading() as connection:
            rows = await results.of_generation(connection, finished.id, generation.number)
        scores = [row.score for row in rows if row.phase == 0]
        assert (generation.best, generation.worst) == (max(scores), min(scores))
        assert generation.mean == pytest.approx(sum(scores) / 12)
        assert generation.quartile_low <= generation.median <= generation.quartile_high
        assert generation.episodes == len(rows)
        validated = [row.score for row in rows if row.phase == 1 and row.index == generation.elite_index]
        assert generation.validation is not None
        assert generation.validation.n == 4
        assert generation.validation.mean == pytest.approx(sum(validated) / 4)


async def test_a_run_is_summed_up_by_its_elites(master: Master, finished: RunDetail) -> None:
    closed = await master.all_generations(finished.id)
    means = [generation.validation.mean for generation in closed if generation.validation]
    assert finished.best == max(means)
    assert finished.best_elite == closed[means.index(max(means))].validation
    assert finished.sparkline == means
    assert finished.elite == closed[-1].validation
    assert finished.mean == closed[-1].mean


async def test_the_best_policies_pool_all_their_validations_or_tests(
    master: Master, finished: RunDetail, storage: Storage
) -> None:
    best = await master.best_policies(finished.id, 100)
    assert len({policy.policy for policy in best}) == len(best)
    assert [policy.mean for policy in best] == sorted((policy.mean for policy in best), reverse=True)
    elites = {generation.elite_born for generation in await master.all_generations(finished.id)}
    lineage = await replayed(master, finished)
    for policy in best:
        assert policy.policy == policy_id(policy.document)
        assert policy.document.seeds == lineage.seeds(Birth(*policy.born))
        assert policy.phase == ("test" if policy.born in elites else "validation")
        assert policy.n > 1
        assert policy.protocol.startswith(f"{policy.n} {policy.phase} episodes")
        assert expand(policy.document).shape
    assert await master.best_policies(finished.id, 2) == best[:2]
    carried = [generation for generation in await master.all_generations(finished.id) if generation.elite_carried]
    pooled = next(policy for policy in best if policy.born == carried[0].elite_born)
    assert pooled.n >= 4


async def replayed(master: Master, run: RunDetail) -> Lineage:
    """The descent as it follows from what is shown alone."""
    lineage = Lineage(7, 12)
    for generation in await master.all_generations(run.id):
        shown = [one for one in await individuals(master, run.id, generation.number) if one.selected]
        ranked = sorted(shown, key=lambda one: (one.carried, one.rank or 0))
        # An elite that is bred here but not among the best comes last, as a carried one does.
        best = [one for one in ranked if one.rank is not None and one.rank <= len(ranked)]
        order = best + [one for one in ranked if one not in best]
        births = [generation.elite_born if one.carried else (generation.number, one.index) for one in order]
        lineage.close(generation.number, [Birth(*birth) for birth in births])
    return lineage


async def test_one_lucky_episode_makes_nobody_the_best(master: Master) -> None:
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL | {"candidates": 0, "test_episodes": 0})
        await reached(master, run.id, "finished")
    assert await master.best_policies(run.id, 10) == []


@pytest.mark.parametrize(
    ("environment", "options", "text"),
    [
        ("ALE/Pong-v5", {}, "30 validation episodes, sticky actions 0.25, 5,000 steps, minimal actions"),
        (
            "ALE/Pong-v5",
            {"sticky_actions": 0, "max_steps": 27_000, "minimal_actions": False, "frame_skip": 2},
            "30 validation episodes, no sticky actions, 27,000 steps, all actions, frame skip 2",
        ),
        ("CartPole-v1", {}, "30 validation episodes"),
        ("CartPole-v1", {"max_steps": 1000}, "30 validation episodes, 1,000 steps"),
    ],
)
def test_a_protocol_tells_how_scores_were_made(environment: str, options: dict[str, Any], text: str) -> None:
    configuration = preset_configuration("laptop", environment={"id": environment, "options": options})
    assert protocol(configuration, "validation", 30) == text


async def test_watchers_hear_of_a_runs_life_in_order(master: Master) -> None:
    subscription = master.events.subscribe()
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL)
        await reached(master, run.id, "finished")
    await master.delete_run(run.id)
    told: list[Event] = []
    while not told or told[-1].type != "run.deleted":
        told.append(await subscription.next())
    closed = [event.payload["generation"]["number"] for event in told if event.type == "generation.closed"]
    states = [event.payload["run"]["state"] for event in told if event.type == "run.changed"]
    assert closed == [0, 1, 2, 3]
    assert list(dict.fromkeys(states)) == ["waiting", "running", "finished"]
    assert {frozenset(["runs", f"runs/{run.id}"])} == {event.topics for event in told if event.type == "run.changed"}
    assert [event.n for event in told] == list(range(told[0].n, told[0].n + len(told)))


async def test_watchers_are_told_when_nobody_can_play_a_run_and_when_somebody_can(
    master: Master, clock: FakeClock
) -> None:
    worker = await described(master)
    run = await master.create_run(None, None, SMALL)
    subscription = master.events.subscribe()
    reasons = []
    for happen in (worker.leave, partial(described, master, "another")):
        await happen()
        clock.advance(1)
        async with asyncio.timeout(20):
            while (event := await subscription.next()).type != "run.changed":
                pass
        reasons.append(event.payload["run"]["state_reason"])
    assert reasons[0].startswith(f"No connected worker plays {run.environment_id}")
    assert reasons[1] is None


async def test_progress_is_told_at_most_once_a_second(master: Master, clock: FakeClock) -> None:
    worker = await described(master)
    await master.create_run(None, None, SMALL | {"population": 100})
    subscription = master.events.subscribe()
    for _ in range(10):
        await worker.submit(worker.play(await worker.claim()))
    clock.advance(1)
    for _ in range(5):
        await turn()
    master.events.unsubscribe(subscription)
    told = [event.type for event in list(subscription._events._queue)]  # type: ignore[attr-defined]
    # The library is filled beside this.
    assert [type for type in told if type in {"run.changed", "workers.changed"}] == ["run.changed", "workers.changed"]


async def test_environments_are_those_that_connected_workers_can_make(master: Master) -> None:
    assert master.list_environments() == []
    worker = await described(master)
    await described(master, "second")
    shown = {environment.id: environment for environment in master.list_environments()}
    assert {id: environment.workers for id, environment in shown.items()} == {"CartPole-v1": 2, "Acrobot-v1": 2}
    assert shown["CartPole-v1"].description is not None
    assert shown["Acrobot-v1"].description is None
    await worker.leave()
    assert [environment.workers for environment in master.list_environments()] == [1, 1]
