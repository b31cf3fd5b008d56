"""The compiled kernels, kept for the processes to come.

numba compiles a function when it is first called, which for all of them takes a quarter of a minute. What it compiled
is kept in a folder of the user's cache that is named by the kernels' sources: numba itself notices a change only in the
file of the function that it compiles. This module does not import numba: others ask here what is ready.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from worker.processor import processor

SOURCES = Path(__file__).parent / "kernels"
FURTHER = [
    SOURCES.parent / f"{name}.py"
    for name in ("arrays", "image_network", "records", "classic_network", "classic_kernels")
]
"""What the kernels read, by its place in memory, and those of the network of 2018."""
UNCHANGED_SECONDS = 60 * 24 * 3600
"""Age from which another version's compiled kernels are removed; should it run again, or a wrong
clock have made them old, it compiles them again."""
NOTICE = "compiling the networks' kernels for this processor, once: it takes a quarter of a minute or so"


class NoPlaceForKernels(RuntimeError):
    """No folder can be written to for the compiled kernels: set NUMBA_CACHE_DIR to one that can."""


@cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: under NUMBA_CACHE_DIR, XDG_CACHE_HOME or ~/.cache, else with temporary files.

    Raises:
        NoPlaceForKernels: none of these can be written to.
    """
    sources = b"".join(path.read_bytes() for path in [*sorted(SOURCES.glob("*.py")), *FURTHER])
    # numba keeps its files by the path of the sources, and reads none that another version of it wrote.
    makers = (str(SOURCES.resolve()), version("numba"), version("llvmlite"), platform.python_version())
    digest = hashlib.sha256(sources + repr(makers).encode()).hexdigest()[:16]
    for parent in _parents():
        with suppress(OSError):
            folder = parent / f"kernels-{digest}"
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    raise NoPlaceForKernels(
        "compiled kernels can be kept nowhere, neither in ~/.cache nor with temporary files: "
        "set NUMBA_CACHE_DIR to a folder that can be written to"
    )


def _parents() -> Iterator[Path]:
    """Folders to try. That of a user of temporary files is only their own: numba believes what it reads."""
    told = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    if told:
        yield Path(told) / "neuroevolution"
    with suppress(RuntimeError):  # no home
        yield Path.home() / ".cache" / "neuroevolution"
    with suppress(OSError):  # no place for temporary files, or another's folder
        own = Path(tempfile.gettempdir()) / f"neuroevolution-{os.getuid()}"
        own.mkdir(mode=0o700, exist_ok=True)
        if own.stat().st_uid == os.getuid() and not own.stat().st_mode & 0o022:
            yield own


def are_compiled() -> bool:
    """Whether a process that starts now finds all kernels compiled."""
    return _stamp().exists()


def compile_kernels(tell: Callable[[str], None]) -> None:
    """Sees to it that the kernels are compiled; of several processes that ask, one does it and the others wait.

    `tell` is called with NOTICE before it takes long.

    Raises:
        NoPlaceForKernels: they can be kept nowhere.
    """
    if are_compiled():
        return
    tell(NOTICE)
    with (cache_folder() / "lock").open("w") as lock:
        with suppress(OSError):  # some network file systems have no locks: then each compiles for itself
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not are_compiled():
            use_all()
            _stamp().touch()
            _remove_old(cache_folder())


def _remove_old(kept: Path) -> None:
    """Removes what versions compiled that nobody has compiled anew for long."""
    for folder in kept.parent.glob("kernels-*"):
        with suppress(OSError):  # somebody else may be removing it
            newest = max(path.stat().st_mtime for path in [folder, *folder.rglob("*")])
            if folder != kept and time.time() - newest > UNCHANGED_SECONDS:
                shutil.rmtree(folder)


def use_all() -> None:
    """Calls every kernel once, with arguments of the types that play has: so each is compiled, or loaded."""
    import numpy as np

    from evolution.architectures import Architecture, CshentonArchitecture, ImageArchitecture, MlpArchitecture
    from evolution.cshenton import SCREEN_SHAPE
    from worker.areas import area_taps
    from worker.kernels.mlp import squash
    from worker.kernels.screen import look, push
    from worker.networks import build_policy
    from worker.policy import Observation

    networks: list[tuple[Architecture, Observation]] = [
        (ImageArchitecture(name="nature-dqn", actions=2), np.zeros((84, 84, 4), np.uint8)),
        (MlpArchitecture(name="mlp", inputs=2, hidden=[2], actions=2), np.zeros(2, np.float32)),
    ]
    for architecture, observation in networks:
        policy = build_policy(architecture)
        policy.expansion.initial(0, policy.parameters)
        policy.expansion.mutate(policy.parameters, [0], [0.0], policy.parameters)
        policy.renew()
        policy.outputs(observation)
    classic = build_policy(CshentonArchitecture(name="cshenton-2018", actions=2))
    classic.renew()
    classic.outputs(np.zeros(SCREEN_SHAPE, np.uint8))
    squash(np.zeros(1, np.float32))
    colours, gray, rows = np.zeros((210, 160), np.uint8), np.zeros((210, 160), np.uint8), np.ones(210, np.uint8)
    words = colours.view(np.uint64)
    look(words, words.copy(), colours, np.zeros(256, np.int16), gray, rows)
    image, pixels = np.zeros((84, 84), np.uint8), np.zeros((84, 84), np.uint32)
    push(gray, gray, rows, area_taps(210, 84), area_taps(160, 84), np.zeros(160, np.int32), image, pixels)


def _stamp() -> Path:
    """The file that says that they are compiled for this processor, or for the one that numba is told to take."""
    words = (processor(), os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_CPU_FEATURES"))
    return cache_folder() / f"compiled-{hashlib.sha256(repr(words).encode()).hexdigest()[:16]}"
