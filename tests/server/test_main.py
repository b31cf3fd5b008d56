"""The server as a process: what keeps it from starting, how it stops, what its log holds."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import psycopg
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from server.main import Exit, bind, run_server
from server.settings import Settings
from tests.server.conftest import TOKEN
from tests.server.player import ANNOUNCEMENT, request_of

SCRIPT = """
import sys
from server.main import run_server
from server.settings import read_settings
sys.exit(run_server(read_settings()))
"""


def settings_of(database_url: str, **changes: object) -> Settings:
    return Settings.model_validate({"database_url": database_url, "token": TOKEN, "port": 0, **changes})


def test_a_busy_port_is_named_and_nothing_else_is_touched(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as busy:
        port = busy.getsockname()[1]

        code = run_server(settings_of("postgresql://nobody@127.0.0.1:1/none", port=port))

    error = capsys.readouterr().err
    assert code == Exit.PORT_UNAVAILABLE
    assert f"cannot listen on 127.0.0.1 port {port}" in error
    assert "--port" in error
    assert "Traceback" not in error


def test_an_address_of_another_machine_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_server(settings_of("postgresql://x", host="192.0.2.1")) == Exit.PORT_UNAVAILABLE
    assert "192.0.2.1" in capsys.readouterr().err


def test_an_unreachable_database_is_named_without_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    code = run_server(settings_of("postgresql://me:pass%2Fword@127.0.0.1:1/none"))

    error = capsys.readouterr().err
    assert code == Exit.DATABASE_UNREACHABLE
    assert "127.0.0.1" in error
    assert "NEUROEVO_DATABASE_URL" in error
    assert "Traceback" not in error
    assert "word" not in error


def test_a_database_of_a_newer_version_is_left_alone(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    code = run_server(settings_of(database_url))

    error = capsys.readouterr().err
    assert code == Exit.DATABASE_NEWER
    assert "newer version" in error
    assert "Traceback" not in error


def test_a_free_port_is_chosen_when_none_is_asked_for() -> None:
    with closing(bind("127.0.0.1", 0)) as listener:
        assert listener.getsockname()[1] > 0


@contextmanager
def serving(database_url: str, log: Path, **environment: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """A server process and its address, once it is ready."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    variables = {**os.environ, "NEUROEVO_DATABASE_URL": database_url, "NEUROEVO_PORT": str(port), **environment}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", SCRIPT], env=variables, stdout=output, stderr=output)
    try:
        address = f"http://127.0.0.1:{port}"
        transport = httpx2.HTTPTransport(retries=8)
        with httpx2.Client(transport=transport, trust_env=False) as client:
            assert client.get(f"{address}/readyz", timeout=30).status_code == 200, log.read_text()
        yield process, address
    finally:
        process.kill()
        process.wait()


def test_sigterm_sends_waiting_workers_away_and_ends_the_process_in_order(
    empty_database_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with (
        serving(empty_database_url, log, NEUROEVO_TOKEN=TOKEN, NEUROEVO_LOG_LEVEL="debug") as (process, address),
        httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as client,
        ThreadPoolExecutor() as threads,
    ):
        client.get("/", params={"token": TOKEN})
        client.get("/api/v1/live", params={"token": TOKEN})
        with pytest.raises(InvalidStatus), connect(address.replace("http", "ws") + "/api/v1/live", proxy=None):
            pass
        request = request_of({"id": str(uuid4()), "name": "waits"}, announcement=ANNOUNCEMENT, wants=1)
        waiting = threads.submit(client.post, "/api/v1/batches", json=request, timeout=30)
        while not client.get("/api/v1/workers").json()["items"]:
            pass
        process.send_signal(signal.SIGTERM)
        answer, code = waiting.result(), process.wait(20)

    lines = log.read_text()
    assert answer.status_code == 503
    assert code == Exit.STOPPED
    assert "action=server.listening" in lines
    assert "action=server.stopping" in lines
    assert "action=live.refuse path=/api/v1/live status=401" in lines
    assert "Traceback" not in lines
    assert " ERROR " not in lines
    assert TOKEN not in lines


def test_where_no_token_was_chosen_a_link_is_shown_that_opens_once(empty_database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving(empty_database_url, log) as (_, address):
        links = [line for line in log.read_text().splitlines() if "code=" in line]
        assert len(links) == 1
        assert links[0].startswith(f"{address}/?code=")
        for status in (200, 401):
            with httpx2.Client(trust_env=False, follow_redirects=True) as browser:
                assert browser.get(links[0]).status_code == 200
                assert browser.get(f"{address}/api/v1/runs").status_code == status


def test_beyond_loopback_nothing_is_served_without_tokens(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_server(Settings.model_validate({"database_url": database_url, "host": "0.0.0.0", "port": 0}))

    error = capsys.readouterr().err
    assert code == Exit.NO_TOKENS
    assert "set NEUROEVO_TOKEN" in error
    assert "neuroevo token create" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(("proxies", "warns"), [("", True), ("10.0.0.0/8", False)])
def test_beyond_loopback_it_warns_without_tls_in_front(
    empty_database_url: str, tmp_path: Path, proxies: str, warns: bool
) -> None:
    log = tmp_path / "log"
    everywhere = {"NEUROEVO_HOST": "0.0.0.0", "NEUROEVO_TOKEN": TOKEN, "NEUROEVO_PROXIES": proxies}
    with serving(empty_database_url, log, **everywhere) as (_, address):
        own = httpx2.get(f"{address}/", trust_env=False)
        foreign = httpx2.get(f"{address}/", headers={"Host": "rebound.example"}, trust_env=False)

    assert (own.status_code, foreign.status_code) == (200, 421)
    # The tests' own Postgres runs without fsync, of which the server warns too.
    warnings = [line for line in log.read_text().splitlines() if "WARNING" in line and "database.unsafe" not in line]
    assert bool(warnings) == warns
    assert ("action=server.exposed" in log.read_text()) == warns
