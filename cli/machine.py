"""What this machine lets a process use: memory and disk. Cores: see `worker.slots`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMORY_INFORMATION = Path("/proc/meminfo")
NO_LIMIT_BYTES = 1 << 60
"""Version 1 of cgroups writes a limit that is none as some huge number."""


def usable_memory() -> int | None:
    """Bytes of memory that this process may use: the machine's, less what the cgroup forbids; None if unknown."""
    limits = [limit for limit in _memory_limits() if limit < NO_LIMIT_BYTES]
    total = _total_memory()
    return min([*limits, *([total] if total else [])], default=None)


def free_disk(folder: Path) -> int:
    """Bytes free for this user where the folder is, or would be."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def _memory_limits() -> Iterator[int]:
    for controller, name in (("", "memory.max"), ("memory", "memory.limit_in_bytes")):
        for group in _groups(controller):
            text = _read(group / name)
            if text and text.isdigit():
                yield int(text)


def _groups(controller: str) -> Iterator[Path]:
    """This process's cgroup and those above it, of version 2 for "", else of version 1."""
    mounted = CGROUPS / controller
    for line in (_read(Path("/proc/self/cgroup")) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            group = mounted / path.lstrip("/")
            yield from (place for place in (group, *group.parents) if place.is_relative_to(mounted))


def _total_memory() -> int | None:
    for line in (_read(MEMORY_INFORMATION) or "").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
