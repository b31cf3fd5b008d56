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
    """Goes on with what has not ended; shows what has ended if it is what was asked for. `runs`: newest first.

    A run that is bound to an engine which no connected worker has any more is passed over.
    """
    open_runs = [run for run in runs if run.state not in SETTLED]
    passed = "".join(f"; {_passed(run)}" for run in open_runs[:1] if run.playable is False)
    going = next((run for run in open_runs if run.playable is not False), None)
    if going is not None:
        return Choice(going, f"the newest run that has not ended; --new starts one of preset {preset}{passed}")
    if not runs:
        return Choice(None, "there was no run")
    newest, asked = runs[0], preset_configuration(cast(Preset, preset))
    if newest in open_runs:
        return Choice(None, _passed(newest))
    if (newest.environment_id, newest.architecture_name) == (asked.environment.id, asked.architecture):
        return Choice(newest, f"the newest run, and it plays what preset {preset} does")
    played = f"{newest.environment_id} with {newest.architecture_name}"
    return Choice(None, f"every run has ended, and the newest, {newest.name}, played {played}")


class Follower:
    """Follows one run, and another one that is running when that has ended."""

    def __init__(self, master: Server, screen: Screen) -> None:
        self._master = master
        self._screen = screen
        self._doubtful: str | None = None
        """The run that was chosen before any worker had told whether it can play it."""

    async def follow(self, preset: str, *, new: bool) -> None:
        """Makes sure that a run is going, then shows progress for ever; a server that is away is waited for."""
        run: RunSummary | None = None
        while True:
            run = await asyncio.to_thread(self._ensure_run, preset, new) if run is None else await self._progress(run)
            await asyncio.sleep(LOOK_SECONDS)

    async def _progress(self, run: RunSummary) -> RunSummary | None:
        """Shows how far the run is; gives the one to show next, None if another must be chosen."""
        shown = await asyncio.to_thread(self._look, run)
        if not isinstance(shown, RunSummary):
            self._screen.show(shown, time.monotonic())
            return run
        if shown.id == self._doubtful and shown.playable is not None:
            self._doubtful = None
            if not shown.playable:
                return None
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
        self._doubtful = run.id if chosen else None
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
        running = next((run for run in runs if run.state == "running" and run.playable is not False), None)
        if now is None or now.state in SETTLED:
            return running or now or f"{followed.name} has been deleted"
        return now

    def _runs(self) -> list[RunSummary]:
        """The newest runs, newest first."""
        return [_summary(item) for item in self._master.get("runs", limit=LISTED)["items"]]


def _summary(document: dict[str, Any]) -> RunSummary:
    return RunSummary.model_validate(document, extra="ignore")


def _passed(run: RunSummary) -> str:
    """Why a run that has not ended does not go on."""
    reason = run.state_reason or "no connected worker has its engine"
    return f"{run.name} has not ended, but cannot go on: {reason[:1].lower()}{reason[1:].rstrip('.')}"


def _news(run: RunSummary) -> str:
    """What a run's state means for the user."""
    reason = f" ({run.state_reason.rstrip('.')})" if run.state_reason else ""
    what_to_do = {
        "waiting": "waits for a worker that can play it",
        "running": "is going on",
        "paused": f"is paused: neuroevo run resume {run.id}, or in the dashboard",
    }
    return f"{run.name} {what_to_do.get(run.state, f'is {run.state}{reason}; --new starts another')}"
