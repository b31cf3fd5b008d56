"""The disk that this machine lets a process use. Its memory: see `worker.cgroups`; its cores: `worker.slots`."""

import shutil
from pathlib import Path


def free_disk(folder: Path) -> int:
    """Bytes free for this user where the folder is, or would be."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free
