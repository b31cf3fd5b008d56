"""What computes here."""

import platform
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
