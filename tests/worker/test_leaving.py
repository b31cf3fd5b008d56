"""SIGTERM, in whatever a worker does: it submits or hands back, says why it goes, and exits 0 within 10 s."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import pytest

from evolution.messages import Episode, ParentChain, Phase
from tests.worker.conftest import Start, chain, fitting
from tests.worker.fake_server import FakeServer, make_batch
from tests.worker.test_jobs import recording
from tests.worker.test_work import FROSTBITE, children_of, have_ended, long_batch
from worker.compilation import NOTICE

LIMIT_SECONDS = 10.0
"""GKE leaves 15 s to a pod on a spot node."""


def leaves(worker: subprocess.Popen[str]) -> None:
    """It ends in time, with all its processes."""
    slots = [os.pidfd_open(pid) for pid in children_of(worker.pid)]
    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=2 * LIMIT_SECONDS) == 0
    assert time.monotonic() - begun < LIMIT_SECONDS
    assert have_ended(slots, 0.1)


def seconds_of(pid: int) -> float:
    """Processor time that it took."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_in_mid_episode_on_a_spot_machine_it_is_preempted(fake: FakeServer, start: Start) -> None:
    playing, ahead = long_batch(), long_batch()
    fake.batches.extend([playing, ahead])
    worker = start(spot=True)
    assert fake.wait_until(lambda: len(fake.results) > 0)
    leaves(worker)
    goodbye = fake.releases[-1]
    assert (goodbye.leaving, goodbye.why) == (True, "preempted")
    assert {playing.lease, ahead.lease} <= set(goodbye.leases)


def test_a_person_who_ends_it_on_a_spot_machine_does_not_preempt_it(fake: FakeServer, start: Start) -> None:
    worker = start(spot=True)
    assert fake.wait_until(fake.announced)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(timeout=LIMIT_SECONDS) == 0
    assert fake.releases[-1].why == "left"


def test_in_mid_compilation_at_its_start(
    fake: FakeServer, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    fake.batches.append(long_batch())
    worker = start()
    assert worker.stderr is not None
    assert any(NOTICE in line for line in worker.stderr)
    assert fake.wait_until(fake.announced)
    leaves(worker)
    assert fake.releases[-1].leaving
    assert len(fake.batches) == 1, "who cannot play yet claims nothing"


def test_while_a_server_takes_connections_but_answers_nothing(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        worker = start(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            leaves(worker)


def test_while_a_video_uploads(fake: FakeServer, start: Start) -> None:
    fake.change(holds_files=True)
    fake.jobs.append(recording(chain("ALE/Pong-v5", max_steps=30)))
    worker = start()
    assert fake.wait_until(lambda: len(fake.putting) > 0)
    leaves(worker)
    assert fake.releases[-1].leaving
    assert sum(len(each.results) for each in fake.job_submissions) == 1, "its results had come before"


def test_while_a_chain_of_a_thousand_seeds_is_expanded(fake: FakeServer, start: Start) -> None:
    parent = ParentChain(seeds=list(range(1000)))
    child = Episode(generation=1, index=0, phase=Phase.EVALUATION, episode=0, seed=9, parent="p", mutation=7)
    batch = make_batch([child], environment=FROSTBITE, architecture=fitting(FROSTBITE.id), chains={"p": parent})
    worker = start()
    assert fake.wait_until(lambda: any(request.wants for request in fake.requests))
    (slot,) = children_of(worker.pid)
    before = seconds_of(slot)
    fake.change(batches=deque([batch]))
    assert fake.wait_until(lambda: not fake.batches)
    while seconds_of(slot) - before < 0.5:
        time.sleep(0.02)
    assert not fake.results
    leaves(worker)
    assert batch.lease in fake.releases[-1].leases
    assert not fake.results


def test_while_its_command_is_being_loaded() -> None:
    """By default SIGTERM would end it with an error, and never reach a container's first process."""
    program = """
import os, signal
from cli import connection, workers
connection.find_connection = lambda *_: os.kill(os.getpid(), signal.SIGTERM)
workers.start_worker()
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
