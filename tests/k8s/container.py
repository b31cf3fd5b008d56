"""Makes a container of the calling process and becomes its command: run as a script, with a specification as JSON.

It starts as the first process of new namespaces (`unshare`), as root. The root folder is built of what an image has,
read-only, and of the pod's volumes; everything else of this machine is out of sight.
"""

import ctypes
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

READ_ONLY, NO_SET_USER, NO_DEVICES, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
DEVICES = ("null", "zero", "full", "random", "urandom")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc")


def main(specification: dict[str, Any]) -> None:
    """Becomes `words` as `user` and `group`, with `environment`, below `root`.

    `image` and `volumes`: for each path inside, what lies there, and of volumes whether they may be written to.
    `memory`: bytes that each process may have, where there are no `cgroups` to hold all of them together.
    """
    for group in specification["cgroups"]:
        Path(group, "cgroup.procs").write_text("0")
    if not specification["cgroups"]:
        resource.setrlimit(resource.RLIMIT_DATA, (specification["memory"],) * 2)
    build(Path(specification["root"]), specification)
    os.chroot(specification["root"])
    os.chdir(specification["folder"])
    user, group = specification["user"], specification["group"]
    who = [f"--reuid={user}", f"--regid={group}", f"--groups={specification['volume_group']}"]
    less = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    os.execve("/usr/bin/setpriv", ["setpriv", *who, *less, *specification["words"]], specification["environment"])


def build(root: Path, specification: dict[str, Any]) -> None:
    """The root folder, seen by this process and its children alone."""
    mount("none", Path("/"), "", RECURSIVE | PRIVATE)
    mount("tmpfs", root, "tmpfs", 0, "mode=0755")
    for place in map(Path, SYSTEM):
        if place.is_symlink():
            (root / place.name).symlink_to(place.readlink())
        elif place.exists():
            bind(place, root / place.name, writable=False)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    mount("proc", made(root / "proc"), "proc", NO_SET_USER | NO_DEVICES)
    mount("/sys/fs/cgroup", made(root / "sys/fs/cgroup"), "", BIND | RECURSIVE)
    for device in DEVICES:
        (made(root / "dev") / device).touch()
        mount(f"/dev/{device}", root / "dev" / device, "", BIND)
    (root / "dev/fd").symlink_to("/proc/self/fd")
    mount("tmpfs", made(root / "dev/shm"), "tmpfs", NO_SET_USER | NO_DEVICES, "size=64m,mode=1777")
    for inside, (outside, writable) in specification["volumes"].items():
        bind(Path(outside), root / inside.lstrip("/"), writable=writable)
    # After the volumes: this project may lie below /tmp, which a pod has a volume for.
    for inside, outside in specification["image"].items():
        bind(Path(outside), root / inside.lstrip("/"), writable=False)
    if specification["read_only"]:
        mount("none", root, "", REMOUNT | BIND | READ_ONLY)


def bind(outside: Path, inside: Path, writable: bool) -> None:
    """Shows a folder or a file of this machine at another place."""
    if outside.is_dir():
        made(inside)
    elif not inside.exists():
        made(inside.parent)
        inside.touch()
    mount(str(outside), inside, "", BIND)
    if not writable:
        mount("none", inside, "", REMOUNT | BIND | READ_ONLY)


def made(folder: Path) -> Path:
    """The folder, with those above it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    """mount(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), bytes(target), kind.encode(), ctypes.c_ulong(flags), options.encode()):
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} ({source} on {target})")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
