"""Which run `up` shows, and why."""

from datetime import UTC, datetime

import pytest

from cli.following import choose_run
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
