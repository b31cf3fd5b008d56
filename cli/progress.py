"""A run's progress in one line, and the screen that shows it in place."""

import sys
from typing import TYPE_CHECKING, TextIO

from cli.output import amount, best_score, duration, mean_score, score

if TYPE_CHECKING:
    from server.views import RunSummary

PLAIN_SECONDS = 10.0
"""Between lines of progress where the screen cannot update one in place."""
SETTLED = ("stopped", "finished", "failed")
"""States that a run never leaves."""


def progress_line(run: "RunSummary") -> str:
    """Generation, phase, best, mean, elite, frames, speed and the time left to the generation's close."""
    parts = [run.name]
    if run.progress and run.state == "running" and run.state_reason:
        parts.append(f"stalled ({run.state_reason.rstrip('.')}), generation {run.progress.generation} {_done(run)}")
    elif run.progress and run.state == "running":
        parts.append(f"generation {run.progress.generation} {run.progress.phase} {_done(run)}")
    else:
        reason = f" ({run.state_reason.rstrip('.')})" if run.state_reason else ""
        parts.append(f"{run.state}{reason}, generation {run.generation}")
    parts += [f"best {best_score(run)}", f"mean {score(run.mean)}"]
    if run.elite:
        parts.append(f"elite {mean_score(run.elite)}")
    parts.append(f"{amount(run.frames)} frames")
    if run.progress and run.state == "running":
        parts.append(f"{amount(run.progress.frames_per_second)} frames/s")
        if run.progress.seconds_left is not None:
            parts.append(f"{duration(run.progress.seconds_left)} left")
    return " · ".join(parts)


def _done(run: "RunSummary") -> str:
    return f"{run.progress.done}/{run.progress.total}" if run.progress else ""


class Screen:
    """Lines that stay, over one that is rewritten in place; without a terminal that one is printed now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._in_place = self._stream.isatty()
        self._shown = ""
        self._printed, self._printed_at = "", float("-inf")

    def say(self, line: str) -> None:
        """Prints a line that stays."""
        self._write(f"{self._erase()}{line}\n{self._shown}")

    def show(self, line: str, now: float) -> None:
        """Replaces the line in place. `now`: seconds of any steady clock."""
        if self._in_place:
            erase = self._erase()
            self._shown = line[: self._columns() - 1]
            self._write(erase + self._shown)
        elif now - self._printed_at >= PLAIN_SECONDS and line != self._printed:
            self._printed_at, self._printed = now, line
            self._write(f"{line}\n")

    def settle(self) -> None:
        """Leaves the line in place where it stands and goes on below."""
        if self._shown:
            self._shown = ""
            self._write("\n")

    def _erase(self) -> str:
        return "\r\x1b[K" if self._shown else ""

    def _columns(self) -> int:
        import shutil

        return shutil.get_terminal_size().columns

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            return  # whoever read this has gone; the work goes on
