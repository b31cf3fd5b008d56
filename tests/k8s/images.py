"""Dockerfiles without an engine: their instructions, what enters them, their install step in a clean environment."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from tests.k8s.manifests import ROOT

INSTALL = re.compile(
    r"/venv/bin/python -m pip install --quiet --constraint /source/constraints\.txt --only-binary :all: "
    r"/source\[(?P<extras>[a-z,]+)\]"
)
BY_PIP = "IMAGES"
"""This variable set, the install step is what stands in the Dockerfile, word by word: minutes, and a network."""


class Instruction(NamedTuple):
    """One of a Dockerfile's. `stage`: the number of FROM before it, from 1."""

    stage: int
    name: str
    text: str


def instructions(file: Path) -> list[Instruction]:
    """The file's instructions."""
    found: list[Instruction] = []
    for line in file.read_text().replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, text = line.partition(" ")
            stage = (found[-1].stage if found else 0) + (name == "FROM")
            found.append(Instruction(stage, name, text.strip()))
    return found


def last_stage(file: Path) -> dict[str, str]:
    """The instructions that make the image itself; of several of one name the last."""
    every = instructions(file)
    return {each.name: each.text for each in every if each.stage == every[-1].stage}


def entering() -> list[Path]:
    """What of the project the engine is given: .dockerignore forbids everything and names what it lets in."""
    lines = ROOT.joinpath(".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    return [ROOT / rule.removeprefix("!") for rule in rules if rule.startswith("!")]


def copy_source(folder: Path) -> None:
    """What `COPY . /source` brings."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for path in entering():
        if path.is_dir():
            shutil.copytree(path, folder / path.name, ignore=ignored)
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(path, folder)


def install(file: Path, source: Path, venv: Path) -> None:
    """Runs the image's install step in a clean environment, with `/source` and `/venv` moved.

    Without `IMAGES` only this project is built and installed by pip; what its extras require is taken from this
    environment, by its metadata: what they forget is missing.
    """
    steps = [each.text for each in instructions(file) if each.name == "RUN"]
    found = INSTALL.fullmatch(steps[-1])
    assert steps[0] == "python -m venv /venv"
    assert found is not None, steps[-1]
    if os.environ.get(BY_PIP):
        for step in steps:
            moved = step.replace("/venv", str(venv)).replace("/source", str(source))
            _run(*shlex.split(moved.replace("python", sys.executable, 1) if step is steps[0] else moved))
        return
    _run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    _run(sys.executable, "-m", "pip", f"--python={venv}", "install", "--quiet", "--no-deps", str(source))
    (site,) = venv.glob("lib/python*/site-packages")
    (own,) = (each for each in distributions(path=[str(site)]) if each.name == "neuroevolution")
    for each in _required(own, set(found["extras"].split(","))):
        _link(each, site)


def _required(root: Distribution, extras: set[str]) -> Iterator[Distribution]:
    """What a distribution with these extras requires, and what that requires, of what is installed here."""
    seen: set[tuple[str, str]] = set()
    left = [(root, extras | {""})]
    while left:
        current, wanted = left.pop()
        for line in current.requires or []:
            needed = Requirement(line)
            marker = needed.marker
            if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in wanted):
                continue
            key = (needed.name.lower(), ",".join(sorted(needed.extras)))
            if key not in seen:
                seen.add(key)
                found = distribution(needed.name)
                left.append((found, needed.extras | {""}))
                yield found


def _link(package: Distribution, site: Path) -> None:
    for name in {file.parts[0] for file in package.files or [] if file.parts[0] not in {"..", "__pycache__"}}:
        if not (site / name).exists():
            (site / name).symlink_to(Path(str(package.locate_file(name))))


def _run(*words: str) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"
