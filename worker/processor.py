"""What computes here."""

import platform
from contextlib import suppress
from functools import cache
from pathlib import Path

INFORMATION = Path("/proc/cpuinfo")
SLOWER = ": without fused multiply-add, the same results some thirty times slower"
LONGEST = 200


@cache
def processor() -> str:
    """The CPU's name, with family and model where the system tells them: clouds give many CPUs one name."""
    told = _told()
    name = told.get("model name") or platform.processor() or platform.machine()
    detail = [f"{word} {told[key]}" for word, key in (("family", "cpu family"), ("model", "model")) if key in told]
    return " ".join([name, *detail])[:LONGEST]


def described_processor() -> str:
    """The same for people: with a word on what it lacks.

    Kernels ask `instructions.FUSED`, which loads the compiler: too much for the process that only asks for work.
    """
    lacks = "flags" in (told := _told()) and "fma" not in told["flags"].split()
    return processor()[: LONGEST - len(SLOWER)] + SLOWER if lacks else processor()


def _told() -> dict[str, str]:
    """What the system tells of its first CPU, if it does."""
    if not INFORMATION.exists():
        return {}
    lines = INFORMATION.read_text().split("\n\n")[0].splitlines()
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def compiled_for() -> list[str]:
    """The features that numba compiles for: this processor's, or those that NUMBA_CPU_FEATURES names."""
    from llvmlite.binding import get_host_cpu_features
    from numba import config

    if config.CPU_FEATURES is not None:
        return list(config.CPU_FEATURES.split(","))
    with suppress(RuntimeError):  # LLVM does not know this processor
        return list(get_host_cpu_features().flatten().split(","))
    return []
