"""What this machine lets a process use: memory and disk. Cores: see `worker.slots`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from worker.cgroups import MOUNT, groups, read

PROCESSES = Path("/proc")


def usable_memory(mount: Path = MOUNT, processes: Path = PROCESSES) -> int | None:
    """Bytes of memory that this process may use: the machine's, less what its cgroups forbid; None if unknown."""
    limits = (limit for group in groups("memory", mount, processes / "self" / "cgroup") for limit in _limit(group))
    return min([*_total(processes / "meminfo"), *limits], default=None)


def free_disk(folder: Path) -> int:
    """Bytes free for this user where the folder is, or would be."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def _total(information: Path) -> Iterator[int]:
    for line in read(information).splitlines():
        if line.startswith("MemTotal:"):
            yield int(line.split()[1]) * 1024


def _limit(group: Path) -> Iterator[int]:
    text = (read(group / "memory.max") or read(group / "memory.limit_in_bytes")).strip()
    if text.isdecimal():
        yield int(text)
