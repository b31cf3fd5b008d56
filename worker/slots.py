"""How many episodes this machine can play at once: one for each core that the process may keep busy."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def default_slots(cgroups: Path = CGROUPS, own_groups: Path = OWN_GROUPS) -> int:
    """Cores by affinity, less what the cgroups forbid; at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([cores, *(math.floor(quota) for quota in _quotas(cgroups, own_groups))]))


def _quotas(cgroups: Path, own_groups: Path) -> Iterator[float]:
    """Cores' worth of time that this process's cgroups, and those above them, grant."""
    for line in _read(own_groups).splitlines():
        _, controllers, path = line.split(":", 2)
        mounted = cgroups if controllers == "" else cgroups / "cpu"
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = mounted / path.lstrip("/")
        for place in (group, *group.parents):
            if place.is_relative_to(mounted):
                yield from _quota(place)


def _quota(group: Path) -> Iterator[float]:
    numbers = _read(group / "cpu.max").split() or [
        _read(group / "cpu.cfs_quota_us").strip(),
        _read(group / "cpu.cfs_period_us").strip(),
    ]
    if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
        yield int(numbers[0]) / int(numbers[1])


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
