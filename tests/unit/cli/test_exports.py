"""`policy export`: where the file goes, and what is said when it cannot."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.errors import BadInput, CommandError
from cli.main import app
from evolution.chains import parse_chain, policy_id
from exports import export_policy

CHAIN: dict[str, Any] = {
    "format": "philox-1",
    "architecture": {"name": "mlp", "inputs": 4, "hidden": [8], "actions": 2},
    "environment": {"id": "CartPole-v1", "options": {"max_steps": None}},
    "seeds": [1, 2, 3],
    "power": 0.05,
}
HUGE = CHAIN | {"architecture": {"name": "mlp", "inputs": 1_000_000, "hidden": [65536], "actions": 2}}
ROOT = Path(__file__).parents[3]
FORMATS = ["json", "safetensors", "onnx", "card"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "chain.json"
    path.write_text(json.dumps(CHAIN))
    return path


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["policy", "export", *map(str, arguments)], catch_exceptions=False)


def made(format: str) -> bytes:
    return export_policy(parse_chain(CHAIN), format).data


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_is_named_is_written(file: Path, format: str, tmp_path: Path) -> None:
    out = tmp_path / "out.file"
    assert export(file, "--format", format, out).stdout == f"{out} written\n"
    assert out.read_bytes() == made(format)


@pytest.mark.parametrize("format", FORMATS)
def test_without_a_file_it_goes_to_standard_output(file: Path, format: str) -> None:
    assert export(file, "--format", format).stdout_bytes == made(format)
    assert export(file, "--format", format, "-").stdout_bytes == made(format)


def test_a_card_takes_what_it_speaks_of_into_its_folder(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    folder.mkdir()
    file.write_text(json.dumps(CHAIN | {"scores": [{"episodes": [{"seed": s, "score": s} for s in (3, 1, 2)]}]}))
    written = export(file, "--format", "card", folder)
    assert written.exit_code == 0
    stem = f"cartpole-v1-{policy_id(parse_chain(CHAIN))[:8]}"
    names = {path.name for path in folder.iterdir()}
    assert names == {"README.md", "replay.mp4", f"{stem}.json", f"{stem}.onnx", f"{stem}.safetensors"}
    assert written.stdout.splitlines()[-1] == f"{folder / 'README.md'} written"
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert all(name in card for name in names - {"README.md"})
    assert "the episode of seed 2." in card, "the median of those whose scores are told"
    assert (folder / "replay.mp4").read_bytes()[4:8] == b"ftyp"


def test_a_card_is_written_without_a_video_where_the_game_is_not(tmp_path: Path) -> None:
    file, folder = tmp_path / "chain.json", tmp_path / "hub"
    folder.mkdir()
    file.write_text(json.dumps(CHAIN | {"environment": {"id": "Nowhere-v0"}}))
    written = export(file, "--format", "card", folder)
    assert written.exit_code == 0
    assert "without replay.mp4: no environment Nowhere-v0" in written.stderr
    assert not (folder / "replay.mp4").exists()
    assert "put the video beside this card" in (folder / "README.md").read_text(encoding="utf-8")


def test_bytes_are_not_poured_into_a_terminal(file: Path) -> None:
    terminal, line = os.openpty()
    command = [sys.executable, "-m", "cli", "policy", "export", str(file), "--format", "onnx"]
    done = subprocess.run(command, stdout=line, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    os.close(line)
    os.close(terminal)
    assert done.returncode == 2
    assert "name a file at the end of the command, such as policy.onnx" in done.stderr


def test_a_folder_that_is_not_there_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no folder .*nowhere"):
        export(file, "--format", "json", tmp_path / "nowhere" / "policy.json")


@pytest.mark.parametrize("parts", [["x" * 300], ["x" * 300, "policy.json"], ["chain.json", "policy.json"]])
def test_a_place_that_cannot_be_written_is_named(file: Path, tmp_path: Path, parts: list[str]) -> None:
    with pytest.raises(BadInput, match=r"cannot be written: File name too long|there is no folder"):
        export(file, "--format", "json", tmp_path.joinpath(*parts))


def test_an_unknown_format_is_answered_with_those_there_are(file: Path) -> None:
    result = CliRunner().invoke(app, ["policy", "export", str(file), "--format", "pickle"])
    assert result.exit_code == 2
    assert "'pickle' is not one of 'json', 'safetensors', 'onnx', 'card'" in result.stderr


def test_a_network_too_large_for_a_file_is_refused_with_its_document_named(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    file.write_text(json.dumps(HUGE))
    with pytest.raises(BadInput, match=r"huge\.json: this network has 65,536,196,610 parameters"):
        export(file, "--format", "onnx", tmp_path / "huge.onnx")


def test_a_missing_package_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "exports.weights", raising=False)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(CommandError, match=r"pip install 'neuroevolution\[export\]'") as caught:
        export(file, "--format", "safetensors")
    assert caught.value.exit_code == 1


PLAYED = {"mean": 21.5, "sd": 2.5, "n": 30, "distinct": 29, "protocol": "the rules", "engine": None}


@pytest.mark.parametrize(
    "document",
    [
        CHAIN | {"scores": [PLAYED]},
        {"items": [PLAYED | {"document": CHAIN, "policy": "ab", "phase": "test", "born": [0, 1], "run": "k3"}]},
        {"document": CHAIN, "id": "ab", "scores": [PLAYED | {"source": "test"}]},
    ],
    ids=["in the document", "GET …/best", "GET /policies/…"],
)
def test_a_card_has_the_scores_that_the_file_tells(document: dict[str, Any], file: Path) -> None:
    file.write_text(json.dumps(document))
    assert "| 21.5 | 2.5 | 30 | 29 | document | the rules |" in export(file, "--format", "card").stdout
    assert export(file, "--format", "onnx").stdout_bytes


def test_scores_that_make_no_sense_are_named_when_a_card_is_to_tell_them(file: Path) -> None:
    file.write_text(json.dumps(CHAIN | {"scores": [{"mean": "high"}]}))
    with pytest.raises(BadInput, match=r"scores\.0\.mean: "):
        export(file, "--format", "card")
    assert export(file, "--format", "safetensors").exit_code == 0
