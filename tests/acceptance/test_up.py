"""`neuroevo up`: one command from nothing to a finished run, and all that may be done to it meanwhile."""

import json
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.acceptance.conftest import Up, neuroevo, neuroevo_process
from tests.acceptance.processes import await_end, descendants_of, is_alive, until

StartUp = Callable[..., Up]

ENDLESS = ("run", "create", "--preset", "quick", "--set", 'budget={"generations": null, "target_score": null}')
"""A run that no budget ends."""


def _has_closed(generations: int) -> Callable[[dict[str, Any]], bool]:
    return lambda run: run["generation"] >= generations


def _lets_in(link: str) -> bool:
    """Whether a browser that opens the link is given a cookie."""
    return "set-cookie" in httpx2.get(link, trust_env=False).headers


def test_one_command_trains_to_the_goal_and_ctrl_c_leaves_nothing(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up("--workers", "1", "--preset", "quick")
    link = up.await_line("dashboard: ").removeprefix("dashboard: ")
    up.await_line(r"\(quick: CartPole-v1\) has been created")
    connection = json.loads((up.data / "connection.json").read_text())
    assert link.startswith(f"{connection['url']}/?code=")
    assert connection["token"] not in up.output
    # Once: the next browser asks for a link of its own.
    assert [_lets_in(address) for address in (link, link, up.run("token", "link")["link"])] == [True, False, True]
    assert stat.S_IMODE((up.data / "connection.json").stat().st_mode) == 0o600
    (run,) = up.run("run", "list")
    done = up.await_run(run["id"], lambda detail: detail["state"] == "finished", seconds=100)
    assert done["elite"]["mean"] >= 475
    assert done["best"] >= 475
    assert done["frames"] > 0
    up.await_line(r"is finished \(.*\); --new starts another")
    assert up.stop() == 0
    assert [line for line in up.output.splitlines() if "stopped" in line] == [
        "the workers have stopped",
        "server has stopped",
        "Postgres has stopped",
    ]
    assert not (up.data / "connection.json").exists()

    again = start_up("--workers", "0", "--preset", "quick")
    again.await_line(rf"{run['name']} is finished \(.*\); --new starts another")
    assert [item["id"] for item in again.run("run", "list")] == [run["id"]]
    assert again.stop() == 0


def test_a_second_start_says_who_holds_the_folder(start_up: StartUp) -> None:
    up = start_up("--workers", "0")
    up.await_line("dashboard: ")
    address = json.loads((up.data / "connection.json").read_text())["url"]
    second = neuroevo_process("up", "--data", up.data, "--port", "0")
    assert second.returncode == 9
    assert second.stderr == (
        f"neuroevo: neuroevo up runs on {up.data} already (pid {up.process.pid}); its dashboard: {address} "
        "(neuroevo token link lets a browser in)\n"
    )
    assert up.stop(signal.SIGHUP) == 0


def test_a_paused_run_stays_paused_and_the_tokens_good_over_a_restart(start_up: StartUp) -> None:
    up = start_up("--workers", "0", "--preset", "quick")
    up.await_line("has been created")
    tokens = [(up.data / name).read_text() for name in ("token", "worker-token")]
    (run,) = up.run("run", "list")
    assert up.run("run", "pause", run["id"])["state"] == "paused"
    assert up.stop(signal.SIGTERM) == 0
    again = start_up("--workers", "1", "--preset", "quick")
    again.await_line("dashboard: ")
    assert [(up.data / name).read_text() for name in ("token", "worker-token")] == tokens
    again.await_line(f"{run['name']} is paused: neuroevo run resume {run['id']}")
    assert again.run("run", "show", f"{run['name']}-{run['id']}")["state"] == "paused"
    assert again.run("run", "resume", run["id"])["state"] in ("running", "waiting")
    again.await_run(run["id"], _has_closed(1), seconds=60)
    assert again.stop() == 0


def test_whatever_is_killed_is_started_again_and_the_run_goes_on(start_up: StartUp) -> None:
    up = start_up("--workers", "1", "--preset", "quick")
    up.await_line("has been created")
    run = up.run(*ENDLESS)["id"]
    up.await_run(run, _has_closed(1), seconds=60)
    for name, words in (("worker 1", "worker start"), ("server", "server start"), ("Postgres", "bin/postgres")):
        before = up.run("run", "show", run)["generation"]
        os.kill(up.child(words), signal.SIGKILL)
        up.await_line(f"{name} was killed by SIGKILL; starting it again")
        up.await_line(f"{name} is back")
        until(lambda: neuroevo("run", "show", run, "--data", up.data).returncode == 0, 30)
        up.await_run(run, _has_closed(before + 2), seconds=60)
    assert up.stop() == 0


def test_kill_9_of_up_leaves_no_process_and_loses_nothing(start_up: StartUp) -> None:
    up = start_up("--workers", "2", "--preset", "quick")
    up.await_line("has been created")
    run = up.run(*ENDLESS)["id"]
    before = up.await_run(run, _has_closed(1), seconds=60)
    below = descendants_of(up.process.pid)
    assert len(below) >= 5
    assert set(up.kill()) >= {pid for pid in below if is_alive(pid)}
    await_end(below, seconds=10)
    again = start_up("--workers", "1", "--preset", "quick")
    again.await_line("dashboard: ")
    after = again.await_run(run, _has_closed(before["generation"] + 1), seconds=60)
    assert after["frames"] >= before["frames"]
    assert again.stop() == 0
