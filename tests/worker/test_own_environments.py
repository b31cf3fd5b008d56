"""The user's environments, played by a worker as a real process; some are wrong."""

from collections import deque

import pytest

from evolution.environments import Environment
from tests.worker.conftest import Start
from tests.worker.fake_server import SMALL, FakeServer, episodes, make_batch, spread

MODULES = ["tests.worker.user_environments"]
POLICY = SMALL.model_copy(update={"inputs": 6, "box": True})


def test_the_users_environments_are_played_and_a_broken_one_given_up(fake: FakeServer, start: Start) -> None:
    good = make_batch(episodes(3), environment=Environment(id="user/Box-v0"), architecture=POLICY)
    bad = make_batch(episodes(9), environment=Environment(id="user/Broken-v0"), architecture=POLICY)
    fake.batches.extend([bad, good])
    start(modules=MODULES)
    assert fake.wait_until(lambda: len(fake.results) == 3)
    assert fake.wait_until(lambda: any(bad.lease in release.leases for release in fake.releases))
    told = [request.announcement for request in fake.requests if request.announcement]
    assert "user/Broken-v0" in told[0].engines
    assert "user/Broken-v0" not in told[-1].engines
    assert "user/Box-v0" in told[-1].engines


@pytest.mark.parametrize(
    ("environment_id", "reason"),
    [
        ("user/Broken-v0", "user/Broken-v0 failed in play: ValueError: the user's mistake; correct it"),
        (
            "user/NaN-v0",
            "user/NaN-v0 gave a score of nan: rewards must be finite numbers, and their sum at most 1e+100; correct it",
        ),
    ],
)
def test_why_an_environment_is_given_up_is_told_with_the_announcement(
    fake: FakeServer, start: Start, environment_id: str, reason: str
) -> None:
    environment = Environment(id=environment_id, options={"max_steps": 50})
    fake.batches.append(make_batch(episodes(9), environment=environment, architecture=POLICY))
    start(modules=MODULES)
    assert fake.wait_until(lambda: any(request.descriptions for request in fake.requests))
    request = next(request for request in fake.requests if request.descriptions)
    told = request.descriptions[0]
    announced = next(earlier.announcement for earlier in fake.requests if earlier.announcement)
    assert request.announcement is not None
    assert environment_id not in request.announcement.engines
    assert (told.environment, told.engine) == (environment, announced.engines[environment_id])
    assert (told.actions, told.architectures) == (None, [])
    assert told.problem is not None
    assert told.problem.startswith(reason)
    assert "start the workers again" in told.problem


def test_a_worker_survives_environments_that_cannot_be_described(fake: FakeServer, start: Start) -> None:
    fake.change(describe=[Environment(id="user/Spaceless-v0"), Environment(id="user/Exiting-v0")])
    start(modules=MODULES)
    assert fake.wait_until(lambda: any(len(request.descriptions) == 2 for request in fake.requests))
    fake.change(batches=deque(spread(2, 2)))
    assert fake.wait_until(lambda: len(fake.results) == 2)
