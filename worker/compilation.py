"""The compiled kernels, kept for the processes to come.

numba compiles a function when it is first called, which for all of them takes a quarter of a minute. What it compiled
is kept in a folder of the user's cache that is named by the kernels' sources: numba itself notices a change only in the
file of the function that it compiles. This module does not import numba: others ask here what is ready.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from worker.processor import processor

SOURCES = Path(__file__).parent / "kernels"
NOTICE = "compiling the networks' kernels for this processor, once: it takes a quarter of a minute or so"


@cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: under NUMBA_CACHE_DIR, XDG_CACHE_HOME or ~/.cache, else with temporary files."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCES.glob("*.py")))).hexdigest()[:16]
    told = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    for parent in (Path(told) if told else Path("~/.cache").expanduser(), Path(tempfile.gettempdir())):
        folder = parent / "neuroevolution" / f"kernels-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="neuroevolution-kernels-"))


def are_compiled() -> bool:
    """Whether a process that starts now finds all kernels compiled."""
    return _stamp().exists()


def compile_kernels(tell: Callable[[str], None]) -> None:
    """Sees to it that the kernels are compiled; of several processes that ask, one does it and the others wait.

    `tell` is called with NOTICE before it takes long.
    """
    if are_compiled():
        return
    tell(NOTICE)
    with (cache_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not are_compiled():
            from worker.kernels.use import use_all

            use_all()
            _stamp().touch()


def _stamp() -> Path:
    """The file that says that they are compiled for this processor, or for the one that numba is told to take."""
    words = (processor(), os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_CPU_FEATURES"))
    return cache_folder() / f"compiled-{hashlib.sha256(repr(words).encode()).hexdigest()[:16]}"
