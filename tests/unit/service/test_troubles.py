"""What is the matter with the database, as watchers hear it."""

import pytest

from server.service.errors import DatabaseUnavailable, Overloaded
from server.service.events import EventLog
from server.service.troubles import FORGET_SECONDS, Troubles

FULL, AWAY = DatabaseUnavailable("it is full"), DatabaseUnavailable("it is away")


@pytest.fixture
def events() -> EventLog:
    return EventLog(1)


@pytest.fixture
def troubles(events: EventLog) -> Troubles:
    return Troubles(events)


def told(events: EventLog) -> list[str | None]:
    return [event.payload["trouble"] for event in events.since(1, 0) or []]


def test_a_trouble_is_told_once_and_its_end_too(events: EventLog, troubles: Troubles) -> None:
    for moment in range(3):
        troubles.note("results", FULL, moment)
    assert events.trouble == "it is full"
    troubles.end("results")
    troubles.end("results")
    assert told(events) == ["it is full", None]


def test_work_that_comes_through_ends_its_own_trouble_alone(events: EventLog, troubles: Troubles) -> None:
    troubles.note("results", FULL, 0)
    troubles.end("heartbeat")
    assert events.trouble == "it is full"
    troubles.note("heartbeat", AWAY, 1)
    troubles.end("heartbeat")
    assert told(events) == ["it is full", "it is away", "it is full"]


def test_what_nobody_asks_for_any_more_is_forgotten(events: EventLog, troubles: Troubles) -> None:
    troubles.note("results", FULL, 0)
    troubles.expire(FORGET_SECONDS)
    assert events.trouble == "it is full"
    troubles.expire(FORGET_SECONDS + 1)
    assert events.trouble is None


def test_more_work_than_the_database_takes_is_no_trouble_of_its_own(events: EventLog, troubles: Troubles) -> None:
    troubles.note("results", Overloaded("too much"), 0)
    assert events.trouble is None
