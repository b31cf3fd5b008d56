"""The system user under which the embedded Postgres runs when `neuroevo up` is root's."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

NAME = "neuroevo"
FALLBACK = "nobody"


def system_user() -> pwd.struct_passwd:
    """The user `neuroevo`, made if need be; `nobody` where no user can be made (slim containers)."""
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return pwd.getpwnam(NAME if _make() else FALLBACK)


def _make() -> bool:
    """Makes the user, without a home or a login; whether that succeeded."""
    program = shutil.which("useradd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if program is None:
        return False
    command = [program, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def enters(uid: int, folder: Path) -> bool:
    """Whether the user may pass through every folder above `folder`."""
    return all(_passes(uid, parent.stat()) for parent in folder.parents if parent.exists())


def _passes(uid: int, folder: os.stat_result) -> bool:
    return bool(folder.st_mode & (stat.S_IXUSR if folder.st_uid == uid else stat.S_IXOTH))
