"""Which run `up` shows, and why."""

import asyncio
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.client import Server
from cli.connection import Connection
from cli.following import Follower, choose_run
from cli.progress import Screen
from server.views import RunState, RunSummary

FROSTBITE = ("ALE/Frostbite-v5", "nature-dqn")
CARTPOLE = ("CartPole-v1", "mlp")


def run(id: str, state: RunState, played: tuple[str, str]) -> RunSummary:
    return RunSummary(
        id=id,
        name=f"run-{id}",
        state=state,
        state_reason=None,
        environment_id=played[0],
        architecture_name=played[1],
        preset=None,
        generation=3,
        frames=0,
        steps=0,
        active_seconds=0.0,
        best=None,
        best_elite=None,
        elite=None,
        mean=None,
        created_at=datetime(2030, 1, 1, tzinfo=UTC),
        finished_at=None,
        progress=None,
        sparkline=[],
    )


@pytest.mark.parametrize("state", ["waiting", "running", "paused"])
def test_a_run_that_has_not_ended_goes_on_whatever_it_plays(state: RunState) -> None:
    newest = run("b", state, CARTPOLE)

    chosen, reason = choose_run([newest, run("a", "running", FROSTBITE)], "laptop")

    assert chosen == newest
    assert reason == "the newest run that has not ended; --new starts one of preset laptop"


def test_an_older_run_that_has_not_ended_goes_on_after_a_newer_one_has_ended() -> None:
    older = run("a", "running", FROSTBITE)

    assert choose_run([run("b", "finished", CARTPOLE), older], "laptop").run == older


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_a_run_that_has_ended_is_shown_if_it_played_what_is_asked_for(state: RunState) -> None:
    newest = run("b", state, CARTPOLE)

    chosen, reason = choose_run([newest, run("a", "finished", FROSTBITE)], "quick")

    assert chosen == newest
    assert reason == "the newest run, and it plays what preset quick does"


@pytest.mark.parametrize("played", [CARTPOLE, ("ALE/Frostbite-v5", "uber-large"), ("ALE/Seaquest-v5", "nature-dqn")])
def test_after_a_run_of_something_else_has_ended_the_preset_is_started(played: tuple[str, str]) -> None:
    chosen, reason = choose_run([run("b", "finished", played), run("a", "stopped", FROSTBITE)], "laptop")

    assert chosen is None
    assert reason == f"every run has ended, and the newest, run-b, played {played[0]} with {played[1]}"


def test_the_first_run_is_of_the_preset() -> None:
    assert choose_run([], "laptop").run is None


REASON = "Its engine was old, the connected workers' is new: clone it."


def unplayable(id: str, state: RunState = "running") -> RunSummary:
    return run(id, state, FROSTBITE).model_copy(update={"playable": False, "state_reason": REASON})


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_run_that_no_workers_engine_can_play_is_passed_over_for_a_new_one(state: RunState) -> None:
    chosen, reason = choose_run([unplayable("b", state), run("a", "finished", FROSTBITE)], "laptop")

    assert chosen is None
    assert reason == f"run-b has not ended, but cannot go on: i{REASON[1:-1]}"


def test_an_older_run_that_can_be_played_goes_on_in_place_of_a_newer_one_that_cannot() -> None:
    older = run("a", "running", CARTPOLE).model_copy(update={"playable": True})

    chosen, reason = choose_run([unplayable("b"), older], "laptop")

    assert chosen == older
    assert "run-b has not ended, but cannot go on" in reason


class Upgraded(Server):
    """A server with one run, whose worker has another engine and announces it at the second look."""

    def __init__(self) -> None:
        super().__init__(Connection(url="http://localhost:1", token="token"))
        self.runs = [run("old", "running", FROSTBITE)]
        self.looks = 0

    def get(self, path: str, **query: Any) -> Any:
        self.looks += 1
        if self.looks == 2:
            self.runs = [unplayable("old")]
        return {"items": [shown.model_dump(mode="json") for shown in self.runs]}

    def post(self, path: str, body: Any = None) -> Any:
        self.runs.insert(0, run("new", "running", FROSTBITE).model_copy(update={"playable": True}))
        return self.runs[0].model_dump(mode="json")


@pytest.mark.anyio
async def test_a_run_followed_before_the_workers_announced_their_engine_is_left_when_they_cannot_play_it() -> None:
    screen = io.StringIO()
    with Upgraded() as server:
        follower = Follower(server, Screen(screen))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3.5):
                await follower.follow("laptop", new=False)

    said = [line for line in screen.getvalue().splitlines() if "(" in line and " · " not in line]
    assert len(said) == 2
    assert said[0].startswith("run-old is going on")
    assert said[1].startswith("run-new (laptop: ALE/Frostbite-v5) has been created (run-old has not ended, but cannot")
