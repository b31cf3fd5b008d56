"""The line that is rewritten in place."""

import io

import pytest

from cli.progress import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_progress_in_place_below_what_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    screen = Screen(terminal)
    screen.show("first", 0.0)
    screen.show("second", 0.1)
    screen.say("news")
    screen.settle()
    screen.say("end")
    assert terminal.getvalue() == "first\r\x1b[Ksecond\r\x1b[Knews\nsecond\nend\n"


def test_a_line_in_place_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    terminal = Terminal()
    Screen(terminal).show("123456789012345", 0.0)
    assert terminal.getvalue() == "123456789"


def test_a_file_gets_a_line_every_ten_seconds() -> None:
    file = io.StringIO()
    screen = Screen(file)
    for second in range(21):
        screen.show(f"at {second}", float(second))
    assert file.getvalue() == "at 0\nat 10\nat 20\n"


def test_a_file_gets_nothing_twice() -> None:
    file = io.StringIO()
    screen = Screen(file)
    for second in (0.0, 20.0, 40.0):
        screen.show("finished", second)
    assert file.getvalue() == "finished\n"


def test_a_reader_that_has_gone_ends_nothing() -> None:
    class Closed(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    Screen(Closed()).say("into the void")
