"""What a container may take of the machine, by control groups of version 1 or 2."""

import os
from contextlib import suppress
from pathlib import Path

from tests.k8s.manifests import Document, quantity

CGROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000


def grant(name: str, limits: Document) -> list[Path]:
    """New groups for a container with these limits; none where this machine lets nobody make any."""
    memory, cores = int(quantity(limits["memory"])), quantity(limits["cpu"])
    quota = int(cores * PERIOD)
    name = f"rehearsal-{os.getpid()}-{name}"
    if (CGROUPS / "cgroup.controllers").exists():
        wanted = {CGROUPS / name: {"memory.max": memory, "cpu.max": f"{quota} {PERIOD}"}}
    else:
        wanted = {
            CGROUPS / "memory" / name: {"memory.limit_in_bytes": memory},
            CGROUPS / "cpu" / name: {"cpu.cfs_period_us": PERIOD, "cpu.cfs_quota_us": quota},
        }
    try:
        for group, settings in wanted.items():
            group.mkdir()
            for file, value in settings.items():
                (group / file).write_text(str(value))
    except OSError:
        release(list(wanted))
        return []
    return list(wanted)


def release(groups: list[Path]) -> None:
    """Removes groups whose processes have ended."""
    for group in groups:
        with suppress(OSError):
            group.rmdir()
