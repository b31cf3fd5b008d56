"""Jobs, rollouts and videos over HTTP."""

import base64
import struct

import httpx2
import pytest

from server.api.ranges import Unsatisfiable, read_range
from tests.server.player import ENGINE, Body, Worker
from tests.server.test_policies import bring, document
from tests.server.test_problems import check

pytestmark = pytest.mark.anyio

PATH = "/api/v1/rollouts"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


MP4 = box(b"ftyp", b"isom") + box(b"moov", b"index") + box(b"mdat", bytes(range(256)) * 10)
JPEG = b"\xff\xd8\xff\xe0picture\xff\xd9"


def played(batch: Body) -> Body:
    """A submission with a result for each episode of the job's batch."""
    results = [
        {
            "episode": episode["episode"],
            "score": float(episode["seed"] % 500),
            "steps": 10,
            "frames": 10,
            "digest": f"{episode['seed']:064x}",
            "seconds": 0.01,
            **({} if batch["kind"] == "test" else {"actions": base64.b64encode(b"chosen").decode()}),
        }
        for episode in batch["episodes"]
    ]
    return {"id": batch["lease"], "lease": batch["lease"], "job": batch["job"], "engine": ENGINE, "results": results}


async def recorded(client: httpx2.AsyncClient, worker: Worker, seed: int = 7) -> str:
    """A rollout that a worker has recorded, without a video."""
    policy = (await client.post("/api/v1/policies", json=document())).json()
    response = await client.post(f"/api/v1/policies/{policy['id']}/rollouts", json={"seed": seed})
    assert response.status_code == 202
    assert response.headers["location"] == f"{PATH}/{response.json()['id']}"
    (batch,) = (await worker.ask(wants=1))["jobs"]
    submission = played(batch)
    outcomes = (await worker.ask(job_submissions=[submission]))["outcomes"]
    assert outcomes[submission["id"]]["accepted"] == 1
    return str(response.json()["id"])


async def test_a_test_runs_on_the_workers_and_shows_its_progress(client: httpx2.AsyncClient, worker: Worker) -> None:
    policy = await bring(client, document())
    response = await client.post(f"/api/v1/policies/{policy['id'][:8]}/tests", json={"episodes": 2})
    job = response.json()
    assert (response.status_code, job["state"], job["total"]) == (202, "waiting", 2)
    reply = await worker.ask(wants=1)
    assert [batch["job"] for batch in reply["jobs"]] == [job["id"]]
    reply = await worker.ask(job_submissions=[played(reply["jobs"][0])], wants=1)
    shown = (await client.get(f"/api/v1/jobs/{job['id']}")).json()
    assert (shown["state"], shown["done"]) == ("running", 1)
    await worker.ask(job_submissions=[played(reply["jobs"][0])])
    listed = (await client.get("/api/v1/jobs", params={"policy": policy["id"], "state": "done"})).json()
    assert [item["score"]["n"] for item in listed["items"]] == [2]


async def test_a_job_can_be_cancelled_and_a_missing_one_is_a_problem(
    client: httpx2.AsyncClient, worker: Worker
) -> None:
    policy = await bring(client, document())
    job = (await client.post(f"/api/v1/policies/{policy['id']}/tests", json={})).json()
    assert (await client.delete(f"/api/v1/jobs/{job['id']}")).status_code == 204
    assert (await client.get(f"/api/v1/jobs/{job['id']}")).json()["state"] == "cancelled"
    assert not (await worker.ask(wants=1))["jobs"]
    check(await client.get("/api/v1/jobs/nothing"), 404, "not-found")
    check(await client.delete("/api/v1/jobs/nothing"), 404, "not-found")
    check(await client.post(f"/api/v1/policies/{policy['id']}/tests", json={"episodes": 0}), 422, "invalid-request")


async def test_a_video_is_taken_and_served_whole_and_in_parts(client: httpx2.AsyncClient, worker: Worker) -> None:
    path = f"{PATH}/{await recorded(client, worker)}/video.mp4"
    assert (await client.put(path, content=MP4)).status_code == 204
    whole = await client.get(path)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, MP4, "video/mp4")
    assert whole.headers["accept-ranges"] == "bytes"

    part = await client.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, MP4[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(MP4)}"
    assert (await client.get(path, headers={"Range": "bytes=-5"})).content == MP4[-5:]
    assert (await client.get(path, headers={"Range": f"bytes={len(MP4) - 3}-"})).content == MP4[-3:]

    beyond = await client.get(path, headers={"Range": f"bytes={len(MP4)}-"})
    check(beyond, 416, "range-not-satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(MP4)}"
    head = await client.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(MP4)))
    same = {"If-Range": whole.headers["etag"], "Range": "bytes=0-0"}
    assert (await client.get(path, headers=same)).status_code == 206
    assert (await client.get(path, headers=same | {"If-Range": '"other"'})).status_code == 200
    assert (await client.get(path, headers={"If-None-Match": whole.headers["etag"]})).status_code == 304


async def test_a_missing_video_is_made_again(client: httpx2.AsyncClient, worker: Worker) -> None:
    id = await recorded(client, worker)
    assert (await client.get(f"{PATH}/{id}/video.mp4")).status_code == 202
    assert not (await worker.ask(wants=1))["jobs"], "the worker is about to bring it"
    client._transport.app.state.master._memory.jobs.uploads.clear()  # type: ignore[attr-defined]
    response = await client.get(f"{PATH}/{id}/video.mp4")
    assert (response.status_code, response.json()["video"]) == (202, False)
    assert int(response.headers["retry-after"]) > 0
    (batch,) = (await worker.ask(wants=1))["jobs"]
    assert base64.b64decode(batch["episodes"][0]["actions"]) == b"chosen"


async def test_a_missing_poster_is_made_with_the_video(client: httpx2.AsyncClient, worker: Worker) -> None:
    id = await recorded(client, worker)
    assert (await client.get(f"{PATH}/{id}/poster.jpg")).status_code == 202
    assert not (await worker.ask(wants=1))["jobs"], "the worker is about to bring it"
    client._transport.app.state.master._memory.jobs.uploads.clear()  # type: ignore[attr-defined]
    response = await client.get(f"{PATH}/{id}/poster.jpg")
    assert (response.status_code, response.json()["poster"]) == (202, False)
    assert int(response.headers["retry-after"]) > 0
    (batch,) = (await worker.ask(wants=1))["jobs"]
    assert (batch["kind"], batch["episodes"][0]["rollout"]) == ("recording", id)


async def test_the_least_recently_used_videos_go_first(client: httpx2.AsyncClient, worker: Worker) -> None:
    older, newer = await recorded(client, worker, 1), await recorded(client, worker, 2)
    large = MP4 + box(b"free", bytes(1_500_000))
    client._transport.app.state.master._memory.settings = _Quota()  # type: ignore[attr-defined]
    for id in (older, newer):
        assert (await client.put(f"{PATH}/{id}/poster.jpg", content=JPEG)).status_code == 204
        assert (await client.put(f"{PATH}/{id}/video.mp4", content=large)).status_code == 204
    shown = [(await client.get(f"{PATH}/{id}")).json() for id in (older, newer)]
    assert [(item["video"], item["poster"]) for item in shown] == [(False, True), (True, True)]


class _Quota:
    """Room for one video."""

    core_hour_price = None
    lease_seconds, batch_seconds, wait_seconds, video_quota_mb, library_share, recheck = 30.0, 5.0, 0.05, 2, 0.1, True


async def test_damaged_and_oversized_uploads_are_refused_with_a_reason(
    client: httpx2.AsyncClient, worker: Worker
) -> None:
    id = await recorded(client, worker)
    late_index = box(b"ftyp", b"isom") + box(b"mdat", b"x") + box(b"moov", b"x")
    for content, reason in ((b"<html>", "no MP4"), (MP4[:-1], "cut off"), (late_index, "faststart"), (b"", "no MP4")):
        refused = await client.put(f"{PATH}/{id}/video.mp4", content=content)
        check(refused, 422, "damaged-media")
        assert reason in refused.json()["detail"]
    for content in (b"GIF89a", JPEG[:-2]):
        check(await client.put(f"{PATH}/{id}/poster.jpg", content=content), 422, "damaged-media")
    check(await client.put(f"{PATH}/{id}/poster.jpg", content=bytes(200_001)), 413, "content-too-large")
    check(await client.put(f"{PATH}/nothing/video.mp4", content=MP4), 404, "not-found")
    check(await client.get(f"{PATH}/nothing/poster.jpg"), 404, "not-found")


async def test_the_actions_of_a_recorded_episode_are_given(client: httpx2.AsyncClient, worker: Worker) -> None:
    id = await recorded(client, worker)
    shown = (await client.get(f"{PATH}/{id}/actions")).json()
    assert base64.b64decode(shown["actions"]) == b"chosen"
    assert (shown["seed"], shown["score"], shown["engine"]) == (7, 7.0, ENGINE)


@pytest.mark.parametrize("score", ["inf", 1e308])
async def test_an_endless_score_of_a_job_is_refused(
    client: httpx2.AsyncClient, worker: Worker, score: str | float
) -> None:
    policy = await bring(client, document())
    await client.post(f"/api/v1/policies/{policy['id']}/tests", json={"episodes": 1})
    submission = played((await worker.ask(wants=1))["jobs"][0])
    submission["results"][0]["score"] = score
    body = worker.request(job_submissions=[submission])
    check(await client.post("/api/v1/batches", json=body), 422, "invalid-request")


async def test_each_generation_of_a_run_has_its_elite_with_its_recordings(
    client: httpx2.AsyncClient, finished: Body
) -> None:
    items = (await client.get(f"/api/v1/runs/{finished['id']}/elites")).json()["items"]
    assert [item["generation"] for item in items] == [0, 1]
    for item in items:
        rollouts = (await client.get(f"/api/v1/policies/{item['policy'][:12]}/rollouts")).json()["items"]
        assert len(rollouts) == item["recordings"]
        assert {rollout["policy"] for rollout in rollouts} <= {item["policy"]}
        assert "median" in {rollout["label"] for rollout in rollouts}
    check(await client.get("/api/v1/runs/zzzzzz/elites"), 404, "not-found")
    check(await client.get("/api/v1/policies/00000000/rollouts"), 404, "not-found")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", (0, 10)),
        ("bytes=2-4", (2, 5)),
        ("bytes=2-400", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("pages=1-2", None),
        ("bytes=-", None),
    ],
)
async def test_ranges_are_read_as_rfc_9110_says(header: str | None, expected: tuple[int, int] | None) -> None:
    assert read_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=11-12", "bytes=-0"])
async def test_ranges_beyond_the_end_are_unsatisfiable(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        read_range(header, 10)


async def test_a_damaged_video_is_made_again_when_somebody_asks(client: httpx2.AsyncClient, worker: Worker) -> None:
    id = await recorded(client, worker)
    for name, content in (("video.mp4", MP4), ("poster.jpg", JPEG)):
        assert (await client.put(f"{PATH}/{id}/{name}", content=content)).status_code == 204
    assert not (await worker.ask(wants=1))["jobs"]
    assert (await client.get(f"{PATH}/{id}/video.mp4")).headers["cache-control"] == "private, no-cache"

    replies = [await client.post(f"{PATH}/{id}/videos") for _ in range(2)]
    assert [(reply.status_code, reply.json()["video"], reply.json()["poster"]) for reply in replies] == [
        (202, False, True)
    ] * 2
    assert (await client.get(f"{PATH}/{id}/video.mp4")).status_code == 202
    (batch,) = (await worker.ask(wants=1))["jobs"]
    assert base64.b64decode(batch["episodes"][0]["actions"]) == b"chosen"
    assert not (await worker.ask(wants=1))["jobs"], "one job for both"
    await worker.ask(job_submissions=[played(batch)])
    assert (await client.put(f"{PATH}/{id}/video.mp4", content=MP4)).status_code == 204
    assert (await client.get(f"{PATH}/{id}/video.mp4")).content == MP4
    check(await client.post(f"{PATH}/nothing/videos"), 404, "not-found")
