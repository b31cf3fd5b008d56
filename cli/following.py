"""What `up` does once everything serves: it makes sure that a run is going, and shows its progress."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from cli.client import Server
from cli.errors import CommandError, NoServer
from cli.progress import SETTLED, Screen, progress_line
from evolution.configuration import Preset, preset_configuration
from server.views import RunSummary

LOOK_SECONDS = 1.0
LISTED = 50
"""Of so many newest runs, the one that is followed is chosen."""


class Choice(NamedTuple):
    """What `up` shows: a run there is, or None for a new one; and why."""

    run: RunSummary | None
    reason: str


def choose_run(runs: Sequence[RunSummary], preset: str) -> Choice:
    """Goes on with what has not ended; shows what has ended if it is what was asked for. `runs`: newest first."""
    going = next((run for run in runs if run.state not in SETTLED), None)
    if going is not None:
        return Choice(going, f"the newest run that has not ended; --new starts one of preset {preset}")
    if not runs:
        return Choice(None, "there was no run")
    newest, asked = runs[0], preset_configuration(cast(Preset, preset))
    if (newest.environment_id, newest.architecture_name) == (asked.environment.id, asked.architecture):
        return Choice(newest, f"the newest run, and it plays what preset {preset} does")
    played = f"{newest.environment_id} with {newest.architecture_name}"
    return Choice(None, f"every run has ended, and the newest, {newest.name}, played {played}")


class Follower:
    """Follows one run, and another one that is running when that has ended."""

    def __init__(self, master: Server, screen: Screen) -> None:
        self._master = master
        self._screen = screen

    async def follow(self, preset: str, *, new: bool) -> None:
        """Makes sure that a run is going, then shows progress for ever; a server that is away is waited for."""
        run: RunSummary | None = None
        while True:
            run = await asyncio.to_thread(self._ensure_run, preset, new) if run is None else await self._progress(run)
            await asyncio.sleep(LOOK_SECONDS)

    async def _progress(self, run: RunSummary) -> RunSummary:
        """Shows how far the run is; gives the one to show next."""
        shown = await asyncio.to_thread(self._look, run)
        if not isinstance(shown, RunSummary):
            self._screen.show(shown, time.monotonic())
            return run
        if shown.id == run.id and shown.state != run.state:
            self._screen.say(_news(shown))
        self._screen.show(progress_line(shown), time.monotonic())
        return shown

    def _ensure_run(self, preset: str, new: bool) -> RunSummary | None:
        """The run to follow; None where the server cannot tell or make one now."""
        try:
            chosen, reason = Choice(None, "--new asks for it") if new else choose_run(self._runs(), preset)
            run = chosen or _summary(self._master.post("runs", {"preset": preset}))
        except CommandError as error:
            self._screen.show(f"no run can be started yet: {error}", time.monotonic())
            return None
        created = f"{run.name} ({preset}: {run.environment_id}) has been created"
        self._screen.say(f"{_news(run) if chosen else created} ({reason})")
        return run

    def _look(self, followed: RunSummary) -> RunSummary | str:
        """The run to show now, or why there is none."""
        try:
            runs = self._runs()
        except NoServer:
            return f"{followed.name} · waiting for the server"
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
    reason = f" ({run.state_reason.rstrip('.')})" if run.state_reason else ""
    what_to_do = {
        "waiting": "waits for a worker that can play it",
        "running": "is going on",
        "paused": f"is paused: neuroevo run resume {run.id}, or in the dashboard",
    }
    return f"{run.name} {what_to_do.get(run.state, f'is {run.state}{reason}; --new starts another')}"
