"""A container as processes: in namespaces of its own, by `container.py`, as its manifest and its image say."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.acceptance.processes import children_of, command_line, until
from tests.k8s import limits
from tests.k8s.manifests import Document, expand, quantity
from tests.k8s.programs import Image

SCRIPT = str(Path(__file__).with_name("container.py"))
OUTER = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child"]
BECOMING = {SCRIPT, "unshare", "setpriv"}
START_SECONDS = 30.0
LAST_LINES = 3


class Place(NamedTuple):
    """Where a container runs. `folder`: of its own; `files`: what the kubelet gives it, by the path inside."""

    folder: Path
    files: dict[str, str]
    volumes: dict[str, Path]
    variables: dict[str, str]


class Container:
    """A container that was started, in the network namespace of the calling thread."""

    def __init__(self, document: Document, image: Image, context: Document, place: Place) -> None:
        """`context`: the pod's security context and its own, merged; `place.variables`: what its manifest tells it."""
        self.name = document["name"]
        self._variables = image.environment | place.variables
        self._user = (context.get("runAsUser", image.user), context.get("runAsGroup", 0))
        self._signal = signal.Signals[image.stop_signal]
        self._log = place.folder / "log"
        granted = document["resources"]["limits"]
        self._groups = limits.grant(place.folder.name, granted)
        root, file = place.folder / "root", place.folder / "specification.json"
        root.mkdir(parents=True)
        specification = {
            "root": str(root),
            "image": image.folders | _written(image.files, place.folder) | place.files,
            "volumes": {
                each["mountPath"]: (str(place.volumes[each["name"]]), not each.get("readOnly"))
                for each in document.get("volumeMounts", [])
            },
            "read_only": context.get("readOnlyRootFilesystem", False),
            "cgroups": [str(group) for group in self._groups],
            "memory": int(quantity(granted["memory"])),
            "folder": document.get("workingDir", image.folder),
            "user": self._user[0],
            "group": self._user[1],
            "volume_group": context.get("fsGroup", 0),
            "words": _words(document, image, self._variables),
            "environment": self._variables,
        }
        file.write_text(json.dumps(specification))
        with self._log.open("wb") as log:
            self._outer = subprocess.Popen(
                [*OUTER, sys.executable, "-I", "-S", SCRIPT, str(file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._first = until(self._program, START_SECONDS)

    def _program(self) -> int:
        """The first process of the container once it is what it is to be; -1 if it has ended; else 0."""
        if self.code is not None:
            return -1
        running = [pid for pid in children_of(self._outer.pid) if not BECOMING & set(command_line(pid).split())]
        return running[0] if running else 0

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._outer.poll()

    @property
    def last_words(self) -> str:
        """What it said last, on one line."""
        return " / ".join(self._log.read_text(errors="replace").strip().split("\n")[-LAST_LINES:])

    def execute(self, words: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
        """Runs a program in it, as its user and in its environment.

        Raises:
            subprocess.TimeoutExpired: it takes longer.
        """
        user, group = self._user
        entered = ["--mount", "--pid", "--net", "--ipc", "--root", "--wd=/", f"--setuid={user}", f"--setgid={group}"]
        command = [str(shutil.which("nsenter")), f"--target={self._first}", *entered, *words]
        return subprocess.run(
            command, env=self._variables, check=False, capture_output=True, text=True, timeout=seconds
        )

    def stop(self, seconds: float) -> int:
        """Tells it to end, and after so long makes it end: its exit code, -9 if it had to be made to."""
        self._send(self._signal)
        try:
            return self._outer.wait(seconds)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            self.kill()

    def kill(self) -> None:
        """Makes it end at once, with all its processes."""
        self._send(signal.SIGKILL)
        self._outer.wait()
        limits.release(self._groups)

    def _send(self, number: signal.Signals) -> None:
        if self.code is None:
            os.kill(self._first, number)


def _words(document: Document, image: Image, variables: Mapping[str, str]) -> list[str]:
    """What is started: the image's own words, but for those that the manifest gives."""
    if "command" in document:
        words = [*document["command"], *document.get("args", [])]
    else:
        words = [*image.entrypoint, *document.get("args", image.command)]
    return [expand(word, variables) for word in words]


def _written(files: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Where the files lie that an image has beside its folders."""
    found = {inside: folder / f"file-{number}" for number, inside in enumerate(files)}
    for inside, file in found.items():
        file.write_text(files[inside])
    return {inside: str(file) for inside, file in found.items()}
