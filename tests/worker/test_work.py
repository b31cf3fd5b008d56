"""The worker as a real process, against a real HTTP server."""

import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from evolution.chains import SeedChain
from evolution.environments import Environment
from evolution.messages import Batch, Episode, ParentChain, Phase
from tests.worker.conftest import Start, fitting
from tests.worker.fake_server import CARTPOLE, SMALL, FakeServer, episodes, make_batch, serving, spread
from worker import evaluate_policy

FROSTBITE = Environment(id="ALE/Frostbite-v5")


def long_batch() -> Batch:
    """Minutes of work."""
    played = [replace(episode, mutation=2) for episode in episodes(400)]
    return make_batch(played, environment=FROSTBITE, architecture=fitting(FROSTBITE.id))


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                status = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(status[1]) == pid and status[0] != "Z":
                found.append(int(entry.name))
    return found


def have_ended(watched: Sequence[int], seconds: float) -> bool:
    """Whether the processes with these descriptors end in time."""
    waiting = set(watched)
    end = time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        waiting -= set(select.select(waiting, [], [], end - time.monotonic())[0])
    return not waiting


def test_all_episodes_are_played_once_and_scored_as_by_evaluation(fake: FakeServer, start: Start) -> None:
    fake.batches.extend(spread(40, 8))
    start(slots=2)
    assert fake.wait_until(lambda: len(fake.results) == 40)
    assert fake.repeated == 0
    for index in (0, 17, 39):
        chain = SeedChain(architecture=SMALL, environment=CARTPOLE, seeds=[index], power=0.05)
        played, result = evaluate_policy(chain, CARTPOLE, index), fake.results[0, index, 0, 0]
        assert (result.score, result.steps, result.frames, result.digest) == played[:4]


def test_one_batch_for_each_slot_is_fetched_ahead(fake: FakeServer, start: Start) -> None:
    fake.batches.extend([long_batch() for _ in range(5)])
    start(slots=1)
    assert fake.wait_until(lambda: len(fake.batches) == 3)
    assert fake.wait_until(lambda: len(fake.results) > 0)
    assert len(fake.batches) == 3


def test_children_of_sent_parents_are_played_and_parents_are_sent_once(fake: FakeServer, start: Start) -> None:
    parent = ParentChain(seeds=[5, 6])
    child = Episode(generation=2, index=0, phase=Phase.EVALUATION, episode=0, seed=9, parent="p", mutation=7)
    carried = replace(child, index=1, phase=Phase.VALIDATION, mutation=None)
    fake.batches.append(make_batch([child], chains={"p": parent}))
    start()
    assert fake.wait_until(lambda: len(fake.results) == 1)
    assert fake.wait_until(lambda: fake.requests[-1].holds == ["p"])
    fake.change(batches=deque([make_batch([carried])]))
    assert fake.wait_until(lambda: len(fake.results) == 2)
    for key, seeds in (((2, 0, 0, 0), [5, 6, 7]), ((2, 1, 1, 0), [5, 6])):
        chain = SeedChain(architecture=SMALL, environment=CARTPOLE, seeds=seeds, power=0.05)
        assert fake.results[key].digest == evaluate_policy(chain, CARTPOLE, 9).digest


def test_a_batch_whose_parent_was_never_sent_is_given_back(fake: FakeServer, start: Start) -> None:
    child = replace(episodes(1)[0], parent="unknown")
    batch = make_batch([child])
    fake.batches.append(batch)
    start()
    assert fake.wait_until(lambda: any(batch.lease in release.leases for release in fake.releases))


def test_a_submission_without_answer_is_sent_again_under_its_id(fake: FakeServer, start: Start) -> None:
    fake.batches.extend(spread(3, 3))

    def ids() -> list[UUID]:
        return [submission.id for request in fake.requests for submission in request.submissions]

    fake.change(forgetful=True)
    start()
    assert fake.wait_until(lambda: len(ids()) > 1)
    assert len(set(ids())) == 1
    assert fake.wait_until(lambda: fake.repeated == 3)


def test_the_loss_of_the_server_is_survived(start: Start) -> None:
    with serving(FakeServer(batches=deque(spread(10, 2)))) as first:
        port = int(first.url.rpartition(":")[2])
        start(url=first.url)
        assert first.wait_until(lambda: len(first.results) > 0)
    with serving(FakeServer(unknown=True), port) as second:
        assert second.wait_until(second.announced)
        second.change(batches=deque(spread(30, 10)))
        assert second.wait_until(lambda: len(second.results) >= 30)


def test_a_server_that_does_not_know_the_worker_is_told_again(fake: FakeServer, start: Start) -> None:
    start()
    assert fake.wait_until(fake.announced)
    count = sum(bool(request.announcement) for request in fake.requests)
    fake.change(unknown=True)
    assert fake.wait_until(lambda: sum(bool(request.announcement) for request in fake.requests) > count)
    announcement = next(request.announcement for request in fake.requests if request.announcement)
    assert announcement.slots == 1
    assert "CartPole-v1" in announcement.engines


def test_environments_are_described_when_asked(fake: FakeServer, start: Start) -> None:
    fake.change(describe=[CARTPOLE, Environment(id="FrozenLake-v1")])
    start()
    assert fake.wait_until(lambda: sum(len(request.descriptions) for request in fake.requests) >= 2)
    told = {told.environment.id: told for request in fake.requests for told in request.descriptions}
    assert told["CartPole-v1"].observation_shape == [4]
    assert told["FrozenLake-v1"].problem


def test_leases_are_extended_and_a_lost_one_is_dropped(fake: FakeServer, start: Start) -> None:
    lost, other = long_batch().model_copy(update={"expires_in": 1.0}), spread(2, 2)[0]
    fake.change(lost={lost.lease}, batches=deque([lost]))
    start()
    assert fake.wait_until(lambda: any(lost.lease in extension.leases for extension in fake.extensions))
    fake.change(batches=deque([other]))
    # The slot becomes free long before the lost batch would be played.
    assert fake.wait_until(lambda: any(s.lease == other.lease for r in fake.requests for s in r.submissions))


def test_sigterm_hands_back_within_ten_seconds(fake: FakeServer, start: Start) -> None:
    playing, ahead = long_batch(), long_batch()
    fake.batches.extend([playing, ahead])
    worker = start(slots=1)
    assert fake.wait_until(lambda: len(fake.results) > 0)
    slots = [os.pidfd_open(pid) for pid in children_of(worker.pid)]
    assert slots
    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == 0
    assert time.monotonic() - begun < 10
    release = fake.releases[-1]
    assert release.leaving
    assert release.why == "left"
    assert {playing.lease, ahead.lease} <= set(release.leases)
    assert have_ended(slots, 0.1)


def test_sigterm_without_a_server_ends_within_ten_seconds(start: Start) -> None:
    with serving(FakeServer(batches=deque([long_batch()]))) as gone:
        worker = start(url=gone.url)
        assert gone.wait_until(lambda: len(gone.results) > 0)
    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=12) == 0
    assert time.monotonic() - begun < 10


def test_a_killed_worker_leaves_no_evaluation_process(fake: FakeServer, start: Start) -> None:
    fake.batches.append(long_batch())
    worker = start(slots=1)
    assert fake.wait_until(lambda: len(fake.results) > 0)
    slots = [os.pidfd_open(pid) for pid in children_of(worker.pid)]
    assert slots
    worker.kill()
    assert have_ended(slots, 5)


def test_a_dead_evaluation_process_is_replaced_and_its_batch_given_back(fake: FakeServer, start: Start) -> None:
    batch = long_batch()
    fake.batches.append(batch)
    worker = start(slots=1)
    assert fake.wait_until(lambda: len(fake.results) > 0)
    for pid in children_of(worker.pid):
        os.kill(pid, signal.SIGKILL)
    assert fake.wait_until(lambda: any(batch.lease in release.leases for release in fake.releases))
    before = len(fake.results)
    fake.change(batches=deque(spread(500, 50)[-2:]))
    assert fake.wait_until(lambda: len(fake.results) >= before + 100)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "pass the one that it was started with"),
        (403, "the token: as the test wants it"),
        (426, "as the test wants it"),
        (404, "is this the right server?"),
    ],
)
def test_a_server_that_refuses_ends_the_worker_with_one_message(
    fake: FakeServer, start: Start, status: int, message: str
) -> None:
    fake.change(status=status)
    worker = start()
    _, said = worker.communicate(timeout=30)
    assert worker.returncode == 1
    assert [
        line for line in said.splitlines() if "ERROR" in line and "action=worker-refused" in line and message in line
    ]
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("url", "modules", "message"),
    [
        ("localhost:8080", (), "is no address"),
        (None, ("no_such_module",), "--env-module no_such_module cannot be imported"),
    ],
)
def test_what_cannot_work_is_said_at_the_start(
    start: Start, url: str | None, modules: tuple[str, ...], message: str
) -> None:
    worker = start(url=url, modules=modules)
    _, said = worker.communicate(timeout=30)
    assert worker.returncode == 1
    assert message in said
    assert "Traceback" not in said


UNLOADABLE = """
import pathlib, sys
if "worker.poller" not in sys.modules and not pathlib.Path(__file__).with_name("loadable").exists():
    sys.exit("no licence")
"""


@pytest.fixture
def unloadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a module `unloadable` that ends evaluation processes, unless a file `loadable` lies there."""
    (tmp_path / "unloadable.py").write_text(UNLOADABLE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


FAULT = """
import asyncio, os, signal
from worker import crew, poller

async def tell(self, worker):
    struck = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, struck.set)
    await struck.wait()
    1 / 0

crew.Crew.tell = tell
"""
"""A module of a user that is loaded into the worker, where something breaks on SIGUSR1."""
LAST_FAULT = """
def collect(self):
    if self._is_leaving:
        raise OSError("this breaks too")
    original(self)

original, poller.Poller._collect = poller.Poller._collect, collect
"""


def _gives_up(worker: subprocess.Popen[str]) -> None:
    """Waits until the worker ends, with one line that says what to do."""
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 1
    (told,) = [line for line in said.splitlines() if "action=worker-failed" in line]
    assert "ERROR" in told
    assert "start the worker again" in told
    assert "Traceback" not in said


def test_a_worker_whose_processes_never_become_ready_claims_nothing_and_ends(
    fake: FakeServer, start: Start, unloadable: Path
) -> None:
    fake.batches.extend(spread(40, 8))
    _gives_up(start(slots=2, modules=["unloadable"]))
    assert fake.announced()
    assert all(request.wants == 0 for request in fake.requests)
    assert fake.releases[-1].leaving
    assert fake.releases[-1].why == "crashed"
    assert "start the worker again" in (fake.releases[-1].reason or "")


@pytest.mark.parametrize("last_words_fail", [False, True], ids=["", "even as it submits the rest"])
def test_a_worker_that_ends_for_an_unforeseen_reason_tells_it_and_hands_back_what_it_holds(
    fake: FakeServer, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_words_fail: bool
) -> None:
    (tmp_path / "faulty.py").write_text(FAULT + LAST_FAULT * last_words_fail, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    batch = long_batch()
    fake.batches.append(batch)
    worker = start(modules=["faulty"])
    assert fake.wait_until(lambda: len(fake.results) > 0)
    worker.send_signal(signal.SIGUSR1)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert any(
        'action=worker-failed reason="ZeroDivisionError: division by zero"' in line for line in said.splitlines()
    )
    goodbye = fake.releases[-1]
    assert (goodbye.leaving, goodbye.why, goodbye.reason) == (True, "crashed", "ZeroDivisionError: division by zero")
    assert batch.lease in goodbye.leases


def test_a_worker_whose_processes_become_ready_no_more_hands_back_what_it_holds(
    fake: FakeServer, start: Start, unloadable: Path
) -> None:
    (unloadable / "loadable").touch()
    playing, ahead = long_batch(), long_batch()
    fake.batches.extend([playing, ahead])
    worker = start(slots=1, modules=["unloadable"])
    assert fake.wait_until(lambda: len(fake.results) > 0)
    (unloadable / "loadable").unlink()
    for pid in children_of(worker.pid):
        os.kill(pid, signal.SIGKILL)
    _gives_up(worker)
    assert {playing.lease, ahead.lease} <= {lease for release in fake.releases for lease in release.leases}
    assert fake.releases[-1].leaving
