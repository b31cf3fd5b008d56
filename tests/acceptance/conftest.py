"""The platform as its users run it: real processes, in a data folder of the test's own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import sync_playwright

from cli.main import main
from tests.acceptance.processes import await_end, command_line, descendants_of, until

START_SECONDS = 60.0
"""From nothing to the dashboard's link, on a busy machine."""
SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
PROGRAM = [sys.executable, "-P", "-m", "cli"]


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without settings of neuroevo, but for those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEUROEVO_")}
    # Recordings of the library take seconds of a slot each: only tests of them have any.
    return kept | {"PYTHONUNBUFFERED": "1", "NEUROEVO_LIBRARY_SHARE": "0"} | _browser() | variables


@cache
def _browser() -> dict[str, str]:
    """Where pictures find a browser: Playwright's own, unless the system has one."""
    if SYSTEM_CHROMIUM.exists():
        return {}
    with sync_playwright() as playwright:
        return {"BROWSER_PATH": playwright.chromium.executable_path}


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def neuroevo(*arguments: str | Path, input: str = "", **variables: str) -> Done:
    """Runs a command to its end, in this process, which is quicker."""
    environment = clean_environment(**variables)
    with pytest.MonkeyPatch.context() as here, StringIO() as out, StringIO() as errors:
        for name in set(os.environ) - set(environment):
            here.delenv(name)
        for name, value in variables.items():
            here.setenv(name, value)
        here.setattr(sys, "argv", ["neuroevo", *(str(argument) for argument in arguments)])
        here.setattr(sys, "stdin", TextIOWrapper(BytesIO(input.encode())))
        with redirect_stdout(out), redirect_stderr(errors), pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        assert isinstance(code, int)
        return Done(code, out.getvalue(), errors.getvalue())


def neuroevo_process(*arguments: str | Path) -> Done:
    """Runs a command to its end, in a process of its own."""
    command = [*PROGRAM, *(str(argument) for argument in arguments)]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        timeout=100,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Up:
    """A running `neuroevo up`."""

    def __init__(self, data: Path, *options: str, variables: Mapping[str, str] | None = None) -> None:
        self.data = data
        self._printed = data.with_name(f"{data.name}.out")
        with self._printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [*PROGRAM, "up", "--data", str(data), "--port", "0", *options],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                env=clean_environment(**variables or {}),
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """All that it has printed."""
        return self._printed.read_text()

    def await_line(self, pattern: str, seconds: float = START_SECONDS) -> str:
        """The first line that matches; fails with all output if none comes."""

        def found() -> str | None:
            match = re.search(f"^.*{pattern}.*$", self.output, re.MULTILINE)
            if match is None and self.process.poll() is not None:
                raise AssertionError(f"up ended with {self.process.returncode}:\n{self.output}")
            return match[0] if match else None

        try:
            line = until(found, seconds)
        except TimeoutError:
            raise AssertionError(f"{pattern!r} was not printed:\n{self.output}\n{self.logs()}") from None
        assert line
        return line

    def logs(self) -> str:
        """The ends of its children's logs."""
        logs = sorted((self.data / "logs").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-1500:]}" for log in logs)

    def run(self, *arguments: str | Path) -> Any:
        """What a command of this server prints as JSON."""
        done = neuroevo(*arguments, "--data", self.data, "--json")
        assert done.returncode == 0, f"{done.stderr}\n{self.output}\n{self.logs()}"
        return json.loads(done.stdout)

    def await_run(self, run: str, passes: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
        """The run as soon as it passes."""

        def look() -> dict[str, Any] | None:
            detail: dict[str, Any] = self.run("run", "show", run)
            return detail if passes(detail) else None

        try:
            return until(look, seconds) or {}
        except TimeoutError:
            detail = self.run("run", "show", run)
            raise AssertionError(f"{detail}\n{self.output}\n{self.logs()}") from None

    def child(self, words: str) -> int:
        """The pid of the living child whose command line contains these words."""

        def look() -> int | None:
            found = [pid for pid in descendants_of(self.process.pid) if words in command_line(pid)]
            return min(found, default=None)

        return until(look, 30) or 0

    def descendants(self) -> list[int]:
        """All its living processes but itself."""
        return descendants_of(self.process.pid)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, or another signal; its exit code, once nothing of it is left."""
        below = self.descendants()
        self.process.send_signal(number)
        code = self.process.wait(60)
        await_end(below, seconds=5)
        return code

    def kill(self) -> list[int]:
        """kill -9; the pids that must end by themselves now."""
        below = self.descendants()
        self.process.kill()
        self.process.wait()
        return below


@pytest.fixture
def start_up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Starts `neuroevo up` in the test's data folder; what still runs at the end is killed."""
    started: list[Up] = []

    def start(*options: str, variables: Mapping[str, str] | None = None) -> Up:
        started.append(Up(tmp_path / "data", *options, variables=variables))
        return started[-1]

    yield start
    for up in started:
        if up.process.poll() is None:
            await_end(up.kill(), seconds=30)
