"""`neuroevo db backup` and `db restore`: the whole database as one file, by Postgres's own programs."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli.databases import DatabaseNotUpgraded, upgrade_to_this_release
from cli.errors import BadInput, CommandError
from cli.options import DEFAULT_DATA, Data, DatabaseUrl

Out = Annotated[Path, typer.Argument(metavar="FILE", help="File to write.")]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="What `neuroevo db backup` wrote.")]


class BackupFailed(CommandError):
    """Postgres's own program could not write or read the backup; its last word says why."""


def backup_database(out: Out, database_url: DatabaseUrl = None, data: Data = DEFAULT_DATA) -> None:
    """Write the whole database into a file, also while `neuroevo up` runs: runs, policies, videos, tokens."""
    # Under another name first: what is there under this one is whole.
    unfinished = out.with_name(f"{out.name}.unfinished")
    try:
        with _served(data.resolve(), database_url) as url:
            unfinished.touch(mode=0o600)
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}", url)
        unfinished.replace(out)
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)
    typer.echo(f"{out} written: {out.stat().st_size:,} bytes")


def restore_database(file: Source, database_url: DatabaseUrl = None, data: Data = DEFAULT_DATA) -> None:
    """Fill an empty database from a backup and upgrade it to this release. What is not empty is left alone."""
    from cli import lock
    from cli.postgres import EmbeddedPostgres

    if not file.is_file():
        raise BadInput(f"{file} is no file")
    if database_url is not None:
        _restore(file, database_url)
    else:
        with lock.held(data.resolve()), EmbeddedPostgres(data) as postgres:
            _restore(file, postgres.url)
    typer.echo(f"{file} is restored, and of this release's form")


@contextmanager
def _served(data: Path, database_url: str | None) -> Iterator[str]:
    """The database's address: the given one, that of a running `up`, else the data folder's, served meanwhile."""
    from cli import lock
    from cli.postgres import EmbeddedPostgres

    postgres = EmbeddedPostgres(data)
    if database_url is not None:
        yield database_url
    elif not postgres.folder.exists():
        raise BadInput(f"{data} has no database: name another folder (--data) or a database (--database-url)")
    elif lock.is_held(data):
        yield postgres.url
    else:
        with lock.held(data), postgres:
            yield postgres.url


def _restore(file: Path, url: str) -> None:
    from migrations.upgrade import versions
    from server.storage.errors import DatabaseUnavailable

    try:
        found, _ = versions(url)
    except DatabaseUnavailable as error:
        raise DatabaseNotUpgraded(str(error)) from None
    if found is not None:
        raise BadInput("the database is not empty: restore into another folder (--data) or an empty database")
    # All or nothing: a file that is damaged leaves the database as empty as it was.
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run("pg_restore", *options, f"--dbname={url}", str(file))
    upgrade_to_this_release(url)


def _run(program: str, *arguments: str) -> None:
    from cli.postgres import installations

    found = installations()
    command = [str(found[max(found)] / program), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise BackupFailed(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{program} failed")
