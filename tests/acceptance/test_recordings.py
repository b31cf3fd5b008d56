"""`neuroevo policy record` and `policy verify`, as a user types them."""

import io
import json
import subprocess
import sys
from pathlib import Path

import av
import pytest

CHAIN = {
    "format": "philox-1",
    "architecture": {"name": "mlp", "inputs": 4, "hidden": [8], "actions": 2},
    "environment": {"id": "CartPole-v1"},
    "seeds": [1, 2],
    "power": 0.05,
}


def neuroevo(*arguments: str, standard_input: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "policy", *arguments]
    return subprocess.run(command, input=standard_input, capture_output=True, text=True, check=False, timeout=100)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(CHAIN))
    return file


def test_a_recorded_episode_is_a_video_and_a_document_that_verify_confirms(policy: Path, tmp_path: Path) -> None:
    video = tmp_path / "out.mp4"
    recorded = neuroevo("record", str(policy), str(video), "--seed", "5", "--json")
    assert recorded.returncode == 0, recorded.stderr
    assert "XDG_RUNTIME_DIR" not in recorded.stderr, "no screen is needed, nor missed"
    rollout = json.loads(recorded.stdout)
    assert rollout["seed"] == 5
    assert rollout["document"]["seeds"] == [1, 2]
    with av.open(io.BytesIO(video.read_bytes()), "r") as container:
        assert len(list(container.decode(video=0))) == rollout["frames"]
    confirmed = neuroevo("verify", "-", standard_input=recorded.stdout)
    assert (confirmed.returncode, confirmed.stdout.split(":")[0]) == (0, "match")
    forged = neuroevo("verify", "-", "--json", standard_input=json.dumps(rollout | {"score": rollout["score"] + 1}))
    assert forged.returncode == 1
    assert json.loads(forged.stdout)["matches"] is False


def test_a_file_that_ends_in_gif_becomes_an_animation(policy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gif"
    made = neuroevo("record", str(policy), str(out), "--seed", "5", "--seconds", "0.2", "--rate", "10")
    assert made.returncode == 0, made.stderr
    with av.open(io.BytesIO(out.read_bytes()), "r") as container:
        assert container.streams.video[0].codec_context.name == "gif"
        assert len(list(container.decode(video=0))) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["out.avi"], ".mp4 or .gif"), (["out"], ".mp4 or .gif"), (["out.mp4", "--seconds", "3"], "--seconds")],
)
def test_a_file_of_another_kind_is_refused_before_anything_is_played(
    policy: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    refused = neuroevo("record", str(policy), str(tmp_path / arguments[0]), *arguments[1:])
    assert refused.returncode == 2
    assert told in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [policy]


def test_what_is_no_rollout_is_told_in_one_line(policy: Path, tmp_path: Path) -> None:
    for name, text in {"chain": policy.read_text(), "noise": "{", "list": "[]"}.items():
        file = tmp_path / name
        file.write_text(text)
        told = neuroevo("verify", str(file))
        assert told.returncode == 2
        assert "no rollout document" in told.stderr
        assert len(told.stderr.splitlines()) == 1


def test_a_video_goes_only_where_it_can_be_written(policy: Path, tmp_path: Path) -> None:
    for out in ([], [str(tmp_path)], [str(tmp_path / "none" / "out.mp4")]):
        told = neuroevo("record", str(policy), *out)
        assert told.returncode == 2
        assert len(told.stderr.splitlines()) == 1
