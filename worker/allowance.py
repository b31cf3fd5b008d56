"""How much memory the workers of one machine may keep their parents' parameters in."""

from pathlib import Path

from worker.cgroups import MOUNT, PROCESSES, usable_memory

MEGABYTE = 10**6
LARGEST_BYTES = 2**30
"""Of one worker: 66 parents of `uber-large`."""
PARENTS_PART = 4
"""All workers together take one part in so many of the memory that this machine lets its processes use."""


def parents_allowance(workers: int = 1, mount: Path = MOUNT, processes: Path = PROCESSES) -> int:
    """Bytes for each of so many workers on this machine. Where its memory is unknown, they share one worker's most."""
    memory = usable_memory(mount, processes)
    together = LARGEST_BYTES if memory is None else memory // PARENTS_PART
    return min(LARGEST_BYTES, together // workers)
