"""Starts a child that cannot outlive its parent: run as a script, this becomes the command that it is given.

A program between fork and exec rather than code there: no lock is held, no thread is half copied. On Linux the kernel
then sends the child a signal when its parent dies, however it dies. A server such as Postgres, which refuses to run as
root, can be given another user.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Sequence
from typing import NamedTuple

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 4
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


class User(NamedTuple):
    """Who a child runs as. `searches`: it may enter folders that are closed to it, such as those below /root."""

    uid: int
    gid: int
    searches: bool


def bound(command: Sequence[str], death_signal: signal.Signals, user: User | None = None) -> list[str]:
    """The command line that runs `command` so that it gets `death_signal` when the calling process dies."""
    who = f"{user.uid}:{user.gid}:{int(user.searches)}" if user else ""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(death_signal)), who, *command]


def main(arguments: Sequence[str]) -> None:
    """Becomes the command `arguments[3:]`, bound to the parent `arguments[0]` by the signal `arguments[1]`."""
    parent, death_signal, who, *command = arguments
    if who:
        uid, gid, searches = (int(part) for part in who.split(":"))
        _become(User(uid, gid, bool(searches)))
    # After a change of user, which clears it.
    if sys.platform == "linux" and not _prctl(PR_SET_PDEATHSIG, int(death_signal)):
        sys.exit("the kernel does not say when a parent dies")
    if os.getppid() != int(parent):
        sys.exit(f"the process {parent} that started this has ended")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python's own start ignores it, and exec would hand that on
    os.execv(command[0], command)  # noqa: S606 - to become the command is what this program is for # nosec B606


def _become(user: User) -> None:
    """Drops root's rights for good, but keeps the one to look into folders if `user.searches`."""
    # Else access(2), by which Postgres finds its own programs, would ignore that right.
    kept = user.searches and _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    if user.searches and not (kept and any(_keep(right) for right in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE))):
        sys.exit(f"user {user.uid} cannot enter the folders above its files: open them to others (chmod o+x)")


def _keep(right: int) -> bool:
    """Keeps this capability alone, across exec; False where the machine does not grant it (some containers)."""
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    only = struct.pack("=6I", 1 << right, 1 << right, 1 << right, 0, 0, 0)
    return not ctypes.CDLL(None).capset(header, only) and _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, right)


def _prctl(option: int, value: int, more: int = 0) -> bool:
    """Whether the kernel agreed."""
    return not ctypes.CDLL(None).prctl(option, value, more, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
