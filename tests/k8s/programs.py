"""What stands for each image where no engine runs: the folders that it has, and what its Dockerfile says of it."""

import json
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from cli.postgres import installations
from tests.k8s.images import last_stage
from tests.k8s.manifests import ROOT

OURS = "ghcr.io/neuroevolution/"
POSTGRES = "docker.io/library/postgres"
BASE_PATH = "/usr/local/bin:/usr/bin:/bin"
ENTRYPOINT = Path(__file__).with_name("postgres-entrypoint")


class Image(NamedTuple):
    """`folders`: for each path inside, what lies there; `files`: what stands there. `user`: 0 where it is root."""

    folders: dict[str, str]
    files: dict[str, str]
    environment: dict[str, str]
    entrypoint: list[str]
    command: list[str]
    folder: str
    user: int
    stop_signal: str


def image(name: str) -> Image:
    """The programs of an image: ours are this environment's, Postgres's those of the embedding wheel.

    Raises:
        LookupError: nothing stands for it.
    """
    repository, _, tag = name.rpartition(":")
    if repository == POSTGRES:
        return _postgres(int(tag.partition(".")[0]))
    if repository.startswith(OURS):
        return _ours(ROOT / "docker" / f"{repository.removeprefix(OURS)}.Dockerfile")
    raise LookupError(f"nothing here stands for the image {name}")


def _ours(dockerfile: Path) -> Image:
    said = last_stage(dockerfile)
    variables = dict(word.split("=", 1) for word in shlex.split(said["ENV"]))
    places = {sys.base_prefix, sys.prefix, str(ROOT), *(path for path in sys.path if path and Path(path).is_dir())}
    return Image(
        folders={place: place for place in sorted(places)} | {"/venv": sys.prefix},
        files={},
        environment=variables | {"PATH": variables["PATH"].replace("$PATH", BASE_PATH)},
        entrypoint=json.loads(said["ENTRYPOINT"]),
        command=json.loads(said["CMD"]),
        folder=said["WORKDIR"],
        user=int(said["USER"].partition(":")[0]),
        stop_signal=said.get("STOPSIGNAL", "SIGTERM"),
    )


def _postgres(major: int) -> Image:
    """As https://github.com/docker-library/postgres makes it; its entry point's part is `postgres-entrypoint`."""
    programs = installations()[major]
    libraries = programs.parents[1].with_name(f"{programs.parents[1].name}.libs")
    return Image(
        folders={str(place): str(place) for place in (programs.parent, libraries)} | {"/entrypoint": str(ENTRYPOINT)},
        files={"/etc/passwd": "postgres:x:999:999::/var/lib/postgresql:/bin/bash\n"},
        environment={"PATH": f"{programs}:{BASE_PATH}", "PGHOST": "/var/run/postgresql", "LANG": "C.UTF-8"},
        entrypoint=["/bin/bash", "/entrypoint"],
        command=["postgres"],
        folder="/",
        user=0,
        stop_signal="SIGINT",
    )
