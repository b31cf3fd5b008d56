"""What this machine lets a process use: memory and disk. Cores: see `worker.slots`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PROCESSES = Path("/proc")


def usable_memory(cgroups: Path = CGROUPS, processes: Path = PROCESSES) -> int | None:
    """Bytes of memory that this process may use: the machine's, less what its cgroups forbid; None if unknown."""
    return min([*_total(processes / "meminfo"), *_limits(cgroups, processes / "self" / "cgroup")], default=None)


def free_disk(folder: Path) -> int:
    """Bytes free for this user where the folder is, or would be."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def _total(information: Path) -> Iterator[int]:
    for line in _read(information).splitlines():
        if line.startswith("MemTotal:"):
            yield int(line.split()[1]) * 1024


def _limits(cgroups: Path, own_groups: Path) -> Iterator[int]:
    """The limits of this process's cgroups, of version 1 or 2, and of those above them."""
    for line in _read(own_groups).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        mounted = cgroups / controllers
        group = mounted / path.lstrip("/")
        for place in (group, *group.parents):
            text = _read(place / ("memory.limit_in_bytes" if controllers else "memory.max")).strip()
            if place.is_relative_to(mounted) and text.isdecimal():
                yield int(text)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
