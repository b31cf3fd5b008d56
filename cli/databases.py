"""`neuroevo db …`: the database by itself."""

import time
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.options import DEFAULT_DATA, Data, DatabaseUrl

app = typer.Typer(help="The database.", rich_markup_mode=None)


class DatabaseNotUpgraded(CommandError):
    """The database does not answer, or a newer release has upgraded it further: see the message."""

    exit_code = 4


class DatabaseAway(DatabaseNotUpgraded):
    """The database does not answer, so far: start it, or correct its address."""


WAIT_PAUSE_SECONDS = 1.0


@app.command("upgrade")
def upgrade_database(
    database_url: DatabaseUrl = None,
    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            envvar="NEUROEVO_WAIT",
            metavar="SECONDS",
            min=0,
            help="How long a database that does not answer yet is waited for.",
        ),
    ] = 0.0,
    data: Data = DEFAULT_DATA,
) -> None:
    """Bring the database's tables to this release's form. `server start` and `up` do so themselves."""
    if database_url is not None:
        _upgrade_patiently(database_url, time.monotonic() + wait)
    else:
        _upgrade_embedded(data.resolve())
    typer.echo("the database is up to date")


def _upgrade_patiently(database_url: str, until: float) -> None:
    """Upgrades it as soon as it answers, by `until` on the steady clock. Raises DatabaseNotUpgraded."""
    told = False
    while True:
        try:
            return upgrade_to_this_release(database_url)
        except DatabaseAway as error:
            if time.monotonic() >= until:
                raise
            if not told:
                typer.echo(f"waiting for the database: {' '.join(str(error).split())}", err=True)
                told = True
            time.sleep(WAIT_PAUSE_SECONDS)


def _upgrade_embedded(data: Path) -> None:
    from cli import lock
    from cli.postgres import EmbeddedPostgres

    with lock.held(data), EmbeddedPostgres(data) as postgres:
        upgrade_to_this_release(postgres.url)


def upgrade_to_this_release(database_url: str) -> None:
    """Raises DatabaseNotUpgraded."""
    from migrations.upgrade import NewerDatabase, upgrade
    from server.storage.errors import DatabaseUnavailable

    try:
        upgrade(database_url)
    except DatabaseUnavailable as error:
        raise DatabaseAway(str(error)) from None
    except NewerDatabase as error:
        raise DatabaseNotUpgraded(str(error)) from None
