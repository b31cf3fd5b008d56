"""A small real HTTP server that speaks the protocol, with the work of one run in memory and every request recorded."""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import anyio
import uvicorn

from evolution.architectures import Architecture, MlpArchitecture
from evolution.environments import Environment
from evolution.messages import (
    Batch,
    BatchReply,
    BatchRequest,
    Episode,
    EpisodeResult,
    ExtendReply,
    ExtendRequest,
    JobBatch,
    JobSubmission,
    Outcome,
    ParentChain,
    Phase,
    ReleaseRequest,
)

Key = tuple[int, int, int, int]
WAIT_SECONDS = 2.0
CARTPOLE = Environment(id="CartPole-v1")
SMALL = MlpArchitecture(name="mlp", inputs=4, hidden=[8], actions=2)


def episodes(count: int, *, seed: int = 0) -> list[Episode]:
    """Individuals of generation 0, one episode each."""
    return [
        Episode(generation=0, index=i, phase=Phase.EVALUATION, episode=0, seed=seed + i, parent=None, mutation=i)
        for i in range(count)
    ]


def make_batch(
    played: list[Episode],
    *,
    environment: Environment = CARTPOLE,
    architecture: Architecture = SMALL,
    expires_in: float = 30.0,
    chains: dict[str, ParentChain] | None = None,
) -> Batch:
    return Batch(
        lease=uuid4(),
        expires_in=expires_in,
        run="aaaaaa",
        environment=environment,
        architecture=architecture,
        format="philox-1",
        power=0.05,
        parents=sorted({episode.parent for episode in played if episode.parent is not None}),
        chains=chains or {},
        episodes=played,
    )


def spread(count: int, batch_size: int) -> list[Batch]:
    """Individuals 0..count-1 in batches."""
    every = episodes(count)
    return [make_batch(every[at : at + batch_size]) for at in range(0, count, batch_size)]


@dataclass
class FakeServer:
    """State shared by the server's thread and the test: everything goes through `changed`."""

    batches: deque[Batch] = field(default_factory=deque)
    jobs: deque[JobBatch] = field(default_factory=deque)
    job_submissions: list[JobSubmission] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    """What was put, by path."""
    refused_files: int = 0
    """So many files are answered with an error."""
    holds_files: bool = False
    """Whether files are not answered yet."""
    putting: set[str] = field(default_factory=set)
    """Files that are being sent, by path."""
    describe: list[Environment] = field(default_factory=list)
    results: dict[Key, EpisodeResult] = field(default_factory=dict)
    repeated: int = 0
    requests: list[BatchRequest] = field(default_factory=list)
    extensions: list[ExtendRequest] = field(default_factory=list)
    releases: list[ReleaseRequest] = field(default_factory=list)
    status: int = 200
    """What every request is answered with."""
    forgetful: bool = False
    """Whether the next submission is committed, but answered with an error."""
    lost: set[UUID] = field(default_factory=set)
    unknown: bool = False
    """Whether the next request is told to announce."""
    closing: bool = False
    url: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_until(self, true: Callable[[], bool], seconds: float = 40.0) -> bool:
        with self.changed:
            return self.changed.wait_for(true, seconds)

    def change(self, **values: Any) -> None:
        with self.changed:
            for name, value in values.items():
                setattr(self, name, value)
            self.changed.notify_all()

    def announced(self) -> bool:
        return any(request.announcement for request in self.requests)

    def exchange(self, request: BatchRequest) -> BatchReply:
        outcomes = {submission.id: self._commit(submission.results) for submission in request.submissions}
        outcomes |= {submission.id: self._take_job(submission) for submission in request.job_submissions}
        jobs = [self.jobs.popleft() for _ in range(min(request.wants, len(self.jobs)))]
        given = [self.batches.popleft() for _ in range(min(request.wants - len(jobs), len(self.batches)))]
        asked, self.describe = self.describe, []
        announce, self.unknown = self.unknown, False
        return BatchReply(outcomes=outcomes, batches=given, jobs=jobs, describe=asked, announce=announce)

    def _take_job(self, submission: JobSubmission) -> Outcome:
        self.job_submissions.append(submission)
        return Outcome(accepted=len(submission.results), repeated=0, unwanted=0)

    async def _put(self, path: str, body: bytes) -> tuple[int, bytes]:
        with self.changed:
            self.putting.add(path)
            self.changed.notify_all()
        await anyio.to_thread.run_sync(self.wait_until, lambda: not self.holds_files or self.closing)
        with self.changed:
            self.putting.discard(path)
            if self.refused_files:
                self.refused_files -= 1
                return 503, b"{}"
            self.files[path] = body
            self.changed.notify_all()
            return 204, b""

    def _commit(self, results: list[EpisodeResult]) -> Outcome:
        accepted = 0
        for result in results:
            key = (result.generation, result.index, int(result.phase), result.episode)
            accepted += key not in self.results
            self.repeated += key in self.results
            self.results.setdefault(key, result)
        return Outcome(accepted=accepted, repeated=len(results) - accepted, unwanted=0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive()).get("more_body") or message.get("body"):
            body += message["body"]
            if not message.get("more_body"):
                break
        status, answer = await (self._answer if scope["method"] == "POST" else self._put)(scope["path"], body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        if self.status != 200:
            return self.status, b'{"title": "refused", "detail": "as the test wants it"}'
        if path.endswith("/extend"):
            return 200, self._extend(ExtendRequest.model_validate_json(body)).model_dump_json().encode()
        if path.endswith("/release"):
            self._record(self.releases, ReleaseRequest.model_validate_json(body))
            return 204, b""
        request = BatchRequest.model_validate_json(body)
        self._record(self.requests, request)
        end = anyio.current_time() + WAIT_SECONDS
        while True:
            with self.changed:
                reply = self.exchange(request)
                self.changed.notify_all()
                if (request.submissions or request.job_submissions) and self.forgetful:
                    self.forgetful = False
                    return 503, b"{}"
            asked = request.submissions or request.job_submissions or request.descriptions
            said = asked or reply.batches or reply.jobs or reply.describe or reply.announce
            if said or self.closing or anyio.current_time() > end:
                return 200, reply.model_dump_json().encode()
            await anyio.sleep(0.02)

    def _extend(self, request: ExtendRequest) -> ExtendReply:
        self._record(self.extensions, request)
        alive = {lease: 1.0 for lease in request.leases if lease not in self.lost}
        return ExtendReply(expires_in=alive, lost=[lease for lease in request.leases if lease in self.lost])

    def _record(self, where: list[Any], request: Any) -> None:
        with self.changed:
            where.append(request)
            self.changed.notify_all()


@contextmanager
def serving(fake: FakeServer, port: int = 0) -> Iterator[FakeServer]:
    """The fake server on a port of its own, in a thread."""
    listening = socket.create_server(("127.0.0.1", port))
    fake.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(fake, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield fake
    finally:
        server.should_exit = True
        fake.change(closing=True)
        thread.join()
        listening.close()
