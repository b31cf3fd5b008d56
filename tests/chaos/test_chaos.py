"""Whatever dies, hangs or is cut off: no acknowledged result is lost, none is counted twice, the run finds the same.

`make chaos KILLS=100` is the long version.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.processes import pause
from tests.chaos.audit import acknowledged, audit, outcome
from tests.chaos.cluster import KILLS, OTHERS, Cluster, Disturbance, ServerEnded
from tests.chaos.runs import await_progress, begin, finish

KILL_COUNT = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("SEED", "1"))
SECONDS_A_KILL = 30.0
CONTROL_DISTURBANCES = 40
"""Of a sabotaged server at most: it has long been found out by then."""


def disturb(cluster: Cluster, disturbances: Sequence[Disturbance]) -> str:
    """One of them at a moment of its own: what was done."""
    for _ in range(cluster.chance.randrange(10)):
        pause()
    disturbance = cluster.chance.choice(disturbances)
    disturbance(cluster)
    return disturbance.__name__


@pytest.mark.timeout(120 + SECONDS_A_KILL * KILL_COUNT)
def test_no_acknowledged_result_is_lost_or_counted_twice_whatever_is_killed(tmp_path: Path) -> None:
    with Cluster(tmp_path, random.Random(SEED)) as cluster:
        run = begin(cluster)
        # Each kind in turn, so that none is left to luck, in an order and at moments that are.
        kills = [kill for _ in range(KILL_COUNT // len(KILLS) + 1) for kill in cluster.chance.sample(KILLS, len(KILLS))]
        for number, kill in enumerate(kills[:KILL_COUNT]):
            started = time.monotonic()
            done = disturb(cluster, [kill])
            if number % 2:
                done += f", {disturb(cluster, OTHERS)}"
            await_progress(cluster, run)
            assert audit(cluster, run) == [], done
            print(f"{number + 1}: {done} ({time.monotonic() - started:.1f} s)")
        cluster.ask("POST", f"runs/{run}/pause")
        closed = cluster.ask("GET", f"runs/{run}")["generation"]
        assert audit(cluster, run) == []
        undisturbed = begin(cluster, closed)
        finish(cluster, undisturbed)
        assert audit(cluster, undisturbed) == []
        found = outcome(cluster, run, closed)
        assert found == outcome(cluster, undisturbed, closed)
        submissions = len(acknowledged(cluster, run))
        print(f"{KILL_COUNT} kills, {closed} generations, {submissions} submissions, {len(found)} rows compared")
        assert closed > 0


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("sabotage", "disturbances", "settings"),
    [
        ("acknowledge_before_commit", [Cluster.kill_server], {}),
        # Without these the write-ahead log would be written soon after all.
        ("commit_without_disk", [Cluster.kill_backend], {"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}),
        ("count_twice", [Cluster.cut_database_off], {}),
    ],
)
def test_the_harness_notices_a_server_that(
    tmp_path: Path, sabotage: str, disturbances: list[Callable[[Cluster], None]], settings: dict[str, str]
) -> None:
    with Cluster(tmp_path, random.Random(SEED), sabotage, **settings) as cluster:
        run = begin(cluster)
        for _ in range(CONTROL_DISTURBANCES):
            with suppress(ServerEnded):  # with the results its epoch was lost: it takes itself for replaced
                disturb(cluster, disturbances)
            if complaints := audit(cluster, run):
                print("\n".join(complaints[:3]))
                return
            with suppress(TimeoutError):  # a run that lost results may go no further
                await_progress(cluster, run)
        pytest.fail("the audit found nothing wrong")
