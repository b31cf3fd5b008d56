"""Tests and recordings that people ask for, with a real server and real workers that may be killed."""

import io
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest

from policies import shipped
from tests.acceptance.conftest import Up
from tests.acceptance.processes import until

pytestmark = pytest.mark.timeout(300)

JOB_SECONDS = 100.0
"""For a short job on a busy machine, a worker's start included."""
SHORT_LEASES = {"NEUROEVO_LEASE_SECONDS": "4", "NEUROEVO_VIDEO_QUOTA_MB": "1"}
ACROBOT: dict[str, Any] = {
    "format": "philox-1",
    "architecture": {"name": "mlp", "inputs": 6, "hidden": [8], "actions": 3},
    "environment": {"id": "Acrobot-v1"},
    "seeds": [1, 2],
    "power": 0.05,
}

PICTURELESS: dict[str, Any] = {
    **ACROBOT,
    "architecture": {"name": "mlp", "inputs": 6, "hidden": [8], "actions": 2, "box": True},
    "environment": {"id": "user/Box-v0"},
}
"""Of a user's own module, whose environments have no render mode."""
USERS_MODULES = Path(__file__).parents[1] / "worker"


class Master:
    """What is asked of a running server."""

    def __init__(self, up: Up) -> None:
        up.await_line("http://")
        connection = json.loads((up.data / "connection.json").read_text())
        headers = {"Authorization": f"Bearer {connection['token']}"}
        self.client = httpx2.Client(base_url=f"{connection['url'].rstrip('/')}/api/v1/", headers=headers, timeout=60)
        self._up = up

    def post(self, path: str, body: Any) -> Any:
        reply = self.client.post(path, json=body)
        assert reply.status_code in {200, 201, 202}, reply.text
        return reply.json()

    def await_view(self, path: str, passes: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What is there, as soon as it passes."""

        def look() -> dict[str, Any] | None:
            view: dict[str, Any] = self.client.get(path).json()
            return view if passes(view) else None

        try:
            return until(look, JOB_SECONDS) or {}
        except TimeoutError:
            raise AssertionError(f"{self.client.get(path).json()}\n{self._up.logs()}") from None

    def record(self, policy: str, seed: int) -> dict[str, Any]:
        """A rollout with its video."""
        rollout = self.post(f"policies/{policy}/rollouts", {"seed": seed})
        return self.await_view(f"rollouts/{rollout['id']}", lambda view: view["video"] or view["problem"])


@pytest.fixture
def up(start_up: Callable[..., Up]) -> Up:
    return start_up("--workers", "1", "--preset", "quick", variables=SHORT_LEASES)


@pytest.fixture
def master(up: Up) -> Iterator[Master]:
    master = Master(up)
    with master.client:
        yield master


def frames_of(mp4: bytes) -> int:
    with av.open(io.BytesIO(mp4), "r") as container:
        return len(list(container.decode(video=0)))


def read_in_parts(client: httpx2.Client, path: str) -> bytes:
    """The file, in ranges of bytes."""
    size, content = 1, b""
    while len(content) < size:
        part = client.get(path, headers={"Range": f"bytes={len(content)}-{len(content) + 99_999}"})
        assert part.status_code == 206
        size = int(part.headers["content-range"].rpartition("/")[2])
        content += part.content
    return content


def test_a_video_is_watched_in_parts_evicted_and_made_again_from_its_actions(master: Master) -> None:
    policy = master.post("policies", ACROBOT)["id"]
    first = master.record(policy, 1)
    path = f"rollouts/{first['id']}/video.mp4"
    video = read_in_parts(master.client, path)
    assert video == master.client.get(path).content
    assert frames_of(video) == first["frames"] == first["steps"]
    for damaged in (b"no video", video[: len(video) // 2], video[:-1]):
        assert master.client.put(path, content=damaged).status_code == 422
    assert master.client.put(path, content=bytes(26_000_000)).status_code == 413
    assert master.client.get(path).content == video, "what is refused changes nothing"
    actions = master.client.get(f"rollouts/{first['id']}/actions").json()
    assert master.record(policy, 2)["video"]
    assert not master.client.get(f"rollouts/{first['id']}").json()["video"], "two do not fit into the quota"
    later = master.client.get(path)
    assert (later.status_code, later.headers["retry-after"] != "") == (202, True)
    again = master.await_view(f"rollouts/{first['id']}", lambda view: view["video"] or view["problem"])
    assert again["problem"] is None
    assert frames_of(master.client.get(path).content) == first["frames"]
    assert master.client.get(f"rollouts/{first['id']}/actions").json() == actions


def test_a_test_goes_on_with_another_worker_when_its_own_is_killed(up: Up, master: Master) -> None:
    document = shipped()[0]
    policy = master.post("policies", document)["id"]
    asked = {"episodes": 5, "environment": {"options": {"max_steps": 400}}}
    job = master.post(f"policies/{policy}/tests", asked)["id"]
    master.await_view(f"jobs/{job}", lambda view: view["done"] >= 1)
    os.kill(up.child("worker start"), signal.SIGKILL)
    killed_at = time.monotonic()
    done = master.await_view(f"jobs/{job}", lambda view: view["state"] not in {"waiting", "running"})
    assert (done["state"], done["done"], done["problem"]) == ("done", 5, None), time.monotonic() - killed_at
    assert done["score"]["n"] == 5
    assert "400 steps" in done["protocol"]


def test_what_cannot_be_recorded_says_why(master: Master) -> None:
    policy = master.post("policies", ACROBOT | {"architecture": ACROBOT["architecture"] | {"actions": 4}})["id"]
    rollout = master.record(policy, 1)
    assert rollout["state"] == "failed"
    assert "action" in rollout["problem"]
    assert master.client.get(f"rollouts/{rollout['id']}/video.mp4").status_code == 409


def test_an_environment_without_pictures_says_so_of_its_recording_and_is_verified_all_the_same(
    start_up: Callable[..., Up],
) -> None:
    path = os.pathsep.join([str(USERS_MODULES), *filter(None, [os.environ.get("PYTHONPATH")])])
    up = start_up("--workers", "1", "--env-module", "user_environments", variables=SHORT_LEASES | {"PYTHONPATH": path})
    master = Master(up)
    with master.client:
        rollout = master.record(master.post("policies", PICTURELESS)["id"], 1)
        assert (rollout["state"], rollout["video"], rollout["poster"]) == ("recorded", False, False)
        assert "user/Box-v0 cannot be filmed" in rollout["problem"]
        assert "rgb_array" in rollout["problem"]
        at = f"rollouts/{rollout['id']}"
        refused = master.client.get(f"{at}/video.mp4")
        assert (refused.status_code, rollout["problem"] in refused.json()["detail"]) == (409, True)
        assert master.client.get(f"{at}/poster.jpg").status_code == 409
        assert master.client.get(f"{at}/actions").json()["steps"] == 10
        master.post(f"{at}/verifications", {})
        verified = master.await_view(at, lambda view: view["verified"])["verified"]
        assert verified["problem"] is None
