"""How many slots a worker has when nobody says."""

import os
from pathlib import Path

import pytest

from worker.slots import default_slots

CORES = len(os.sched_getaffinity(0))


def slots(folder: Path, group: str, files: dict[str, str]) -> int:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    own = folder / "own"
    own.write_text(group)
    return default_slots(folder, own)


@pytest.mark.parametrize(
    ("group", "files", "wanted"),
    [
        ("0::/a/b\n", {"a/cpu.max": "100000 100000\n", "a/b/cpu.max": "max 100000\n"}, 1),
        ("0::/a\n", {"a/cpu.max": "50000 100000\n"}, 1),
        ("0::/a\n", {"a/cpu.max": "max 100000\n"}, CORES),
        ("0::/\n", {"cpu.max": "100000000 100000\n"}, CORES),
        ("3:cpu,cpuacct:/a\n", {"cpu/a/cpu.cfs_quota_us": "100000", "cpu/a/cpu.cfs_period_us": "100000"}, 1),
        ("3:cpu,cpuacct:/a\n", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, CORES),
        ("4:memory:/a\n", {"cpu/a/cpu.cfs_quota_us": "100000", "cpu/a/cpu.cfs_period_us": "100000"}, CORES),
        ("", {}, CORES),
    ],
)
def test_slots_are_the_cores_that_the_cgroups_leave(
    tmp_path: Path, group: str, files: dict[str, str], wanted: int
) -> None:
    assert slots(tmp_path, group, files) == wanted
