"""`neuroevo db …`: the database by itself."""

from pathlib import Path

import typer

from cli.errors import CommandError
from cli.options import DEFAULT_DATA, Data, DatabaseUrl

app = typer.Typer(help="The database.", rich_markup_mode=None)


class DatabaseNotUpgraded(CommandError):
    """The database does not answer, or a newer release has upgraded it further: see the message."""

    exit_code = 4


@app.command("upgrade")
def upgrade_database(database_url: DatabaseUrl = None, data: Data = DEFAULT_DATA) -> None:
    """Bring the database's tables to this release's form. `server start` and `up` do so themselves."""
    if database_url is not None:
        upgrade_to_this_release(database_url)
    else:
        _upgrade_embedded(data.resolve())
    typer.echo("the database is up to date")


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
    except (DatabaseUnavailable, NewerDatabase) as error:
        raise DatabaseNotUpgraded(str(error)) from None
