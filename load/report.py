"""One measurement of the server, from an empty folder to figures."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import uvloop

from load import history, measure
from load.history import Past
from load.served import Served
from load.workers import BATCH_EPISODES, ENVIRONMENT

SEED = 20170618
CONFIGURATION: dict[str, Any] = {
    "environment": {"id": ENVIRONMENT},
    "architecture": "mlp",
    "population": 100_000,
    # So many that no measurement comes to the generation's end.
    "episodes": 8,
    "parents": 20,
    "candidates": 0,
    "validation_episodes": 1,
    "test_episodes": 0,
    "mutation_power": 0.01,
    "budget": {"generations": 100_000},
    "seed": SEED,
}
PACE = 5_000.0
"""Evaluations a second."""
PACED_CONNECTIONS = 64
STOCKING_SECONDS = 300.0
POLL_SECONDS = 0.25


class Wish(NamedTuple):
    """What is to be measured."""

    rows: int
    """In the ledger beforehand."""
    chain: int
    """Seeds of a parent's chain."""
    connections: int
    seconds: float
    """Of each of the two measurements under load."""
    idle: int
    herd: int


class LedgerDiffers(Exception):
    """The ledger does not hold what the server acknowledged: do not trust this server, and report it."""


def server_report(wish: Wish, say: Callable[[str], None]) -> dict[str, Any]:
    """The figures, by measurement.

    Raises:
        LedgerDiffers: an acknowledged result is missing. NotStarted: the server does not start.
    """
    with tempfile.TemporaryDirectory(prefix="neuroevo-load-") as folder, Served(Path(folder)) as served:
        say(f"writing a past of {wish.chain} generations and {wish.rows:,} results")
        run = _prepare(served, wish)
        before = _rows(served, run)
        say(f"asking as fast as it answers, {wish.seconds:g} s")
        saturation, accepted = uvloop.run(measure.saturation(served, wish.connections, wish.seconds))
        say(f"asking at a pace of {PACE:,.0f} evaluations a second, {wish.seconds:g} s")
        paced, more = uvloop.run(measure.paced(served, PACE, wish.seconds, PACED_CONNECTIONS))
        accepted += more
        say(f"restarting the server under {wish.herd:,} workers")
        herd, more = uvloop.run(measure.herd(served, wish.herd, served.start))
        accepted += more
        added = _rows(served, run) - before
        say(f"letting {wish.idle:,} workers wait")
        with served.client() as client:
            client.post(f"runs/{run}/pause")
        idle = uvloop.run(measure.idle(served, wish.idle))
    if added < accepted:
        raise LedgerDiffers(f"{accepted:,} results were acknowledged, the ledger has {added:,} more than before")
    return {
        "batch_episodes": BATCH_EPISODES,
        "chain_seeds": wish.chain,
        "ledger": {"rows_before": before, "acknowledged": accepted, "rows_added": added},
        "saturation": saturation,
        "paced": paced,
        "idle": idle,
        "herd": herd,
    }


def describe(report: dict[str, Any]) -> str:
    """The figures for people."""
    busy, paced, idle, herd, ledger = (report[name] for name in ("saturation", "paced", "idle", "herd", "ledger"))
    return "\n".join(
        [
            (
                f"batches of {report['batch_episodes']}, chains of {report['chain_seeds']} seeds, "
                f"{ledger['rows_before']:,} results stored before; {report['machine']['processor']}"
            ),
            "",
            (
                f"saturation  {busy['requests_per_second']:,.0f} requests/s, {busy['evaluations_per_second']:,.0f} "
                f"evaluations/s, {busy['cpu_ms_per_request']:.2f} ms of the server's processor time each"
            ),
            (
                f"            the server was busy for {100 * busy['cpu_share']:.0f}% of the time, the workers, "
                f"all one process, for {100 * busy['generator_cpu_share']:.0f}%"
            ),
            (
                f"paced       {paced['evaluations_per_second']:,.0f} evaluations/s: half answered within "
                f"{paced['p50_ms']:.1f} ms, 99% within {paced['p99_ms']:.1f} ms"
            ),
            f"idle        {idle['waiting']:,} of {idle['workers']:,} workers wait, {idle['rss_mb']:,.0f} MB",
            f"restart     {herd['workers']:,} workers are back at work after {herd['seconds']:.1f} s",
            f"ledger      {ledger['acknowledged']:,} results acknowledged, {ledger['rows_added']:,} added",
        ]
    )


def _prepare(served: Served, wish: Wish) -> str:
    """A run with a past, open at its next generation: its id."""
    with served.client() as client:
        run: str = client.post("runs", {"configuration": CONFIGURATION})["id"]
    uvloop.run(measure.until_played(served, run))
    served.stop()
    past = Past(wish.chain, wish.rows, CONFIGURATION["parents"])
    history.write(served.database_url, run, CONFIGURATION["population"], SEED, past)
    served.start()
    _until_stocked(served, run, wish.chain)
    return run


def _until_stocked(served: Served, run: str, elites: int) -> None:
    """The server has put the past's elites into its library, which it does once, beside the requests."""
    deadline = time.monotonic() + STOCKING_SECONDS
    with psycopg.connect(served.database_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            row = connection.execute("SELECT count(*) FROM policy_births WHERE run_id = %s", [run]).fetchone()
            if row and row[0] >= elites:
                return
            time.sleep(POLL_SECONDS)


def _rows(served: Served, run: str) -> int:
    with psycopg.connect(served.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM results WHERE run_id = %s", [run]).fetchone()
    return int(row[0]) if row else 0
