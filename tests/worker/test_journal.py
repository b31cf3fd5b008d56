"""A worker's log lines, as text and as JSON."""

import json
import logging
from collections.abc import Iterator

import pytest

from worker.journal import LogStyle, line, logger, set_up_logging


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = handlers, level, propagate


def test_a_json_line_has_the_members_of_the_text_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogStyle(format="json"))

    logger.warning(line("batch-refused", lease="7f", reason='no "answer" x=1\n', nothing="", rate=2.25))

    told = json.loads(capsys.readouterr().err)
    assert told.pop("time").endswith("+00:00")
    assert told.pop("message").startswith("action=batch-refused lease=7f")
    assert told == {
        "level": "warning",
        "logger": "worker",
        "action": "batch-refused",
        "lease": "7f",
        "reason": 'no "answer" x=1\n',
        "nothing": "",
        "rate": "2.2",
    }


def test_a_traceback_stays_in_its_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogStyle(format="json"))
    try:
        int("x")
    except ValueError:
        logger.exception(line("worker-failed"))

    assert "ValueError" in json.loads(capsys.readouterr().err)["traceback"]


def test_what_a_value_holds_forges_no_member_and_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "json"):
        set_up_logging(LogStyle(logging.INFO, form))
        logger.info(line("worker-refused", reason="x\naction=forged level=error"))

    text, told = capsys.readouterr().err.splitlines()
    assert text.endswith('action=worker-refused reason="x\\naction=forged level=error"')
    assert (json.loads(told)["action"], json.loads(told)["level"]) == ("worker-refused", "info")
