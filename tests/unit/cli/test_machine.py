"""What a machine or container lets a process use."""

from pathlib import Path

import pytest

from cli.machine import free_disk, usable_memory

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


def test_a_folder_that_is_not_there_yet_has_the_space_of_its_disk(tmp_path: Path) -> None:
    assert free_disk(tmp_path / "a" / "b") == pytest.approx(free_disk(tmp_path), rel=0.1)
