"""What the control groups of this process, and those above them, allow; versions 1 and 2, mixed as machines have it."""

from collections.abc import Iterator
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
PROCESSES = Path("/proc")
OWN_GROUPS = PROCESSES / "self" / "cgroup"


def groups(controller: str, mount: Path = MOUNT, own_groups: Path = OWN_GROUPS) -> Iterator[Path]:
    """Folders of the groups in which `controller` may limit this process, the innermost first."""
    for line in read(own_groups).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = mount / controller if controllers else mount
        group = root / path.lstrip("/")
        yield from (place for place in (group, *group.parents) if place.is_relative_to(root))


def usable_memory(mount: Path = MOUNT, processes: Path = PROCESSES) -> int | None:
    """Bytes of memory that this process may use: the machine's, less what its cgroups forbid; None if unknown."""
    limits = (limit for group in groups("memory", mount, processes / "self" / "cgroup") for limit in _limit(group))
    return min([*_total(processes / "meminfo"), *limits], default=None)


def read(path: Path) -> str:
    """The file's text; empty where the kernel does not show it."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _total(information: Path) -> Iterator[int]:
    for line in read(information).splitlines():
        if line.startswith("MemTotal:"):
            yield int(line.split()[1]) * 1024


def _limit(group: Path) -> Iterator[int]:
    text = (read(group / "memory.max") or read(group / "memory.limit_in_bytes")).strip()
    if text.isdecimal():
        yield int(text)
