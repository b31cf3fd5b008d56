"""Brings a database to the shape that this version needs: `neuroevo db upgrade`, and every start of a server."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from server.storage.database import CONNECT_SECONDS, driver_url
from server.storage.errors import DatabaseUnavailable


class NewerDatabase(Exception):
    """The database was upgraded by a newer version of neuroevo. Start that version, or a backup of this one."""


def upgrade(database_url: str) -> None:
    """Migrates the database to this version; does nothing if it is there already.

    Raises:
        DatabaseUnavailable: it cannot be reached, or cannot hold text in UTF-8.
        NewerDatabase: it is ahead of this version.
    """
    engine = _engine(database_url)
    try:
        with engine.connect() as connection:
            _check_encoding(connection)
            command.upgrade(_configuration(connection), "head")
            connection.commit()
    except OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be upgraded, it does not answer: {error.orig}") from error
    except CommandError as error:
        if isinstance(error.__cause__, ResolutionError):
            raise NewerDatabase(f"{NewerDatabase.__doc__} ({error})") from error
        raise
    finally:
        engine.dispose()


def versions(database_url: str) -> tuple[str | None, str | None]:
    """The database's revision, None of an empty one, and the revision that this version needs."""
    engine = _engine(database_url)
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            return found, ScriptDirectory.from_config(_configuration(connection)).get_current_head()
    except OperationalError as error:
        raise DatabaseUnavailable(f"the database does not answer: {error.orig}") from error
    finally:
        engine.dispose()


def _engine(database_url: str) -> Engine:
    # Of a database without an encoding the driver would give bytes for text, and not get as far as the check.
    options = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8"}
    return create_engine(driver_url(database_url), connect_args=options)


def _check_encoding(connection: Connection) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"the database has the encoding {encoding} and cannot hold every text: make another one by "
            "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
        )


def _configuration(connection: Connection) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    configuration.attributes["connection"] = connection
    return configuration
