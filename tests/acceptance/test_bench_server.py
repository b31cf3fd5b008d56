"""The measurement of the server, small: real processes, real requests, every figure there."""

import json

import pytest

from tests.acceptance.conftest import neuroevo_process


@pytest.mark.timeout(240)
def test_the_server_is_measured_and_its_ledger_checked() -> None:
    small = ["--rows", "4000", "--chain", "20", "--seconds", "1", "--connections", "4", "--idle", "20", "--herd", "10"]
    done = neuroevo_process("bench", "server", *small, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    ledger, busy, paced = report["ledger"], report["saturation"], report["paced"]
    assert ledger["rows_before"] == 4000
    assert ledger["rows_added"] >= ledger["acknowledged"] > 0
    assert report["chain_seeds"] == 20
    assert busy["evaluations_per_second"] > busy["requests_per_second"] > 0
    assert busy["cpu_ms_per_request"] > 0
    assert 0 < busy["generator_cpu_share"] < 1.1
    assert paced["p99_ms"] >= paced["p50_ms"] > 0
    assert report["idle"]["waiting"] == 20
    assert report["idle"]["rss_mb"] > 0
    assert report["herd"]["seconds"] > 0
