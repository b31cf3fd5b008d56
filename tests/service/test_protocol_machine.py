"""The work protocol under whatever order of events Hypothesis finds: nothing is lost, counted or handed out twice."""

import asyncio

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.clock import FakeClock
from tests.conftest import Postgres
from tests.service.conftest import Masters
from tests.service.fleet import FakeWorker, at_work, reached
from tests.service.protocol_machine import CONFIGURATION, Protocol
from tests.service.protocol_model import Outcome
from tests.service.test_simulation import outcome


async def undisturbed(url: str) -> Outcome:
    masters = Masters(url, FakeClock())
    master = await masters.start()
    async with at_work(FakeWorker(master)):
        run = await master.create_run(None, None, CONFIGURATION)
        await reached(master, run.id, "finished")
    await masters.stop()
    return await outcome(url, run.id)


def test_whatever_happens_each_result_counts_once_and_the_outcome_is_the_same(
    postgres: Postgres, database_url: str
) -> None:
    class Machine(Protocol):
        pass

    Machine.postgres, Machine.reference = postgres, asyncio.run(undisturbed(database_url))
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],  # to look for a shorter way to a failure would take minutes
            suppress_health_check=[*HealthCheck],
        ),
    )
