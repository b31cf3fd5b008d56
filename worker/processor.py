"""What computes here."""

import platform
from contextlib import suppress
from functools import cache
from pathlib import Path

INFORMATION = Path("/proc/cpuinfo")


@cache
def processor() -> str:
    """The CPU's name, with family and model where the system tells them: clouds give many CPUs one name."""
    told: dict[str, str] = {}
    if INFORMATION.exists():
        for line in INFORMATION.read_text().split("\n\n")[0].splitlines():
            key, _, value = line.partition(":")
            told[key.strip()] = value.strip()
    name = told.get("model name") or platform.processor() or platform.machine()
    detail = [f"{word} {told[key]}" for word, key in (("family", "cpu family"), ("model", "model")) if key in told]
    return " ".join([name, *detail])[:200]


def compiled_for() -> list[str]:
    """The features that numba compiles for: this processor's, or those that NUMBA_CPU_FEATURES names."""
    from llvmlite.binding import get_host_cpu_features
    from numba import config

    if config.CPU_FEATURES is not None:
        return list(config.CPU_FEATURES.split(","))
    with suppress(RuntimeError):  # LLVM does not know this processor
        return list(get_host_cpu_features().flatten().split(","))
    return []
