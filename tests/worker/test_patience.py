"""Pauses before a server that does not answer is asked again."""

from worker.patience import pause_seconds


def test_pauses_double_up_to_a_limit() -> None:
    assert [pause_seconds(failures, 1.0) for failures in (1, 2, 3, 4, 5, 6, 7, 1000)] == [0.5, 1, 2, 4, 8, 15, 15, 15]


def test_workers_that_failed_together_do_not_come_back_together() -> None:
    assert [pause_seconds(6, chance) for chance in (0.0, 0.5, 1.0)] == [7.5, 11.25, 15.0]
