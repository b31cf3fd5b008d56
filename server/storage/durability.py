"""Whether Postgres keeps through a power cut what it has committed."""

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from server.storage.database import CONNECT_SECONDS, driver_url
from server.storage.errors import DatabaseUnavailable

CONSEQUENCES = {
    "fsync": "a power cut or a crash of the system may spoil the whole database, acknowledged results and all",
    "full_page_writes": "a power cut in the middle of a write may spoil the database",
    "synchronous_commit": "other programs' commits may be lost; the server's own wait for the disk all the same",
}
"""Of each setting that is off."""


def find_risks(database_url: str) -> list[str]:
    """As `risks`; that the database does not answer is one of them."""
    try:
        return risks(database_url)
    except DatabaseUnavailable as error:
        return [str(error)]


def risks(database_url: str) -> list[str]:
    """A sentence for each setting of the database that is unsafe; none if all is well.

    Raises:
        DatabaseUnavailable: it does not answer.
    """
    engine = create_engine(driver_url(database_url), connect_args={"connect_timeout": CONNECT_SECONDS})
    query = text("SELECT name FROM pg_settings WHERE name = ANY(:names) AND setting = 'off' ORDER BY name")
    try:
        with engine.connect() as connection:
            names = connection.execute(query, {"names": list(CONSEQUENCES)}).scalars().all()
    except OperationalError as error:
        raise DatabaseUnavailable(f"the database does not answer: {error.orig}") from error
    finally:
        engine.dispose()
    return [f"Postgres runs with {name} = off: {CONSEQUENCES[name]}; switch it on" for name in names]
