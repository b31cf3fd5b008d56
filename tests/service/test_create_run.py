"""How a run comes to be: configured, described by a worker, or refused field by field."""

import asyncio
from typing import Any

import pytest

from evolution.environments import Environment
from server.service import create_run
from server.service.errors import DatabaseUnavailable, InvalidConfiguration, UnknownEnvironment
from server.service.master import Master
from tests.clock import FakeClock
from tests.service.fleet import (
    CARTPOLE,
    ENGINE,
    FakeWorker,
    at_work,
    describe,
    described,
    reached,
    turn,
    waiting,
)

pytestmark = pytest.mark.anyio


async def test_without_workers_a_run_waits_visibly_and_starts_when_one_comes(master: Master) -> None:
    run = await master.create_run("quick", None, {})
    assert (run.state, run.engine, run.architecture, run.progress) == ("waiting", None, None, None)
    assert run.state_reason is not None
    assert "Waits for a worker" in run.state_reason
    async with at_work(FakeWorker(master)):
        running = await reached(master, run.id, "running")
    assert running.engine == ENGINE
    assert running.architecture is not None
    assert running.architecture.name == "mlp"
    assert running.description == describe(running.configuration.environment)


async def test_with_a_worker_that_can_play_it_a_run_starts_at_once(master: Master) -> None:
    async with at_work(FakeWorker(master)):
        await waiting(master, 1)
        run = await master.create_run("quick", "my run", {"population": 50})
    assert (run.state, run.name, run.configuration.population) == ("running", "my run", 50)
    assert run.configuration.seed is not None


async def test_a_worker_that_does_not_answer_in_time_leaves_the_run_waiting(master: Master, clock: FakeClock) -> None:
    await FakeWorker(master).ask(wants=0, descriptions=[describe(Environment(id="Acrobot-v1"))])
    creating = asyncio.create_task(master.create_run("quick", None, {}))
    while not creating.done():
        clock.advance(1)
        await turn()
    assert (await creating).state == "waiting"


async def test_a_run_whose_creation_lost_its_answer_is_taken_up(
    master: Master, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(*_: object) -> None:
        raise DatabaseUnavailable("the connection was lost after COMMIT")

    await described(master)
    with monkeypatch.context() as broken:
        broken.setattr(create_run, "load_run", lose)
        with pytest.raises(DatabaseUnavailable):
            await master.create_run("quick", None, {})
    run = (await master.list_runs(None, None, 10)).items[0]
    clock.advance(60)
    async with at_work(FakeWorker(master)):
        while (await master.show_run(run.id)).generation == 0:
            if master._memory.recall(run.id) is None:  # no longer: a slow machine's leases would run out at each turn
                clock.advance(1)
            await turn()


async def test_an_environment_that_connected_workers_do_not_know_is_refused(master: Master) -> None:
    await described(master)
    with pytest.raises(UnknownEnvironment, match=r"'Nowhere-v1'.*Acrobot-v1"):
        await master.create_run("quick", None, {"environment": {"id": "Nowhere-v1"}})
    assert (await master.list_runs(None, None, 10)).items == []


async def test_a_network_that_does_not_fit_is_refused_beside_its_field(master: Master) -> None:
    await described(master)
    with pytest.raises(InvalidConfiguration) as caught:
        await master.create_run("quick", None, {"architecture": "nature-dqn"})
    assert [error["field"] for error in caught.value.errors] == ["architecture"]


async def test_an_environment_that_no_policy_fits_is_refused_or_fails_the_waiting_run(master: Master) -> None:
    waits = await master.create_run("quick", None, {})
    worker = FakeWorker(master)
    unfit = describe(waits.configuration.environment).model_copy(
        update={"actions": None, "architectures": [], "problem": "its actions are a dictionary"}
    )
    await worker.ask(wants=0, descriptions=[unfit])
    failed = await reached(master, waits.id, "failed")
    assert failed.state_reason == "its actions are a dictionary"
    with pytest.raises(InvalidConfiguration) as caught:
        await master.create_run("quick", None, {})
    assert caught.value.errors == [{"field": "environment.id", "message": "its actions are a dictionary"}]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"population": 0}, "population"),
        ({"population": 10**9}, "population"),
        ({"parents": 10**4}, "parents"),
        ({"budget": {"frames": -1}}, "budget.frames"),
        ({"environment": {"id": CARTPOLE, "options": {"sticky_actions": 1}}}, "environment.options.sticky_actions"),
        ({"unheard": 1}, "unheard"),
        ({"seed": 2**32}, "seed"),
    ],
)
async def test_each_wrong_field_is_named(master: Master, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        await master.create_run("quick", None, changes)
    assert field in [error["field"] for error in caught.value.errors]


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b"])
async def test_a_name_is_short_and_printable(master: Master, name: str) -> None:
    with pytest.raises(InvalidConfiguration, match="printable"):
        await master.create_run("quick", name, {})


async def test_another_family_of_environments_lets_go_of_the_presets_options(master: Master) -> None:
    changes = {"environment": {"id": CARTPOLE}, "architecture": "mlp"}
    run = await master.create_run("laptop", None, changes)
    assert run.configuration.environment.options == {"max_steps": None}
    kept = await master.create_run("laptop", None, {"environment": {"id": "ALE/Pong-v5"}})
    assert kept.configuration.environment.options["sticky_actions"] == 0.25
