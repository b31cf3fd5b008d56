"""What Gymnasium's registry holds on this machine, and the versions that a score rests on."""

import hashlib
import importlib
import os
import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import gymnasium
import numpy as np

from evolution.classic_games import is_classic
from evolution.environments import ATARI_PREFIX
from worker.processor import processor

ENGINE = "exact-1"
"""The arithmetic of networks and images: worker.kernels, the same bits on every processor."""
EMULATOR = "ale_py"
"""Registers the Atari games when it is imported. Optional: without it a worker plays everything else."""
PHYSICS = {"gymnasium.envs.mujoco": "mujoco", "gymnasium.envs.box2d": "Box2D"}
"""Entry points of Gymnasium's own environments that are played by another package."""

with suppress(ImportError):
    importlib.import_module(EMULATOR)


class MissingModule(ImportError):
    """A module given with --env-module cannot be imported: check its name, and that it lies in this folder."""


def import_modules(modules: Sequence[str]) -> dict[str, str]:
    """Imports the user's modules, which register environments; the ids that each one added, with the module.

    Modules are looked for in the current folder too.

    Raises:
        MissingModule: one cannot be imported.
    """
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    added: dict[str, str] = {}
    for module in modules:
        before = set(gymnasium.registry)
        try:
            importlib.import_module(module)
        except Exception as error:  # the user's code may raise anything
            raise MissingModule(
                f"--env-module {module} cannot be imported: {type(error).__name__}: {error}; "
                "check its name, and that it lies in this folder or is installed"
            ) from error
        added |= dict.fromkeys(set(gymnasium.registry) - before, module)
    return added


def rom_of(environment_id: str) -> str | None:
    """The ROM of an Atari game in snake case, `frostbite` for `ALE/Frostbite-v5`; None for all else."""
    specification = gymnasium.registry.get(environment_id)
    if specification is None or not environment_id.startswith(ATARI_PREFIX):
        return None
    game = specification.kwargs.get("game")
    return game if isinstance(game, str) else None


def classic_rom_of(environment_id: str) -> str | None:
    """The ROM of an Atari game as first registered, `frostbite` for `Frostbite-v4`; None for all else."""
    specification = gymnasium.registry.get(environment_id)
    if specification is None or not is_classic(environment_id) or not _entry(environment_id, EMULATOR):
        return None
    game = specification.kwargs.get("game")
    return game if isinstance(game, str) else None


def engine_of(environment_id: str, module: str | None = None) -> str:
    """What a score in this environment rests on: arithmetic, processor, emulator or environment, each with version.

    `module`: the user's module that registers it.
    """
    rom = rom_of(environment_id)
    if rom is not None:
        return f"{ENGINE} {_emulator()} rom={_md5(rom)}"
    rom = classic_rom_of(environment_id)
    if rom is not None:
        # The frame skips are drawn by NumPy, seeded as Gymnasium does it.
        versions = f"numpy={np.__version__} gymnasium={gymnasium.__version__}"
        return f"{ENGINE} {versions} {_emulator()} rom={_md5(rom)}"
    # The physics of such environments is NumPy's or their own, whose last bits differ between processors.
    parts = [ENGINE, f'cpu="{processor()}"', f"numpy={np.__version__}", f"gymnasium={gymnasium.__version__}"]
    if module is not None:
        parts.append(f"{module}={_module_version(module)}")
    parts += [f"{package}={_installed(package)}" for place, package in PHYSICS.items() if _entry(environment_id, place)]
    return " ".join(parts)[:500]


@cache
def _emulator() -> str:
    return f"ale-py={_installed('ale-py')}"


def _md5(rom: str) -> str:
    from ale_py.roms import get_rom_path

    path = get_rom_path(rom)
    return hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest() if path else "missing"


def _entry(environment_id: str, place: str) -> bool:
    specification = gymnasium.registry.get(environment_id)
    return specification is not None and str(specification.entry_point).startswith(place)


def _module_version(module: str) -> str:
    """Its `__version__`, else the beginning of its file's SHA-256: a changed environment is another engine."""
    told = getattr(sys.modules[module], "__version__", None)
    file = getattr(sys.modules[module], "__file__", None)
    if told is not None or file is None:
        return str(told)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def host() -> str:
    """This machine's name."""
    return (platform.node() or os.environ.get("HOSTNAME", "") or "unknown")[:200]
