"""Videos on their way to a real server: few at once, of bounded size together, and none that nobody wants."""

import asyncio
import base64
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from evolution.messages import Outcome
from tests.worker.fake_server import FakeServer
from worker import uploads as module
from worker.orders import Recording
from worker.server import Server
from worker.uploads import AT_ONCE, Uploads

pytestmark = pytest.mark.anyio

TAKEN = Outcome(accepted=1, repeated=0, unwanted=0)
UNWANTED = Outcome(accepted=0, repeated=0, unwanted=1)


@pytest.fixture
async def uploads(fake: FakeServer) -> AsyncIterator[Uploads]:
    async with Server(fake.url, None) as server:
        yield Uploads(server)


def filmed(number: int, size: int = 10) -> Recording:
    """A recording with a video and a poster of so many bytes together."""
    return Recording(rollout=f"r{number}", video=base64.b64encode(bytes(size - 1)), poster=base64.b64encode(b"p"))


def commit(uploads: Uploads, recording: Recording, outcome: Outcome = TAKEN) -> bool:
    """Its results are acknowledged."""
    submission = uuid4()
    uploads.hold(submission, [recording])
    return uploads.release({submission: outcome})


async def until(fake: FakeServer, putting: int) -> None:
    """Returns when so many files are being sent."""
    assert await asyncio.to_thread(fake.wait_until, lambda: len(fake.putting) == putting)


def videos(fake: FakeServer) -> list[str]:
    """Rollouts whose video came."""
    return sorted(path.split("/")[-2] for path in fake.files if path.endswith("video.mp4"))


async def test_few_videos_are_sent_at_once_and_all_in_the_end(fake: FakeServer, uploads: Uploads) -> None:
    fake.change(holds_files=True)
    async with asyncio.TaskGroup() as group:
        for number in range(8):
            assert commit(uploads, filmed(number))
            group.create_task(uploads.send())
        await until(fake, AT_ONCE)
        assert len(group._tasks) == AT_ONCE, "the others have nothing to do"
        fake.change(holds_files=False)
    assert videos(fake) == [f"r{number}" for number in range(8)]


async def test_of_too_many_bytes_that_wait_the_oldest_are_dropped(
    fake: FakeServer, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 30)
    fake.change(holds_files=True)
    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            commit(uploads, filmed(number))
            group.create_task(uploads.send())
        await until(fake, AT_ONCE)
        for number in range(AT_ONCE, 8):
            commit(uploads, filmed(number))
        fake.change(holds_files=False)
    assert videos(fake) == ["r0", "r1", "r5", "r6", "r7"], "what is being sent is sent"


async def test_what_waits_for_its_results_counts_too(
    fake: FakeServer, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 30)
    submissions = [uuid4() for _ in range(5)]
    commit(uploads, filmed(9))
    for number, submission in enumerate(submissions):
        uploads.hold(submission, [filmed(number)])
    assert uploads.release(dict.fromkeys(submissions, TAKEN))
    await uploads.send()
    assert videos(fake) == ["r2", "r3", "r4"]


async def test_one_video_that_is_larger_than_all_may_be_is_sent(
    fake: FakeServer, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 30)
    commit(uploads, filmed(0, size=100))
    await uploads.send()
    assert videos(fake) == ["r0"]


async def test_what_nobody_wants_is_not_sent(fake: FakeServer, uploads: Uploads) -> None:
    assert not commit(uploads, filmed(0), UNWANTED)
    await uploads.send()
    assert not fake.files
