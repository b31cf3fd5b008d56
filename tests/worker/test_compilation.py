"""Kernels are compiled once for a processor, kept, and compiled again when their sources change."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker import compilation
from worker.compilation import NOTICE, NoPlaceForKernels, cache_folder

PROGRAM = """
import sys
from worker.compilation import compile_kernels, use_all
from worker.kernels.image import decide
print("ready", flush=True)
sys.stdin.readline()
compile_kernels(print)
use_all()
print(sum(decide.stats.cache_misses.values()), sum(decide.stats.cache_hits.values()))
"""


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    cache_folder.cache_clear()
    yield tmp_path / "cache"
    cache_folder.cache_clear()


def test_a_change_of_any_kernel_leads_to_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compilation, "SOURCES", tmp_path)
    (tmp_path / "one.py").write_text("1")
    before = cache_folder()
    cache_folder.cache_clear()
    (tmp_path / "one.py").write_text("2")
    assert cache_folder() != before


def test_where_the_users_cache_cannot_be_written_the_folder_is_a_temporary_one_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = tmp_path / f"neuroevolution-{os.getuid()}"
    assert own in cache_folder().parents
    assert own.stat().st_mode & 0o777 == 0o700
    # A folder that others may write to is not believed.
    own.chmod(0o777)
    cache_folder.cache_clear()
    with pytest.raises(NoPlaceForKernels, match="set NUMBA_CACHE_DIR"):
        cache_folder()


@pytest.mark.timeout(300)
def test_of_two_processes_that_need_kernels_one_compiles_and_a_third_finds_them() -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    told = sorted(process.communicate()[0].splitlines() for process in both)
    assert told == [[NOTICE, "0 1"], [NOTICE, "1 0"]]
    third = subprocess.run([sys.executable, "-c", PROGRAM], input="\n", capture_output=True, text=True, check=True)
    assert third.stdout.splitlines() == ["ready", "0 1"]


def test_what_was_compiled_long_ago_is_removed_when_kernels_are_compiled(own_cache: Path) -> None:
    old, recent = own_cache / "neuroevolution" / "kernels-old", own_cache / "neuroevolution" / "kernels-recent"
    for folder in (old, recent):
        folder.mkdir(parents=True)
        (folder / "compiled").touch()
    for path in (old / "compiled", old):
        os.utime(path, (0, 0))
    (cache_folder() / "compiled").touch()
    compilation._remove_old(cache_folder())
    assert not old.exists()
    assert recent.exists()
    assert cache_folder().exists()
