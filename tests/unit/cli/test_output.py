"""How the command line shows values."""

import pytest

from cli.output import amount, duration, fields, score, table


def test_a_table_sets_numbers_flush_right_and_words_flush_left() -> None:
    shown = table(("run", "best"), [("a", "5"), ("long", "–"), ("b", "-1,200")])
    assert shown.splitlines() == ["run     best", "a          5", "long       –", "b     -1,200"]


def test_a_table_without_rows_is_its_header() -> None:
    assert table(("run", "best"), []) == "run  best"


def test_fields_are_aligned() -> None:
    assert fields([("a", "1"), ("long", "2")]) == "a     1\nlong  2"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (999, "999"), (12_345, "12.3k"), (4_052_658, "4.05M"), (1e9, "1G"), (2.5e12, "2500G")],
)
def test_amounts_have_three_digits(value: float, shown: str) -> None:
    assert amount(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (187, "3:07"), (7509, "2:05:09")]
)
def test_durations_read_as_clocks(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (475.0, "475"), (65.24, "65.2"), (-20.5, "-20.5"), (12345.6, "12,346")]
)
def test_scores_have_no_idle_digits(value: float | None, shown: str) -> None:
    assert score(value) == shown
