"""What can go wrong at the command line. Each error's message is one clear line that says what to do."""


class CommandError(Exception):
    """The command cannot go on; its message is printed on stderr and the exit code says of what kind it is."""

    exit_code: int = 1


class BadInput(CommandError):
    """What was typed makes no sense: correct the option or argument that the message names."""

    exit_code = 2


class NoServer(CommandError):
    """No server could be found or reached: start one, or say where it is."""

    exit_code = 7


class Refused(CommandError):
    """The server understood and refused; the message is its own."""

    exit_code = 8


class ChildFailed(CommandError):
    """A process that `up` started ended before it was of use; the exit code is its own."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = max(exit_code, 1)


class DataFolderInUse(CommandError):
    """Another `neuroevo up` holds the data folder: use that one, or another folder."""

    exit_code = 9


class DataFolderLost(CommandError):
    """The data folder was removed or replaced while `up` ran: put it back, or start with another."""


class BusyPort(CommandError):
    """Something else listens on the port: choose another one with --port."""

    exit_code = 3


class NoEmbeddedPostgres(CommandError):
    """The embedded Postgres is not installed: install it, or give --database-url."""

    exit_code = 4


class OtherPostgresVersion(CommandError):
    """The data folder was written by a major version of Postgres that is not installed here."""

    exit_code = 5


class DamagedDatabase(NoEmbeddedPostgres):
    """Postgres does not accept the data folder: restore a copy of it, or start anew with another --data."""
