"""The memory that a machine or container lets a process use, and what of it is for parents."""

import os
from pathlib import Path

import pytest

from worker.allowance import LARGEST_BYTES, parents_allowance
from worker.cgroups import usable_memory
from worker.shelf import open_memory

GIGABYTE = 1 << 30


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine of 8 GB without cgroups."""
    _write(tmp_path / "proc" / "meminfo", f"MemTotal:  {8 * GIGABYTE // 1024} kB\nMemFree: 1 kB\n")
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _memory(machine: Path) -> int | None:
    return usable_memory(machine / "cgroup", machine / "proc")


def test_without_cgroups_all_memory_is_usable(machine: Path) -> None:
    assert _memory(machine) == 8 * GIGABYTE


def test_a_limit_of_version_2_counts_also_when_it_is_set_above(machine: Path) -> None:
    _write(machine / "proc" / "self" / "cgroup", "0::/pod/container\n")
    _write(machine / "cgroup" / "pod" / "container" / "memory.max", "max\n")
    assert _memory(machine) == 8 * GIGABYTE
    _write(machine / "cgroup" / "pod" / "memory.max", f"{2 * GIGABYTE}\n")
    assert _memory(machine) == 2 * GIGABYTE


def test_a_limit_of_version_1_counts_unless_it_is_none(machine: Path) -> None:
    _write(machine / "proc" / "self" / "cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n")
    limit = machine / "cgroup" / "memory" / "docker" / "abc" / "memory.limit_in_bytes"
    _write(limit, "9223372036854771712\n")
    assert _memory(machine) == 8 * GIGABYTE
    _write(limit, f"{GIGABYTE}\n")
    assert _memory(machine) == GIGABYTE


def test_what_is_not_told_is_unknown(tmp_path: Path) -> None:
    assert _memory(tmp_path) is None


def _allowance(machine: Path, workers: int) -> int:
    return parents_allowance(workers, machine / "cgroup", machine / "proc")


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 4096])
def test_the_parents_of_all_workers_take_at_most_a_quarter_of_the_memory(machine: Path, workers: int) -> None:
    assert workers * _allowance(machine, workers) <= 2 * GIGABYTE
    assert _allowance(machine, workers) == min(LARGEST_BYTES, 2 * GIGABYTE // workers)


@pytest.mark.parametrize(
    ("group", "limit"),
    [("0::/docker/abc\n", "docker/abc/memory.max"), ("4:memory:/abc\n", "memory/abc/memory.limit_in_bytes")],
)
def test_parents_take_a_quarter_of_what_a_cgroup_of_either_version_allows(
    machine: Path, group: str, limit: str
) -> None:
    _write(machine / "proc" / "self" / "cgroup", group)
    _write(machine / "cgroup" / limit, f"{GIGABYTE}\n")
    assert _allowance(machine, 1) == GIGABYTE // 4


def test_workers_share_one_allowance_where_the_memory_is_unknown(tmp_path: Path) -> None:
    assert _allowance(tmp_path, 1) == LARGEST_BYTES
    assert _allowance(tmp_path, 8) == LARGEST_BYTES // 8


def test_a_shelf_has_the_allowance_of_a_single_worker_unless_told_otherwise() -> None:
    sizes = []
    for memory_bytes in (None, 0):
        file = open_memory(memory_bytes)
        sizes.append(os.fstat(file).st_size)
        os.close(file)
    assert sizes[0] - sizes[1] == parents_allowance()
