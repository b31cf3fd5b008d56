"""Verifications over HTTP: asked for, played by a worker, shown on the rollout."""

from uuid import uuid4

import httpx2
import pytest

from tests.server.player import ENGINE, Worker
from tests.server.test_policies import bring, document
from tests.server.test_problems import check
from tests.server.test_rollouts import PATH, played, recorded

pytestmark = pytest.mark.anyio


async def test_a_recorded_episode_is_verified_by_a_worker(client: httpx2.AsyncClient, worker: Worker) -> None:
    id = await recorded(client, worker)
    assert (await client.get(f"{PATH}/{id}")).json()["verified"] is None

    response = await client.post(f"{PATH}/{id}/verifications")
    job = response.json()
    assert (response.status_code, job["kind"], job["rollout"], job["state"]) == (202, "verification", id, "waiting")
    assert response.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert (await client.post(f"{PATH}/{id}/verifications")).json()["id"] == job["id"], "it is under way"

    (batch,) = (await worker.ask(wants=1))["jobs"]
    assert (batch["kind"], batch["job"]) == ("verification", job["id"])
    await worker.ask(job_submissions=[played(batch)])
    done = (await client.get(f"/api/v1/jobs/{job['id']}")).json()
    assert (done["state"], done["done"], done["problem"], done["score"]) == ("done", 1, None, None)
    verified = (await client.get(f"{PATH}/{id}")).json()["verified"]
    assert (verified["engine"], verified["problem"]) == (ENGINE, None)


async def test_what_came_out_otherwise_is_shown(client: httpx2.AsyncClient, worker: Worker) -> None:
    id = await recorded(client, worker)
    await client.post(f"{PATH}/{id}/verifications")
    submission = played((await worker.ask(wants=1))["jobs"][0])
    submission["results"][0] |= {"score": 8.0}
    await worker.ask(job_submissions=[submission])
    assert (await client.get(f"{PATH}/{id}")).json()["verified"]["problem"] == "the score is 8, not 7"


async def test_what_was_never_recorded_cannot_be_verified(client: httpx2.AsyncClient, worker: Worker) -> None:
    policy = await bring(client, document())
    rollout = (await client.post(f"/api/v1/policies/{policy['id']}/rollouts", json={"seed": 7})).json()
    unrecorded = await client.post(f"{PATH}/{rollout['id']}/verifications")
    check(unrecorded, 409, "conflict")
    assert "wait until it is" in unrecorded.json()["detail"]

    batch = (await worker.ask(wants=1))["jobs"][0]
    problem = {"id": str(uuid4()), "lease": batch["lease"], "job": batch["job"], "engine": ENGINE, "problem": "No."}
    await worker.ask(job_submissions=[problem])
    failed = await client.post(f"{PATH}/{rollout['id']}/verifications")
    check(failed, 409, "conflict")
    assert "Record another" in failed.json()["detail"]
    check(await client.post(f"{PATH}/nothing/verifications"), 404, "not-found")
