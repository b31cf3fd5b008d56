"""What the control groups of this process, and those above them, allow; versions 1 and 2, mixed as machines have it."""

from collections.abc import Iterator
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def groups(controller: str, mount: Path = MOUNT, own_groups: Path = OWN_GROUPS) -> Iterator[Path]:
    """Folders of the groups in which `controller` may limit this process, the innermost first."""
    for line in read(own_groups).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = mount / controller if controllers else mount
        group = root / path.lstrip("/")
        yield from (place for place in (group, *group.parents) if place.is_relative_to(root))


def read(path: Path) -> str:
    """The file's text; empty where the kernel does not show it."""
    try:
        return path.read_text()
    except OSError:
        return ""
