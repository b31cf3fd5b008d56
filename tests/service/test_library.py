"""What comes into the library of policies by itself, what goes with a run, and where policies come from."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from evolution.breeding import episode_seed
from evolution.chains import policy_id
from policies import shipped
from server.policy_views import Ancestor, PolicySummary
from server.service.errors import Conflict, InvalidConfiguration, InvalidPolicy, NotFound
from server.service.list_policies import PolicyFilter
from server.service.master import Master
from server.service.pages import write_cursor
from server.service.trace_lineage import build_tree
from server.storage.database import Storage
from server.storage.tables import policies, policy_births
from server.views import RunDetail
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, FakeWorker, at_work, reached, settled

pytestmark = pytest.mark.anyio


async def play(master: Master, **changes: Any) -> RunDetail:
    """A run from its beginning to its end."""
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, SMALL | changes)
        return await reached(master, run.id, "finished")


async def library(master: Master, **asked: Any) -> list[PolicySummary]:
    """All policies as asked for."""
    return (await master.library.list_policies(PolicyFilter(**asked), None, 500)).items


async def births(master: Master, run: str) -> dict[tuple[int, int], list[int]]:
    """The distinct elites of a run: where they were born, and their chains."""
    generations = (await master.list_generations(run, None, 100)).items
    return {generation.elite_born: generation.elite_seeds or [] for generation in generations}


@pytest.mark.parametrize(("test_episodes", "source"), [(2, "test"), (0, "validation")])
async def test_every_elite_comes_into_the_library_with_all_its_scores(
    master: Master, test_episodes: int, source: str
) -> None:
    run = await play(master, test_episodes=test_episodes, budget={"generations": 8})
    elites, kept = await births(master, run.id), await library(master, run=run.id)
    best = {policy.policy: policy for policy in await master.best_policies(run.id, 100)}

    assert {(one.origin.generation, one.origin.index): one.length for one in kept} == {
        birth: len(seeds) for birth, seeds in elites.items()
    }
    for policy in kept:
        assert (policy.origin.kind, policy.origin.run, policy.origin.run_name) == ("run", run.id, run.name)
        assert policy.name == f"{run.name}, generation {policy.origin.generation}"
        assert policy.score is not None
        assert policy.score.mean == pytest.approx(best[policy.id].mean)
        assert policy.score.sd == pytest.approx(best[policy.id].sd)
        assert (policy.score.n, policy.score.distinct) == (best[policy.id].n, best[policy.id].distinct)
        assert (policy.score.source, policy.score.engine) == (source, run.engine)
    assert [one.score.mean for one in kept if one.score] == sorted(
        (one.score.mean for one in kept if one.score), reverse=True
    )


async def test_a_policy_of_a_run_shows_its_episodes_with_their_seeds(master: Master) -> None:
    run = await play(master)
    [policy, *_] = await library(master, run=run.id)
    shown = await master.library.show_policy(policy.id)
    generation, index = policy.origin.generation, policy.origin.index
    assert (generation, index) != (None, None)
    seeds = [episode_seed(SMALL["seed"], generation or 0, index or 0, 1, episode) for episode in range(4)]

    assert shown.document.seeds == (await births(master, run.id))[generation or 0, index or 0]
    assert [score.source for score in shown.scores] == ["test", "validation"]
    assert [each.seed for each in shown.episodes if each.source == "validation"][:4] == seeds
    assert sum(score.n for score in shown.scores) == len(shown.episodes)
    assert policy_id(shown.document) == policy.id


async def test_a_run_without_validation_gives_policies_without_a_score(master: Master) -> None:
    run = await play(master, candidates=0, test_episodes=0)
    kept = await library(master, run=run.id)
    assert len(kept) == len(await births(master, run.id))
    assert {policy.score for policy in kept} == {None}


async def test_deleting_a_run_takes_its_policies_along_but_for_those_that_somebody_tagged(master: Master) -> None:
    run = await play(master)
    [first, *others] = await library(master, run=run.id)
    assert others
    before = await master.library.change_policy(first.id, "Mine", ["keep"])
    with pytest.raises(Conflict, match=run.id):
        await master.library.delete_policy(first.id)
    await master.delete_run(run.id)
    await settled(master)
    after = await master.library.show_policy(first.id)

    assert await library(master, origin="run") == [await _summary(master, first.id)]
    assert (after.origin.run, after.origin.run_name, after.origin.generation) == (None, None, None)
    assert (after.name, after.tags, after.score) == ("Mine", ["keep"], before.score)
    assert after.scores == before.scores
    assert after.episodes == before.episodes
    assert (await master.library.list_ancestors(first.id, None, 100)).items == []
    await master.library.delete_policy(first.id)
    with pytest.raises(NotFound):
        await master.library.show_policy(first.id)


async def _summary(master: Master, id: str) -> PolicySummary:
    return next(policy for policy in await library(master) if policy.id == id)


async def test_what_two_runs_bred_stays_while_one_of_them_does(master: Master) -> None:
    first, second = await play(master), await play(master)
    kept = await library(master, origin="run")
    assert await library(master, run=second.id) != []
    assert len(kept) == len(await births(master, second.id))
    await master.delete_run(first.id)
    await settled(master)

    assert await library(master, run=first.id) == []
    assert {policy.id for policy in await library(master, run=second.id)} == {policy.id for policy in kept}
    await master.delete_run(second.id)
    await settled(master)
    assert await library(master, origin="run") == []


async def test_elites_of_older_versions_come_in_when_a_master_takes_the_lead(
    master: Master, masters: Masters, storage: Storage
) -> None:
    run = await play(master)
    before = await library(master, run=run.id)
    async with storage.unfenced() as connection:
        await connection.execute(delete(policies))
        assert await connection.scalar(select(func.count()).select_from(policy_births)) == 0
    await masters.crash(master)
    second = await masters.restart()
    await settled(second)
    after = await library(second, run=run.id)

    assert [policy.model_copy(update={"created_at": None, "rollout": None}) for policy in after] == [
        policy.model_copy(update={"created_at": None, "rollout": None}) for policy in before
    ]
    closed = {one.elite_born: one.closed_at for one in reversed((await second.list_generations(run.id, None, 9)).items)}
    assert {policy.created_at for policy in after} == set(closed.values())


async def test_policies_that_came_with_the_product_stay_away_once_deleted(master: Master, masters: Masters) -> None:
    await settled(master)
    found = await library(master, origin="shipped")
    assert {policy.name for policy in found} == {document["name"] for document in shipped()}
    assert all(policy.score and policy.score.n == 30 and policy.normalised for policy in found)
    await master.library.delete_policy(found[0].id)
    await masters.crash(master)
    second = await masters.restart()
    await settled(second)
    assert {policy.id for policy in await library(second, origin="shipped")} == {policy.id for policy in found[1:]}


async def test_ancestors_come_in_pages(master: Master) -> None:
    run = await play(master)
    policy = max(await library(master, run=run.id), key=lambda one: one.length)
    whole = await master.library.list_ancestors(policy.id, None, policy.length)
    assert (len(whole.items), whole.next_cursor) == (policy.length, None)
    assert policy.length > 1
    found: list[Ancestor] = []
    cursor = None
    while not found or cursor:
        page = await master.library.list_ancestors(policy.id, cursor, 1)
        found, cursor = [*found, *page.items], page.next_cursor
    assert found == whole.items
    assert (await master.library.list_ancestors(policy.id, write_cursor(9999), 1)).items == []
    for made_up in (write_cursor(-1), write_cursor("1"), "x"):
        with pytest.raises(InvalidConfiguration):
            await master.library.list_ancestors(policy.id, made_up, 1)


async def test_an_elites_ancestors_lead_back_to_the_first_generation(master: Master) -> None:
    run = await play(master)
    policy = max(await library(master, run=run.id), key=lambda one: one.length)
    line = (await master.library.list_ancestors(policy.id, None, 100)).items
    kept = {(one.origin.generation, one.origin.index): one.id for one in await library(master, run=run.id)}

    assert [one.generation for one in line] == sorted((one.generation for one in line), reverse=True)
    assert (len(line), line[-1].generation) == (policy.length, 0)
    assert (line[0].policy, line[0].generation, line[0].index) == (
        policy.id,
        policy.origin.generation,
        policy.origin.index,
    )
    assert [one.policy for one in line] == [kept.get((one.generation, one.index)) for one in line]
    for one in line:
        [shown] = [
            individual
            for individual in (await master.list_individuals(run.id, one.generation, None, 100)).items
            if individual.index == one.index
        ]
        assert one.fitness == shown.fitness
        assert (one.validation is None) == (shown.validation is None)


async def test_the_tree_of_a_runs_elites_has_each_chain_once(master: Master) -> None:
    run = await play(master)
    kept = {policy.id: policy.length for policy in await library(master, run=run.id)}
    nodes = await master.library.trace_lineage(list(kept))

    assert sorted(id for node in nodes for id in node.policies) == sorted(kept)
    for place, node in enumerate(nodes):
        assert all(kept[id] == node.length for id in node.policies)
        assert node.parent is None or (node.parent < place and nodes[node.parent].length < node.length)


def test_the_ten_of_2018_share_their_beginnings() -> None:
    nodes = build_tree({document["name"]: document for document in shipped()})
    roots = [node for node in nodes if node.parent is None]

    assert len(roots) == 1
    assert roots[0].length >= 20
    assert sum(len(node.policies) for node in nodes) == 10


def test_chains_share_what_has_the_same_weights_only() -> None:
    plain = {"format": "philox-1", "architecture": {"name": "mlp"}, "power": 0.5}
    nodes = build_tree(
        {
            "a": plain | {"seeds": [1, 2, 3]},
            "b": plain | {"seeds": [1, 2, 4]},
            "c": plain | {"seeds": [1, 2]},
            "listed": plain | {"seeds": [1, 2, 3], "power": [0.5, 0.5]},
            "other power": plain | {"seeds": [1, 2], "power": 0.25},
            "other network": plain | {"seeds": [1, 2], "architecture": {"name": "nature-dqn"}},
        }
    )
    assert [(node.parent, node.length, node.policies) for node in nodes] == [
        (None, 1, []),
        (0, 2, ["c"]),
        (1, 3, ["a", "listed"]),
        (1, 3, ["b"]),
        (0, 2, ["other power"]),
        (None, 2, ["other network"]),
    ]


async def test_watchers_hear_of_policies(master: Master) -> None:
    await settled(master)
    events = master.events.subscribe()
    run = await play(master, budget={"generations": 1})
    [policy] = await library(master, run=run.id)
    await master.library.change_policy(policy.id, None, ["seen"])
    await master.delete_run(run.id)
    heard = [await events.next() for _ in range(events._events.qsize())]
    told = [event for event in heard if "policies" in event.topics]

    assert [event.type for event in told] == ["policy.changed", "policy.changed", "run.deleted"]
    assert [event.payload["policy"]["tags"] for event in told[:2]] == [[], ["seen"]]
    assert told[0].payload["policy"] == policy.model_dump(mode="json")


async def test_of_many_imports_of_one_policy_one_is_the_first(master: Master) -> None:
    document = (
        b'{"format": "philox-1", "architecture": {"name": "mlp", "inputs": 4, "hidden": [], "actions": 2}, '
        b'"environment": {"id": "CartPole-v1", "options": {}}, "seeds": [1], "power": 0}'
    )
    taken = await asyncio.gather(*(master.library.import_policy(document) for _ in range(5)))

    assert sorted(is_new for _, is_new in taken) == [False] * 4 + [True]
    assert len({policy.id for policy, _ in taken}) == 1
    with pytest.raises(InvalidPolicy, match="This is not JSON"):
        await master.library.import_policy(b"nonsense")
