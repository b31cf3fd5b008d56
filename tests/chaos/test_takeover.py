"""A server that stands still loses the lead and writes nothing when it wakes; a database that does loses no result."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError

import pytest

from server.service.master import REPLACED_EXIT
from tests.acceptance.processes import children_of, until
from tests.chaos.audit import acknowledged, audit, outcome
from tests.chaos.cluster import Cluster
from tests.chaos.runs import await_progress, begin, finish

TAKEOVER_SECONDS = 20.0
ATTEMPTS = 2000
OPEN = """
    SELECT pid FROM pg_stat_activity
    WHERE application_name = 'neuroevo' AND state = 'idle in transaction'
        AND position('INSERT INTO results' IN query) > 0
"""
"""A transaction that has written results and is not committed."""


def stop_in_mid_transaction(cluster: Cluster) -> int:
    """SIGSTOP of the server while results of its are written and not committed: the database session."""
    process = cluster.server.process
    for _ in range(ATTEMPTS):
        process.send_signal(signal.SIGSTOP)
        if caught := cluster.query(OPEN):
            return int(caught[0][0])
        process.send_signal(signal.SIGCONT)
    pytest.fail("the server was never caught in a transaction")


@pytest.mark.timeout(400)
def test_a_stopped_server_loses_the_lead_and_writes_nothing_when_it_wakes(tmp_path: Path) -> None:
    with Cluster(tmp_path, random.Random(1)) as cluster:
        run = begin(cluster)
        second = cluster.start_server()
        assert not second.is_ready()
        session = stop_in_mid_transaction(cluster)
        stopped_at = time.monotonic()
        until(second.is_ready, TAKEOVER_SECONDS - (time.monotonic() - stopped_at))
        assert cluster.query("SELECT 1 FROM pg_stat_activity WHERE pid = %s", session) == []
        cluster.network.lead_to(("127.0.0.1", second.port))
        await_progress(cluster, run)
        ((epoch, holder),) = cluster.query("SELECT epoch, holder FROM leadership")
        first = cluster.servers.pop(0)
        first.process.send_signal(signal.SIGCONT)
        assert first.process.wait(TAKEOVER_SECONDS) == REPLACED_EXIT
        assert cluster.query("SELECT epoch, holder FROM leadership") == [(epoch, holder)]
        await_progress(cluster, run)
        cluster.ask("POST", f"runs/{run}/pause")
        closed = cluster.ask("GET", f"runs/{run}")["generation"]
        assert audit(cluster, run) == []
        undisturbed = begin(cluster, max(closed, 1))
        finish(cluster, undisturbed)
        assert outcome(cluster, run, closed) == outcome(cluster, undisturbed, closed)


@pytest.mark.timeout(400)
def test_while_the_database_stands_still_the_server_says_so_and_no_result_is_lost(tmp_path: Path) -> None:
    with Cluster(tmp_path, random.Random(1)) as cluster:
        run = begin(cluster)
        with standing_still(cluster.postmaster):
            until(lambda: not cluster.server.is_ready(), 30)
            seen = len(acknowledged(cluster, run))
            headers = refused(cluster)
            assert int(headers["Retry-After"]) >= 1
            assert len(acknowledged(cluster, run)) == seen
        cluster.await_server()
        await_progress(cluster, run)
        assert audit(cluster, run) == []


@contextmanager
def standing_still(postmaster: int) -> Iterator[None]:
    """SIGSTOP for it and its processes, until the end of the block."""
    os.kill(postmaster, signal.SIGSTOP)  # From here on it starts no other.
    frozen = [postmaster, *children_of(postmaster)]
    try:
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in reversed(frozen):
            os.kill(process, signal.SIGCONT)


def refused(cluster: Cluster) -> Message:
    """The headers with which the server answers 503."""
    with pytest.raises(HTTPError) as refusal:
        cluster.ask("GET", "runs")
    with refusal.value as answer:
        assert answer.code == 503
        return answer.headers
