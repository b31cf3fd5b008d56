"""What the paper's 1 billion frames take on this machine, and what they cost. Pure."""

from collections.abc import Mapping
from typing import Any

FRAMES = 10**9
"""Emulator frames, skipped ones included (Such et al. 2017: a quarter as many decisions)."""
HOUR_SECONDS = 3600.0


def billion_frames(architectures: Mapping[str, Mapping[str, Any]], core_hour_price: float | None) -> dict[str, Any]:
    """For each architecture the core-hours at the measured pace, and US dollars; None without a price.

    `architectures`: as in the report, of one process while every core has one.
    """
    hours = {name: FRAMES / pace["frames_per_second"] / HOUR_SECONDS for name, pace in architectures.items()}
    return {
        name: {"core_hours": taken, "dollars": None if core_hour_price is None else taken * core_hour_price}
        for name, taken in hours.items()
    }
