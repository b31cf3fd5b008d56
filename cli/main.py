"""The command `neuroevo`. What goes wrong is one line on stderr and an exit code:

0  done                                    5  the database is of another version
1  something failed                        6  the server was replaced by another
2  bad option, argument or document        7  no server found or reached
3  the port is busy                        8  the server refused
4  no database                             9  another `up` holds the data folder
130  interrupted
"""

import os
import sys
import traceback
from typing import NoReturn

import typer
from typer.exceptions import Abort, TyperException

from cli import (
    backups,
    bench,
    databases,
    doctor,
    policies,
    runs,
    secret_keys,
    servers,
    tokens,
    transfers,
    up,
    versions,
    workers,
)
from cli.errors import CommandError

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Evolve networks that play games, and watch it live. Start with: neuroevo up",
)
app.command("up")(up.up)
app.add_typer(servers.app, name="server")
app.add_typer(workers.app, name="worker")
runs.app.command("export")(transfers.export_run)
runs.app.command("import")(transfers.import_run)
app.add_typer(runs.app, name="run")
app.add_typer(policies.app, name="policy")
app.add_typer(tokens.app, name="token")
databases.app.command("backup")(backups.backup_database)
databases.app.command("restore")(backups.restore_database)
app.add_typer(databases.app, name="db")
app.add_typer(secret_keys.app, name="secrets")
app.add_typer(bench.app, name="bench")
app.command("doctor")(doctor.doctor)
app.command("version")(versions.version)

INTERRUPTED = 130


@app.callback(invoke_without_command=True)
def show_help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for _group in (servers.app, workers.app, runs.app, policies.app, tokens.app, databases.app, secret_keys.app, bench.app):
    _group.callback(invoke_without_command=True)(show_help)


def main() -> NoReturn:
    """Runs the command line of this process, and exits."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except CommandError as error:
        _fail(str(error), error.exit_code)
    except TyperException as error:
        _fail(f"{error.format_message()} (see --help)", error.exit_code)
    except (Abort, KeyboardInterrupt):
        _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered has no reader
        sys.exit(1)
    except Exception as error:
        if os.environ.get("NEUROEVO_DEBUG"):
            raise
        _fail(f"unexpected {type(error).__name__}: {error} (details: {_write_down(error)})", 1)


def _fail(message: str, exit_code: int) -> NoReturn:
    print(f"neuroevo: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(exit_code)


def _write_down(error: Exception) -> str:
    """Keeps the traceback for a report, and says where."""
    import tempfile

    with tempfile.NamedTemporaryFile("w", prefix="neuroevo-", suffix=".log", delete=False) as file:
        file.writelines(traceback.format_exception(error))
    return file.name
