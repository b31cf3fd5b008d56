"""Compiled kernels: the one place where cleverness lives. docs/performance.md explains them.

Each has a slow, obviously right reference in `tests/worker/reference.py`, with which it agrees in every bit. What numba
compiles is kept for the processes to come, in a folder of the user's cache named by these sources: numba itself notices
a change only in the file of the function that it compiles.
"""

import hashlib
import os
import tempfile
from pathlib import Path

import numba

SOURCES = Path(__file__).parent


def cache_folder() -> Path:
    """Where compiled kernels are kept: XDG_CACHE_HOME or ~/.cache, else a folder for temporary files."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCES.glob("*.py")))).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for parent in (home, Path(tempfile.gettempdir())):
        folder = parent / "neuroevolution" / f"kernels-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="neuroevolution-kernels-"))


if not numba.config.CACHE_DIR:
    numba.config.CACHE_DIR = str(cache_folder())
