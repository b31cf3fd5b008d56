"""What must hold whatever was killed: each acknowledged submission is in the ledger, and nothing is counted twice."""

import re
from collections import Counter
from typing import Any, NamedTuple

from tests.chaos.cluster import Cluster

ACKNOWLEDGED = re.compile(
    r"action=acknowledged submission=(?P<id>\S+) run=(?P<run>\S+) accepted=(?P<accepted>\d+) "
    r'repeated=(?P<repeated>\d+) unwanted=(?P<unwanted>\d+) episodes="?(?P<episodes>[\d/ ]*)'
)
LEDGER = """
    SELECT generation, index, phase, episode, score, steps, frames, digest, submission::text, retracted FROM results
"""

BUDGETS = """
    SELECT number, generations.frames, sum(played.frames) OVER (ORDER BY number)::bigint
    FROM generations JOIN (
        SELECT run_id, generation, sum(frames) AS frames FROM results WHERE phase < 2 AND NOT retracted
        GROUP BY run_id, generation
    ) AS played ON played.run_id = generations.run_id AND played.generation = number
    WHERE generations.run_id = %s ORDER BY number
"""
"""Of each closed generation, what the run had cost by then, as counted and as the ledger has it."""


class Acknowledged(NamedTuple):
    """What a worker was told of a submission."""

    id: str
    accepted: int
    episodes: frozenset[tuple[int, ...]]
    """Generation, index, phase and episode of each result, if none was unwanted."""


def acknowledged(cluster: Cluster, run: str) -> list[Acknowledged]:
    """What the workers saw acknowledged."""
    found = []
    for line in cluster.logs():
        if (match := ACKNOWLEDGED.search(line)) and match["run"] == run:
            keys = match["episodes"].split() if match["unwanted"] == "0" else []
            episodes = frozenset(tuple(int(part) for part in key.split("/")) for key in keys)
            found.append(Acknowledged(match["id"], int(match["accepted"]), episodes))
    return found


def audit(cluster: Cluster, run: str) -> list[str]:
    """What was promised and is not so; nothing if all is well. The end of a run shows none of it."""
    promised = acknowledged(cluster, run)  # before the ledger is read: what is acknowledged meanwhile may be missing
    rows = cluster.query(f"{LEDGER} WHERE run_id = %s", run)
    present, stored = {row[:4] for row in rows}, Counter(row[8] for row in rows)
    found = []
    for submission in promised:
        if stored[submission.id] < submission.accepted:
            gone = submission.accepted - stored[submission.id]
            found.append(f"submission {submission.id}: {gone} of {submission.accepted} accepted results are gone")
        if missing := submission.episodes - present:
            found.append(f"submission {submission.id}: acknowledged, but not in the ledger: {sorted(missing)}")
    if twice := [key for key, count in Counter(row[:4] for row in rows if not row[9]).items() if count > 1]:
        found.append(f"{len(twice)} results are in the ledger twice")
    for number, counted, summed in cluster.query(BUDGETS, run):
        if counted != summed:
            found.append(f"up to generation {number} {counted} frames are counted, the ledger has {summed}")
    return found


def outcome(cluster: Cluster, run: str, generations: int) -> list[Any]:
    """All that the run found in its first generations: each result, each elite with its chain."""
    found = f"{LEDGER} WHERE run_id = %s AND generation < %s AND NOT retracted ORDER BY 1, 2, 3, 4"
    results = cluster.query(found, run, generations)
    elites = cluster.query(
        "SELECT number, frames, best, mean, parents, elite_index, elite_seeds, validation, test FROM generations "
        "WHERE run_id = %s AND number < %s ORDER BY number",
        run,
        generations,
    )
    return [*(row[:8] for row in results), *elites]
