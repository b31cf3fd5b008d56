"""Who was not let in is remembered for an hour, and a flood of strangers takes no memory."""

from server.service.refusals import MOST, REMEMBERED_SECONDS, Refusals
from tests.clock import FakeClock


def test_refusals_of_one_address_for_one_reason_are_counted_and_forgotten_after_an_hour() -> None:
    clock = FakeClock()
    refusals = Refusals(clock)
    refusals.note("10.0.0.1", "no token")
    clock.advance(REMEMBERED_SECONDS / 2)
    refusals.note("10.0.0.1", "no token")
    refusals.note("10.0.0.1", "another version")
    assert [(found.reason, found.times) for found in refusals.recent()] == [("another version", 1), ("no token", 2)]
    clock.advance(REMEMBERED_SECONDS + 1)
    assert refusals.recent() == []


def test_of_many_the_last_are_kept() -> None:
    refusals = Refusals(FakeClock())
    for number in range(3 * MOST):
        refusals.note(str(number), "no token")
    assert [found.address for found in refusals.recent()] == [
        str(number) for number in range(3 * MOST - 1, 2 * MOST - 1, -1)
    ]
