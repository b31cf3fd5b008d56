"""`scripts/audit` against an advisory service that knows one vulnerable package."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
ADVISORY = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "published": "2026-01-01T00:00:00Z",
    "details": "It gives everything away.",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0"}]}],
            "versions": ["2.4.1"],
        }
    ],
}


class Service(BaseHTTPRequestHandler):
    """Answers as OSV does."""

    asked: list[str]

    def do_POST(self) -> None:
        """One question: what is known of a package's version."""
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(f"{question['package']['name']}=={question['version']}")
        answer = json.dumps({"vulns": [ADVISORY]} if self.asked[-1] == "jinja2==2.4.1" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[tuple[str, list[str]]]:
    """The address of a service, and what it was asked."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Known", (Service,), {"asked": asked}))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the script, and this environment's programs."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "audit", tmp_path / "scripts")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    return tmp_path


def audit(project: Path, pins: str, service: str) -> subprocess.CompletedProcess[str]:
    (project / "constraints.txt").write_text(pins)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(project), "NEUROEVO_AUDIT_URL": service}
    return subprocess.run([project / "scripts" / "audit"], env=environment, capture_output=True, text=True, check=False)


def test_a_pin_with_a_known_vulnerability_fails_each_time(project: Path) -> None:
    with serving() as (service, _):
        for _ in range(2):
            done = audit(project, "rich==15.0.0\njinja2==2.4.1\n", service)
            assert done.returncode == 1
            assert "jinja2" in done.stdout
            assert "GHSA-aaaa-bbbb-cccc" in done.stdout


def test_pins_without_one_are_asked_for_once_a_day(project: Path) -> None:
    with serving() as (service, asked):
        assert audit(project, "rich==15.0.0\n", service).returncode == 0
        assert "rich==15.0.0" in asked
        asked.clear()
        assert audit(project, "rich==15.0.0\n", service).returncode == 0
        assert not asked
        assert audit(project, "rich==14.0.0\n", service).returncode == 0
        assert "rich==14.0.0" in asked


def test_without_the_service_it_says_so_and_fails_nothing(project: Path) -> None:
    with serving() as (service, _):
        pass

    done = audit(project, "jinja2==2.4.1\n", service)

    assert done.returncode == 0
    assert "skipped" in done.stdout
