"""The workers' interface over HTTP: results in, work out, and what is refused."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message

from tests.server.conftest import TOKEN
from tests.server.player import Body, Worker, description_of, results_of

pytestmark = pytest.mark.anyio
BATCHES = "/api/v1/batches"


async def test_results_are_acknowledged_and_more_work_comes(worker: Worker, run: Body) -> None:
    batch = (await worker.ask(wants=1))["batches"][0]
    submission = results_of(batch)

    reply = await worker.ask(submissions=[submission], wants=1)
    again = await worker.ask(submissions=[submission])

    count = len(batch["episodes"])
    assert batch["run"] == run["id"]
    assert reply["outcomes"] == {submission["id"]: {"accepted": count, "repeated": 0, "unwanted": 0}}
    assert reply["batches"]
    assert again["outcomes"] == {submission["id"]: {"accepted": 0, "repeated": count, "unwanted": 0}}


async def test_a_lease_is_extended_and_released(client: httpx2.AsyncClient, worker: Worker, run: Body) -> None:
    del run
    lease, lost = (await worker.ask(wants=1))["batches"][0]["lease"], str(uuid4())

    extended = (await client.post(f"{BATCHES}/extend", json=worker.request(leases=[lease, lost]))).json()
    released = await client.post(f"{BATCHES}/release", json=worker.request(leases=[lease]))
    afterwards = (await client.post(f"{BATCHES}/extend", json=worker.request(leases=[lease]))).json()

    assert extended["expires_in"][lease] > 0
    assert extended["lost"] == [lost]
    assert released.status_code == 204
    assert afterwards["lost"] == [lease]


async def test_an_unknown_worker_is_asked_to_announce_itself(client: httpx2.AsyncClient) -> None:
    assert (await Worker(client).ask())["announce"] is True


@pytest.mark.parametrize("path", ["", "/extend", "/release"])
@pytest.mark.parametrize(
    "body", [{"protocol": 2}, {"protocol": 2, "worker": "renamed", "strange": [1]}, {"protocol": 0, "leases": None}]
)
async def test_a_worker_of_another_protocol_is_told_so_whatever_else_it_says(
    shared: httpx2.AsyncClient, path: str, body: Body
) -> None:
    response = await shared.post(BATCHES + path, json=body)

    assert response.status_code == 426
    assert response.headers["upgrade"] == "neuroevo/1"
    assert response.json()["type"] == "urn:neuroevo:problem:protocol-mismatch"
    assert "install the server's version" in response.json()["detail"]


@pytest.mark.parametrize("path", ["", "/extend", "/release"])
async def test_another_protocol_is_refused_in_a_request_that_fits(shared: httpx2.AsyncClient, path: str) -> None:
    more: Body = {"leases": []} if path else {}

    response = await shared.post(BATCHES + path, json=Worker(shared).request(**more) | {"protocol": 3})

    assert response.status_code == 426


def result(**changes: Any) -> Body:
    values = {
        "generation": 0, "index": 0, "phase": 0, "episode": 0, "score": 1.0, "steps": 1, "frames": 1,
        "digest": "0" * 64, "seconds": 0.1,
    }  # fmt: skip
    return values | changes


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"score": "high"}, "score"),
        ({"steps": 0}, "steps"),
        ({"phase": 7}, "phase"),
        ({"digest": "abc"}, "digest"),
        ({"index": -1}, "index"),
        ({"frames": 2**40}, "frames"),
        ({"cheat": True}, "cheat"),
    ],
)
async def test_a_wrong_result_is_refused_at_its_field(shared: httpx2.AsyncClient, changes: Body, field: str) -> None:
    submission = {
        "id": str(uuid4()), "lease": str(uuid4()), "run": "k3f9x2", "engine": "e", "results": [result(**changes)],
    }  # fmt: skip

    response = await shared.post(BATCHES, json=Worker(shared).request(submissions=[submission]))

    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == f"submissions.0.results.0.{field}"


@pytest.mark.parametrize("field", ["run", "engine"])
async def test_a_submission_of_a_name_that_cannot_be_stored_is_refused(shared: httpx2.AsyncClient, field: str) -> None:
    submission = {"id": str(uuid4()), "lease": str(uuid4()), "run": "k3f9x2", "engine": "e", "results": [result()]}

    response = await shared.post(BATCHES, json=Worker(shared).request(submissions=[submission | {field: "a\0"}]))

    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == f"submissions.0.{field}"


@pytest.mark.parametrize("changes", [{"engine": "e\0"}, {"problem": "\0"}, {"architectures": ["mlp\0"]}])
async def test_a_description_that_cannot_be_stored_is_refused(shared: httpx2.AsyncClient, changes: Body) -> None:
    description = description_of({"id": "CartPole-v1", "options": {"max_steps": None}}) | changes

    response = await shared.post(BATCHES, json=Worker(shared).request(descriptions=[description]))

    assert response.status_code == 422


@pytest.mark.parametrize("score", ["NaN", "Infinity", "1e999", "1e101", "-1e308"])
async def test_a_score_that_is_not_finite_or_whose_square_may_not_be_is_refused(
    shared: httpx2.AsyncClient, score: str
) -> None:
    submission = {"id": str(uuid4()), "lease": str(uuid4()), "run": "k3f9x2", "engine": "e", "results": [result()]}
    request = shared.build_request("POST", BATCHES, json=Worker(shared).request(submissions=[submission]))
    content = request.content.replace(b'"score":1.0', b'"score":' + score.encode())
    assert content != request.content

    response = await shared.post(BATCHES, content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "submissions.0.results.0.score"


async def ask_and_hang_up(app: FastAPI, body: bytes) -> int:
    """The status that nobody reads of a request whose sender is gone as soon as it is sent."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": BATCHES,
        "raw_path": BATCHES.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"server"),
            (b"authorization", f"Bearer {TOKEN}".encode()),
            (b"content-type", b"application/json"),
        ],
    }
    messages: Iterator[Message] = iter([{"type": "http.request", "body": body}, {"type": "http.disconnect"}])
    answers: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        answers.append(message)

    await app(scope, receive, send)
    status: int = answers[0]["status"]
    return status


@pytest.mark.parametrize("waits", [False, True])
async def test_a_worker_that_hung_up_is_given_nothing(
    app: FastAPI, client: httpx2.AsyncClient, worker: Worker, run: Body, waits: bool
) -> None:
    body = client.build_request("POST", BATCHES, json=worker.request(wants=2)).content
    if waits:
        await client.post(f"/api/v1/runs/{run['id']}/pause")

    status = await ask_and_hang_up(app, body)

    await client.post(f"/api/v1/runs/{run['id']}/resume")
    leased = (await client.get("/api/v1/workers")).json()["items"][0]["runs"]
    assert status == 499
    assert leased == []


async def test_a_worker_that_hung_up_after_its_results_is_given_nothing_but_they_count(
    app: FastAPI, client: httpx2.AsyncClient, worker: Worker, run: Body
) -> None:
    submission = results_of((await worker.ask(wants=1))["batches"][0])
    request = worker.request(submissions=[submission], wants=2)

    status = await ask_and_hang_up(app, client.build_request("POST", BATCHES, json=request).content)

    again = await worker.ask(submissions=[submission])
    leased = (await client.get("/api/v1/workers")).json()["items"][0]["runs"]
    assert status == 499
    assert again["outcomes"][submission["id"]]["repeated"] == len(submission["results"])
    assert leased == []
    assert run["state"] == "running"


async def test_who_waits_is_sent_away_when_the_server_stops(app: FastAPI, worker: Worker, run: Body) -> None:
    del run
    while (await worker.ask(wants=4))["batches"]:
        pass
    app.state.stopping.set()

    waiting = await worker.client.post(BATCHES, json=worker.request(wants=1))

    assert waiting.status_code == 503
    assert waiting.json()["type"] == "urn:neuroevo:problem:stopping"
    assert waiting.headers["retry-after"]


async def test_results_are_taken_even_while_the_server_stops(app: FastAPI, worker: Worker, run: Body) -> None:
    batch = (await worker.ask(wants=1))["batches"][0]
    app.state.stopping.set()

    reply = await worker.ask(submissions=[results_of(batch)])

    assert batch["run"] == run["id"]
    assert next(iter(reply["outcomes"].values()))["accepted"] == len(batch["episodes"])


async def test_a_paused_runs_work_is_not_handed_out(client: httpx2.AsyncClient, worker: Worker, run: Body) -> None:
    await client.post(f"/api/v1/runs/{run['id']}/pause")

    assert (await worker.ask(wants=1))["batches"] == []
