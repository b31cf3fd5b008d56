"""How many episodes this machine can play at once: one for each core that the process may keep busy."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

from worker.cgroups import MOUNT, OWN_GROUPS, groups, read


def default_slots(mount: Path = MOUNT, own_groups: Path = OWN_GROUPS) -> int:
    """Cores by affinity, less what the cgroups forbid; at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = (quota for group in groups("cpu", mount, own_groups) for quota in _quota(group))
    return max(1, min([cores, *(math.floor(quota) for quota in quotas)]))


def _quota(group: Path) -> Iterator[float]:
    """Cores' worth of time that this group grants."""
    numbers = read(group / "cpu.max").split() or [
        read(group / "cpu.cfs_quota_us").strip(),
        read(group / "cpu.cfs_period_us").strip(),
    ]
    if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
        yield int(numbers[0]) / int(numbers[1])
