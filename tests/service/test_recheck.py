"""What selection rests on is evaluated twice: who is wrong is set aside, and the run finds what it would have.

A hash stands for the game, and a liar for a machine whose bits differ.
"""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from evolution.environments import Environment
from evolution.messages import Episode, EpisodeResult
from server.service.errors import NotFound
from server.service.master import Master
from server.storage import exclusions
from server.storage.check_tables import rechecks
from server.storage.database import Storage
from server.storage.tables import results
from server.views import GenerationView
from tests.service.conftest import Masters, TestSettings
from tests.service.fleet import (
    CARTPOLE,
    SMALL,
    FakeWorker,
    at_work,
    describe,
    hashed_game,
    reached,
    settled,
    turn,
    waiting,
)
from tests.service.test_simulation import VARIANTS

pytestmark = pytest.mark.anyio

TOO_MUCH = 1000.0


class Liar(FakeWorker):
    """Inflates every score, and can tell the digest that an honest worker would."""

    def play_episode(self, episode: Episode) -> EpisodeResult:
        result = super().play_episode(episode)
        return result.model_copy(update={"score": result.score + TOO_MUCH})


class WrongBits(FakeWorker):
    """Finds what another machine does not: sometimes more, sometimes less, never the same."""

    def play_episode(self, episode: Episode) -> EpisodeResult:
        result = super().play_episode(episode)
        score = result.score + 40 - episode.seed % 81
        return result.model_copy(update={"score": score, "digest": result.digest[::-1]})


@pytest.fixture
async def master(masters: Masters) -> Master:
    """It has episodes evaluated twice."""
    masters.settings = TestSettings(recheck=True)
    return await masters.start()


async def alone(masters: Masters, configuration: dict[str, Any]) -> list[Any]:
    """What a run finds where nobody is checked."""
    masters.settings = TestSettings(recheck=False)
    master = await masters.start()
    worker = FakeWorker(master, "alone")
    async with at_work(worker):
        run = await master.create_run(None, None, configuration)
        await reached(master, run.id, "finished")
    found = await outcome(masters.database_url, run.id)
    await masters.crash(master)
    return found


async def outcome(database_url: str, run: str) -> list[Any]:
    """Whom each generation chose, at which cost, and every score that counts."""
    storage = Storage(database_url)
    async with storage.reading() as connection:
        columns = [results.c[name] for name in ("generation", "index", "phase", "episode", "score", "steps", "digest")]
        played = select(*columns).where(results.c.run_id == run, ~results.c.retracted).order_by(*columns[:4])
        found = [tuple(row) for row in await connection.execute(played)]
    await storage.close()
    return found


async def closed(master: Master, run: str) -> list[GenerationView]:
    return (await master.list_generations(run, None, 100)).items


async def authors(storage: Storage, run: str, *, retracted: bool) -> set[UUID]:
    async with storage.reading() as connection:
        query = select(results.c.worker).where(results.c.run_id == run, results.c.retracted == retracted)
        return set(await connection.scalars(query))


def told(generations: list[GenerationView]) -> list[Any]:
    """All but when they closed and how they were checked."""
    return [one.model_dump(exclude={"closed_at", "seconds", "confirmed", "unconfirmed"}) for one in generations]


async def play(master: Master, configuration: dict[str, Any], *workers: FakeWorker) -> str:
    """A run, once it is over."""
    for worker in workers:
        await worker.ask(wants=0, descriptions=[describe(Environment(id=CARTPOLE))])
    async with at_work(*workers):
        run = await master.create_run(None, None, configuration)
        await reached(master, run.id, "finished")
    return run.id


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", [Liar, WrongBits])
async def test_a_run_with_a_wrong_worker_finds_what_it_would_have_found_and_sets_the_worker_aside(
    masters: Masters, storage: Storage, kind: type[FakeWorker], variant: str
) -> None:
    configuration = SMALL | VARIANTS[variant]
    expected = await alone(masters, configuration)
    masters.settings = TestSettings(recheck=True)
    master = await masters.restart()
    wrong = kind(master, "wrong")
    run = await play(master, configuration, FakeWorker(master, "one"), FakeWorker(master, "two"), wrong)
    assert await outcome(masters.database_url, run) == expected
    assert [view.name for view in master.list_workers() if view.state == "set aside"] == ["wrong"]
    assert wrong.id not in await authors(storage, run, retracted=False)
    assert wrong.id in await authors(storage, run, retracted=True)
    generations = await closed(master, run)
    assert all(one.confirmed and one.unconfirmed == 0 for one in generations), generations
    costs = [one.frames for one in generations]
    assert costs == [sum(row[5] for row in expected if row[0] <= number and row[2] < 2) for number in range(len(costs))]


async def test_a_worker_whose_results_are_all_too_low_to_be_selected_is_found_out_too(
    masters: Masters, storage: Storage
) -> None:
    configuration = SMALL | VARIANTS["unvalidated"]
    expected = await alone(masters, configuration)
    masters.settings = TestSettings(recheck=True)
    master = await masters.restart()
    seen: set[tuple[int, ...]] = set()

    def honest(seeds: list[int], episode_seed: int) -> tuple[float, int]:
        seen.add((*seeds, episode_seed))
        return hashed_game(seeds, episode_seed)

    def belittled(seeds: list[int], episode_seed: int) -> tuple[float, int]:
        # The truth where it evaluates again what others did: a lie there would give it away.
        is_first = (*seeds, episode_seed) not in seen
        score, steps = honest(seeds, episode_seed)
        return score - TOO_MUCH if is_first else score, steps

    wrong = FakeWorker(master, "wrong", game=belittled)
    others = [FakeWorker(master, name, game=honest) for name in ("one", "two")]
    run = await play(master, configuration, *others, wrong)
    assert [view.name for view in master.list_workers() if view.state == "set aside"] == ["wrong"]
    assert await outcome(masters.database_url, run) == expected
    assert wrong.id in await authors(storage, run, retracted=True)


async def test_of_two_that_disagree_neither_is_believed_until_a_third_has_spoken(
    masters: Masters, storage: Storage
) -> None:
    expected = await alone(masters, SMALL)
    masters.settings = TestSettings(recheck=True)
    master = await masters.restart()
    honest, wrong, third = (
        kind(master, name) for kind, name in ((FakeWorker, "one"), (Liar, "wrong"), (FakeWorker, "third"))
    )
    for worker in (honest, wrong):
        await worker.ask(wants=0, descriptions=[describe(Environment(id=CARTPOLE))])
    async with at_work(honest, wrong):
        run = await master.create_run(None, None, SMALL)
        while (reason := (await master.show_run(run.id)).state_reason) is None:
            await turn()
        assert "Workers one and wrong found different things" in reason
        assert (await master.show_run(run.id)).generation == 0
        assert all(view.reason is None for view in master.list_workers())
        async with at_work(third):
            await reached(master, run.id, "finished")
    assert await outcome(masters.database_url, run.id) == expected
    assert [view.name for view in master.list_workers() if view.reason] == ["wrong"]


async def test_a_person_may_decide_between_two_and_let_a_worker_in_again(masters: Masters, storage: Storage) -> None:
    expected = await alone(masters, SMALL)
    masters.settings = TestSettings(recheck=True)
    master = await masters.restart()
    honest, wrong = FakeWorker(master, "one"), Liar(master, "wrong")
    for worker in (honest, wrong):
        await worker.ask(wants=0, descriptions=[describe(Environment(id=CARTPOLE))])
    async with at_work(honest, wrong):
        run = await master.create_run(None, None, SMALL)
        while (await master.show_run(run.id)).state_reason is None:
            await turn()
        await master.exclude_worker(wrong.id, "Its memory is broken.")
        await reached(master, run.id, "finished")
    assert await outcome(masters.database_url, run.id) == expected
    assert {view.name: view.reason for view in master.list_workers() if view.reason} == {
        "wrong": "Its memory is broken."
    }
    await master.readmit_worker(wrong.id)
    assert all(view.state != "set aside" for view in master.list_workers())
    with pytest.raises(NotFound):
        await master.readmit_worker(wrong.id)


async def test_a_single_worker_is_believed_and_the_generation_says_so(master: Master) -> None:
    run = await play(master, SMALL, FakeWorker(master))
    generations = await closed(master, run)
    # Three parents' episodes and four of the elite's validation; a carried elite was evaluated in another generation.
    assert [(one.confirmed, one.unconfirmed) for one in generations] == [
        (0, 2 + 4 if one.elite_carried and one.number else 3 + 4) for one in generations
    ] or all(one.confirmed == 0 and one.unconfirmed in {6, 7, 8} for one in generations)


async def test_checks_cost_no_budget_and_are_kept_apart_from_the_ledger(master: Master, storage: Storage) -> None:
    run = await play(master, SMALL, FakeWorker(master, "one"), FakeWorker(master, "two"))
    generations = await closed(master, run)
    async with storage.reading() as connection:
        checked = (await connection.execute(select(rechecks).where(rechecks.c.run_id == run))).all()
        played = (await connection.execute(select(results).where(results.c.run_id == run))).all()
    assert len(checked) >= sum(one.confirmed or 0 for one in generations) > 0
    author = {row[:5]: row.worker for row in played}
    assert all(author[row[:5]] != row.worker for row in checked)
    assert len(author) == len(played)
    assert generations[-1].frames == sum(row.frames for row in played if row.phase < 2)


async def test_a_worker_stays_aside_when_the_master_starts_anew_and_its_results_are_refused(
    masters: Masters, master: Master
) -> None:
    wrong = FakeWorker(master, "wrong")
    await wrong.ask(wants=0, descriptions=[describe(Environment(id=CARTPOLE))])
    run = await master.create_run(None, None, SMALL)
    batch = await wrong.claim()
    await master.exclude_worker(wrong.id, "It lies.")
    await masters.crash(master)
    master = wrong.master = await masters.restart()
    outcomes = (await wrong.submit(wrong.play(batch))).outcomes
    assert [one.unwanted for one in outcomes.values()] == [len(batch.episodes)]
    wrong.announced = False
    again = FakeWorker(master, "wrong")
    async with at_work(wrong, again):
        await waiting(master, 2)
    assert {view.state for view in master.list_workers()} == {"set aside"}
    assert (await master.show_run(run.id)).progress.done == 0  # type: ignore[union-attr]


async def test_a_master_that_starts_anew_in_the_middle_of_a_check_goes_on_with_it(
    masters: Masters, master: Master, storage: Storage
) -> None:
    configuration = SMALL | {"candidates": 0, "test_episodes": 0, "budget": {"generations": 1}}
    one, two = FakeWorker(master, "one"), FakeWorker(master, "two")
    for worker in (one, two):
        await worker.ask(wants=0, descriptions=[describe(Environment(id=CARTPOLE))])
    run = await master.create_run(None, None, configuration)
    while (progress := (await master.show_run(run.id)).progress) and progress.done < progress.total:
        await one.submit(one.play(await one.claim()))
    await settled(master)
    await two.submit(two.play(await two.claim()))
    async with storage.reading() as connection:
        assert len((await connection.execute(select(rechecks))).all()) == 1
        assert await exclusions.current(connection) == []
    await masters.crash(master)
    master = two.master = await masters.restart()
    two.announced = False
    async with at_work(two):
        masters.clock.advance(1.1)
        await reached(master, run.id, "finished")
    [generation] = await closed(master, run.id)
    assert (generation.confirmed, generation.unconfirmed) == (3, 0)
