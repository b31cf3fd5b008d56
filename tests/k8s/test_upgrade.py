"""The init container that migrates waits for a database that is not there yet."""

import subprocess
import sys
import time
from pathlib import Path

from cli.postgres import EmbeddedPostgres
from migrations.upgrade import versions
from tests.acceptance.conftest import clean_environment, neuroevo
from tests.conftest import FAST

MIGRATE = [sys.executable, "-m", "cli", "db", "upgrade"]


def test_it_waits_for_the_database_and_says_so(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path, FAST)
    words = [*MIGRATE, "--database-url", postgres.url, "--wait", "100"]
    with subprocess.Popen(words, env=clean_environment(), text=True, stderr=subprocess.PIPE) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline().startswith("waiting for the database: ")
        with postgres:
            assert waiting.wait(100) == 0
            found, wanted = versions(postgres.url)
            assert found == wanted


def test_without_patience_it_fails_at_once(tmp_path: Path) -> None:
    begun = time.monotonic()
    done = neuroevo("db", "upgrade", "--database-url", f"postgresql:///x?host={tmp_path}")
    assert done.returncode == 4
    assert time.monotonic() - begun < 30
    assert done.stderr.count("\n") == 1
