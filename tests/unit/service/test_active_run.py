"""A run in memory: what follows from what is stored, also while it is being read."""

from datetime import UTC, datetime

import pytest

from evolution.chains import SeedChain, policy_id
from evolution.lineage import Birth, Lineage
from server.service.active_run import ActiveRun, Stopwatch
from server.service.open_generation import open_generation
from server.service.rates import Rate
from server.storage.costs import UNSPENT
from server.storage.results import Scored
from server.storage.runs import RunRow
from tests.unit.service.test_open_generation import CARRIED, CONFIGURATION, evaluations, scored

pytestmark = pytest.mark.anyio

ROW = RunRow(
    id="k3f9x2",
    name="brave-otter",
    state="running",
    state_reason=None,
    configuration=CONFIGURATION.model_copy(update={"seed": 7}).model_dump(mode="json"),
    architecture={"name": "mlp", "inputs": 4, "hidden": [8], "actions": 2, "box": False},
    description=None,
    engine_id=1,
    preset=None,
    cloned_from=None,
    generation=1,
    frames=0,
    steps=0,
    open_frames=0,
    open_steps=0,
    active_seconds=0.0,
    unpriced_seconds=0.0,
    paid=0.0,
    best=None,
    best_elite=None,
    mean=None,
    elite=None,
    sparkline=[],
    created_at=datetime(2030, 1, 1, tzinfo=UTC),
    finished_at=None,
    engine="engine",
)


@pytest.fixture
def run() -> ActiveRun:
    lineage = Lineage(7, 4)
    lineage.close(0, [Birth(0, 2), Birth(0, 1)])
    opened = open_generation(CONFIGURATION, 1, CARRIED, [])
    configuration = CONFIGURATION.model_copy(update={"seed": 7})
    return ActiveRun(ROW, configuration, lineage, CARRIED, opened, Stopwatch(0), Rate(0), Rate(0), UNSPENT)


async def test_a_result_that_is_stored_while_the_generation_is_read_is_not_forgotten(run: ActiveRun) -> None:
    async def read() -> list[Scored]:
        stored = [scored(0, 0, 0)]
        run.settle([(1, 3, 0, 1)])
        return stored

    run.outdated = True
    assert await run.reopen(read) is None
    assert not run.outdated
    assert run.open.current.done == 2
    assert run.open.current.has(3, 1)


async def test_a_generation_completed_while_it_is_read_must_be_read_again(run: ActiveRun) -> None:
    validations = [scored(index, 1, episode) for index in (1, 4) for episode in range(3)]
    whole = [*evaluations([1, 4, 2, 4]), *validations, scored(1, 2, 0)]

    async def read_too_early() -> list[Scored]:
        run.settle([(1, whole[-1].index, whole[-1].phase, whole[-1].episode)])
        return whole[:-1]

    async def read() -> list[Scored]:
        return whole

    assert await run.reopen(read_too_early) is None
    assert run.due
    assert await run.reopen(read) == whole


async def test_a_generation_that_could_not_be_read_stays_outdated(run: ActiveRun) -> None:
    async def fail() -> list[Scored]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await run.reopen(fail)
    assert run.outdated
    run.settle([(1, 0, 0, 0)])
    assert run.open.current.done == 1


async def test_reading_again_opens_the_next_phase(run: ActiveRun) -> None:
    async def read() -> list[Scored]:
        return evaluations([1, 4, 2, 4])

    await run.reopen(read)
    assert [phase.phase for phase in run.open.phases] == [0, 1]


def test_a_parents_key_is_its_policys_id(run: ActiveRun) -> None:
    parent = run.parent(Birth(0, 2))
    assert parent.seeds == run.lineage.seeds(Birth(0, 2))
    assert run.architecture is not None
    chain = SeedChain(
        architecture=run.architecture, environment=CONFIGURATION.environment, seeds=parent.seeds, power=0.1
    )
    assert parent.key == policy_id(chain)
    assert run.parent(Birth(0, 2)) is parent
    assert run.parent(CARRIED.birth).seeds == CARRIED.seeds


def test_a_run_is_due_when_its_phase_is_complete_and_it_runs(run: ActiveRun) -> None:
    was_due = [run.due]
    for result in evaluations([1, 2, 3, 4]):
        run.settle([(1, result.index, result.phase, result.episode)])
    was_due.append(run.due)
    run.replace_row(RunRow(**{**vars(ROW), "state": "paused"}))
    assert [*was_due, run.due] == [False, True, False]
