"""The commands against a real server with a worker: what they print, and that it is true."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evolution.chains import parse_chain
from evolution.expansion import expand
from policies import shipped
from tests.acceptance.conftest import Up, neuroevo, neuroevo_process
from tests.acceptance.processes import await_end

SMALL = (
    "population=20",
    "parents=4",
    "candidates=2",
    "validation_episodes=5",
    "budget={'generations': 3, 'target_score': null}",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A server with one worker; the run that `up` itself makes is over soon."""
    up = Up(tmp_path_factory.mktemp("commands") / "data", "--workers", "1", "--preset", "quick")
    try:
        up.await_line("has been created")
        yield up
    finally:
        await_end(up.kill(), seconds=30)


@pytest.fixture(scope="module")
def finished(served: Up) -> dict[str, Any]:
    """A small run that has ended."""
    settings = [part for setting in SMALL for part in ("--set", setting.replace("'", '"'))]
    created: dict[str, Any] = served.run("run", "create", "--preset", "quick", "--name", "small one", *settings)
    assert created["configuration"]["population"] == 20
    watched = neuroevo("run", "watch", created["id"], "--data", served.data)
    assert watched.returncode == 0, watched.stderr
    assert watched.stdout.splitlines()[-1].startswith("small one · finished (Its budget of 3 generations is spent)")
    detail: dict[str, Any] = served.run("run", "show", created["id"])
    return detail


def test_show_tells_state_generation_frames_and_best(finished: dict[str, Any]) -> None:
    assert finished["state"] == "finished"
    assert finished["generation"] == 3
    assert finished["frames"] > 0
    assert finished["best"] >= finished["elite"]["mean"] > 0


def test_people_are_shown_the_same_in_words(served: Up, finished: dict[str, Any]) -> None:
    shown = neuroevo("run", "show", finished["id"], "--data", served.data).stdout
    assert f"frames               {finished['frames']:,}" in shown
    assert "population           20" in shown
    listed = neuroevo("run", "list", "--data", served.data).stdout.splitlines()
    assert listed[0].split()[:5] == ["id", "run", "state", "environment", "generation"]
    assert any(line.startswith(f"{finished['id']}  small one") and "CartPole-v1" in line for line in listed[1:])


def test_list_is_newest_first_and_can_be_filtered(served: Up, finished: dict[str, Any]) -> None:
    runs = served.run("run", "list")
    assert [run["created_at"] for run in runs] == sorted((run["created_at"] for run in runs), reverse=True)
    ids = [run["id"] for run in served.run("run", "list", "--state", "finished")]
    assert finished["id"] in ids
    assert served.run("run", "list", "--state", "failed") == []


def test_watching_in_json_gives_a_line_for_each_change(served: Up, finished: dict[str, Any]) -> None:
    watched = neuroevo("run", "watch", finished["id"], "--json", "--data", served.data)
    (line,) = watched.stdout.splitlines()
    assert json.loads(line)["state"] == "finished"


def test_a_clone_takes_the_configuration_and_changes(served: Up, finished: dict[str, Any]) -> None:
    clone = served.run("run", "clone", finished["id"], "--name", "its clone", "--set", "population=12")
    assert clone["cloned_from"] == finished["id"]
    assert clone["configuration"]["population"] == 12
    assert clone["configuration"]["parents"] == 4
    assert served.run("run", "stop", clone["id"])["state"] == "stopped"
    deleted = neuroevo("run", "delete", clone["id"], "--yes", "--data", served.data)
    assert deleted.stdout == "its clone deleted\n"
    assert clone["id"] not in [run["id"] for run in served.run("run", "list")]


def test_another_environment_takes_the_preset_for_its_kind(served: Up) -> None:
    run = served.run("run", "create", "--env", "Acrobot-v1", "--set", "budget.generations=1")
    assert run["environment_id"] == "Acrobot-v1"
    assert run["architecture_name"] == "mlp"
    assert served.run("run", "stop", run["id"])["state"] == "stopped"


def test_an_environment_that_no_worker_knows_is_refused(served: Up) -> None:
    done = neuroevo("run", "create", "--env", "NoSuchGame-v1", "--data", served.data)
    assert done.returncode == 8
    assert "NoSuchGame-v1" in done.stderr


def test_the_best_policies_can_be_shown_and_played_from_their_documents(
    served: Up, finished: dict[str, Any], tmp_path: Path
) -> None:
    best, *_ = served.run("policy", "list", finished["id"], "--top", "3")
    file = tmp_path / "best.json"
    file.write_text(json.dumps(best["document"]))
    facts = json.loads(neuroevo("policy", "show", file, "--json").stdout)
    assert facts["id"] == best["policy"]
    assert facts["parameters"] == len(expand(parse_chain(best["document"])))
    played = json.loads(neuroevo("policy", "evaluate", file, "--episodes", "5", "--seed", "7", "--json").stdout)
    assert played["n"] == len(played["scores"]) == 5
    assert played["mean"] == pytest.approx(sum(played["scores"]) / 5)
    assert played["engine"] == finished["engine"]
    file.write_text(neuroevo("policy", "list", finished["id"], "--json", "--data", served.data).stdout)
    assert json.loads(neuroevo("policy", "show", file, "--json").stdout) == facts
    assert "–" not in neuroevo("policy", "list", finished["id"], "--data", served.data).stdout.splitlines()[1]


def test_the_library_is_listed_and_taken_from_and_added_to(
    served: Up, finished: dict[str, Any], tmp_path: Path
) -> None:
    elites = [policy for policy in served.run("policy", "list") if policy["origin"]["run"] == finished["id"]]
    assert elites
    assert len(served.run("policy", "list", "--origin", "shipped")) == 10
    table = neuroevo("policy", "list", "--env", "Frostbite-v4", "--top", "1", "--data", served.data).stdout
    assert table.splitlines()[0].split()[:3] == ["policy", "name", "environment"]
    assert len(table.splitlines()) == 2
    facts = served.run("policy", "show", elites[0]["id"][:8])
    assert (facts["id"], facts["mutations"] + 1) == (elites[0]["id"], elites[0]["length"])
    film = tmp_path / "elite.gif"
    assert served.run("policy", "evaluate", elites[0]["id"][:8].upper(), "--episodes", "1")["n"] == 1
    assert served.run("policy", "record", elites[0]["id"], film, "--seconds", "1")["seed"] < 2**31
    assert film.exists()
    file, seeds = tmp_path / "others.json", [2**32 - 1, 5]
    document = {key: facts[key] for key in ("format", "architecture", "environment", "power")} | {"seeds": seeds}
    file.write_text(json.dumps([{"document": document, "mean": 5.0, "n": 3}, document | {"seeds": [6], "name": "Six"}]))
    first, second = served.run("policy", "import", file)
    assert (first["document"]["seeds"], first["score"]["mean"], second["name"]) == (seeds, 5.0, "Six")
    assert [each["id"] for each in served.run("policy", "list", "--search", "six")] == [second["id"]]
    refused = neuroevo("policy", "list", finished["id"], "--tag", "x", "--data", served.data)
    assert (refused.returncode, "filters" in refused.stderr) == (2, True)
    assert neuroevo("policy", "show", "0" * 64, "--data", served.data).returncode == 8
    assert neuroevo("policy", "show", "0" * 64, "--data", tmp_path).returncode == 7


def test_the_fingerprint_is_of_the_parameters_as_little_endian_float32() -> None:
    document = {
        "format": "philox-1",
        "architecture": {"name": "mlp", "inputs": 4, "hidden": [64, 64], "actions": 2},
        "environment": {"id": "CartPole-v1", "options": {"max_steps": None}},
        "seeds": [1, 2, 3],
        "power": 0.002,
    }
    facts = json.loads(neuroevo("policy", "show", "-", "--json", input=json.dumps(document)).stdout)
    # The format's golden values, made by another implementation.
    assert facts["parameters_sha256"] == "dfe658925b3798e7607303ce8baef333697ef2150e017f9c0d32d8d784ff284f"
    assert facts["parameters"] == 4610
    assert facts["mutations"] == 2
    assert facts["architecture"] == document["architecture"]
    assert facts["environment"] == document["environment"]


def test_one_seed_gives_the_same_episodes_and_another_gives_others(tmp_path: Path) -> None:
    document = {
        "format": "philox-1",
        "architecture": {"name": "nature-dqn", "actions": 18},
        "environment": {"id": "ALE/Frostbite-v5", "options": {"max_steps": 60}},
        "seeds": [3],
        "power": 0.005,
    }
    file = tmp_path / "chain.json"
    file.write_text(json.dumps(document))

    def play(seed: str) -> dict[str, Any]:
        done = neuroevo("policy", "evaluate", file, "--episodes", "3", "--seed", seed, "--json")
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    first = play("1")
    assert play("1") == first
    assert first["seed"] == 1
    assert first["steps"] == 3 * 60
    assert first["frames"] == 3 * 60 * 4
    assert first["distinct"] == 3


def test_episodes_whose_scores_a_document_tells_are_played_again_and_compared(tmp_path: Path) -> None:
    document = next(each for each in shipped() if each["name"].endswith("number 0"))
    [told], other = document["scores"], {"protocol": "another", "episodes": [{"seed": 1003, "score": 1.0}]}
    shortest = sorted(told["episodes"], key=lambda episode: episode["score"])[:2]
    altered = [shortest[0], shortest[1] | {"score": 1.0}]
    (tmp_path / "zero.json").write_text(json.dumps(document | {"scores": [told | {"episodes": altered}, other]}))
    found = json.loads(neuroevo("policy", "evaluate", tmp_path / "zero.json", "--told", "--json").stdout)
    assert found["scores"] == [episode["score"] for episode in shortest]
    assert (found["told"], found["same"]) == ([episode["score"] for episode in altered], 1)


@pytest.mark.parametrize("kind", ["json", "html", "svg", "png"])
def test_a_curve_is_drawn_in_every_format(served: Up, finished: dict[str, Any], tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"curve.{kind}"
    done = neuroevo_process(
        "run", "plot", finished["id"], out, "--x", "frames", "--theme", "dark", "--data", served.data
    )
    assert done.returncode == 0, done.stderr
    content = out.read_bytes()
    starts = {"json": b'{"', "html": b"<!doctype html>", "svg": b"<svg", "png": b"\x89PNG"}
    assert content.startswith(starts[kind])
    if kind == "html":
        assert b"<script src=" not in content


@pytest.mark.parametrize("figure", ["spread", "speed"])
def test_every_figure_can_be_drawn(served: Up, finished: dict[str, Any], tmp_path: Path, figure: str) -> None:
    out = tmp_path / f"{figure}.json"
    done = neuroevo("run", "plot", finished["id"], out, "--figure", figure, "--data", served.data)
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["data"]


def test_doctor_finds_nothing_wrong_here(served: Up) -> None:
    done = neuroevo_process("doctor", "--json", "--data", served.data)
    findings = json.loads(done.stdout)
    assert {finding["name"] for finding in findings} >= {
        "Python",
        "disk",
        "embedded Postgres",
        "kernels",
        "Atari emulator",
    }
    assert [finding for finding in findings if finding["state"] == "fail"] == []
    assert all(finding["remedy"] for finding in findings if finding["state"] == "warn")
    assert done.returncode == 0


def test_doctor_says_how_to_mend_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "connection.json").write_text('{"url": "http://127.0.0.1:9", "token": "t"}')
    done = neuroevo("doctor", "--data", tmp_path)
    assert done.returncode == 1
    assert "FAIL  data folder: " in done.stdout
    assert "FAIL  server: no server answers at http://127.0.0.1:9" in done.stdout
    assert "→ put a copy back, or choose another folder: --data" in done.stdout


def test_version_is_one_line_or_all_that_matters() -> None:
    assert neuroevo("version").stdout.startswith("neuroevo ")
    versions = json.loads(neuroevo("version", "--json").stdout)
    assert versions["packages"]["torch"].startswith("2.13.0")


@pytest.mark.parametrize("group", [(), ("run",), ("policy",), ("server",), ("worker",), ("db",)])
def test_a_group_without_a_command_shows_its_help(group: tuple[str, ...]) -> None:
    done = neuroevo(*group)
    assert done.returncode == 0
    assert "Usage: " in done.stdout
