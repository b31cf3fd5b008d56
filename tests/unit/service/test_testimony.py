"""Who is believed when workers evaluate one episode again."""

from uuid import UUID

import pytest

from evolution.messages import Phase
from server.service.testimony import HOPELESS, believed, judge
from server.storage import rechecks
from server.storage.rechecks import Finding, Place

PLACE = Place(3, Phase.EVALUATION, 0)
A, B, C, D = (Finding(score, 10, 40, bytes([score])) for score in range(4))


def word(worker: int, finding: Finding) -> rechecks.Testimony:
    return rechecks.Testimony(PLACE, UUID(int=worker), finding)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([A], None),
        ([A, A], A),
        ([A, B], None),
        ([A, B, B], B),
        ([A, A, B, B], None),
        ([A, A, B, B, B], B),
        ([], None),
    ],
)
def test_two_that_agree_are_believed_if_they_are_more_than_any_others(
    found: list[Finding], expected: Finding | None
) -> None:
    assert believed(found) == expected


def test_who_is_contradicted_by_two_is_wrong_and_nobody_else() -> None:
    verdict = judge({PLACE: word(1, A)}, [word(2, B), word(3, B)])

    assert verdict.wrong == {UUID(int=1): PLACE}
    assert not verdict.confirmed
    assert not verdict.open


def test_while_as_many_stand_against_as_many_another_is_asked() -> None:
    verdict = judge({PLACE: word(1, A)}, [word(2, A), word(3, B), word(4, B)])

    assert verdict.disputed == {PLACE}
    assert not verdict.wrong
    assert not verdict.confirmed


def test_nobody_is_believed_against_itself() -> None:
    verdict = judge({PLACE: word(1, A)}, [word(1, A), word(1, B)])

    assert verdict.open == {PLACE: frozenset({UUID(int=1)})}
    assert not verdict.disputed


def test_where_everyone_finds_something_else_nobody_is_blamed() -> None:
    words = [word(number, finding) for number, finding in enumerate((B, C, D), 2)]
    verdict = judge({PLACE: word(1, A)}, words)

    assert len(words) + 1 == HOPELESS
    assert verdict.unrepeatable == {PLACE}
    assert not verdict.wrong
    assert not verdict.open
