"""What `up` does once everything serves: it makes sure that a run is going, and shows its progress."""

import asyncio
import time
from typing import Any

from cli.client import Server
from cli.errors import CommandError
from cli.progress import SETTLED, Screen, progress_line
from server.views import RunSummary

LOOK_SECONDS = 1.0
LISTED = 50
"""Of so many newest runs, the one that is followed is chosen."""


class Follower:
    """Follows one run, and another one that is running when that has ended."""

    def __init__(self, master: Server, screen: Screen) -> None:
        self._master = master
        self._screen = screen

    async def follow(self, preset: str, *, new: bool) -> None:
        """Makes sure that a run is going, then shows progress for ever; a server that is away is waited for.

        Raises:
            CommandError: no run could be created.
        """
        run = await asyncio.to_thread(self._ensure_run, preset, new)
        while True:
            shown = await asyncio.to_thread(self._look, run)
            if isinstance(shown, RunSummary):
                if shown.id == run.id and shown.state != run.state:
                    self._screen.say(_news(shown))
                run, line = shown, progress_line(shown)
            else:
                line = shown
            self._screen.show(line, time.monotonic())
            await asyncio.sleep(LOOK_SECONDS)

    def _ensure_run(self, preset: str, new: bool) -> RunSummary:
        newest = None if new else next(iter(self._runs()), None)
        if newest is None:
            created = _summary(self._master.post("runs", {"preset": preset}))
            self._screen.say(f"{created.name} ({preset}: {created.environment_id}) has been created")
            return created
        self._screen.say(_news(newest))
        return newest

    def _look(self, followed: RunSummary) -> RunSummary | str:
        """The run to show now, or why there is none."""
        try:
            runs = self._runs()
        except CommandError as error:
            return str(error)
        now = next((run for run in runs if run.id == followed.id), None)
        running = next((run for run in runs if run.state == "running"), None)
        if now is None or now.state in SETTLED:
            return running or now or f"{followed.name} has been deleted"
        return now

    def _runs(self) -> list[RunSummary]:
        """The newest runs, newest first."""
        return [_summary(item) for item in self._master.get("runs", limit=LISTED)["items"]]


def _summary(document: dict[str, Any]) -> RunSummary:
    return RunSummary.model_validate(document, extra="ignore")


def _news(run: RunSummary) -> str:
    """What a run's state means for the user."""
    reason = f" ({run.state_reason})" if run.state_reason else ""
    what_to_do = {
        "waiting": "waits for a worker that can play it",
        "running": "is going on",
        "paused": f"is paused: neuroevo run resume {run.id}, or in the dashboard",
    }
    return f"{run.name} {what_to_do.get(run.state, f'is {run.state}{reason}; --new starts another')}"
