"""Kernels are compiled once for a processor, kept, and compiled again when their sources change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker import compilation
from worker.compilation import NOTICE, cache_folder

PROGRAM = """
import sys
from worker.compilation import compile_kernels, use_all
from worker.kernels.image import decide
compile_kernels(print)
use_all()
print(sum(decide.stats.cache_misses.values()), sum(decide.stats.cache_hits.values()))
"""


@pytest.fixture(autouse=True)
def forgetful() -> None:
    cache_folder.cache_clear()


def test_a_change_of_any_kernel_leads_to_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compilation, "SOURCES", tmp_path)
    (tmp_path / "one.py").write_text("1")
    before = cache_folder()
    cache_folder.cache_clear()
    (tmp_path / "one.py").write_text("2")
    assert cache_folder() != before


def test_where_the_users_cache_cannot_be_written_the_folder_is_a_temporary_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert tmp_path not in cache_folder().parents


@pytest.mark.timeout(300)
def test_of_two_processes_that_need_kernels_one_compiles_and_a_third_finds_them(tmp_path: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = sorted(process.communicate()[0].splitlines() for process in both)
    assert told == [[NOTICE, "0 1"], [NOTICE, "1 0"]]
    third = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert third.stdout.splitlines() == ["0 1"]
