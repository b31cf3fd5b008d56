"""How Alembic reaches the database: by the connection that `migrations.upgrade` gives it, else by its URL."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, text

from server.storage.cost_tables import metadata
from server.storage.database import driver_url

UPGRADE_LOCK = 0x6E65756F
"""Key of the advisory lock that keeps two upgrades of one database apart."""


def migrate(connection: Connection) -> None:
    """Runs the migrations in one transaction, under a lock."""
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        context.run_migrations()


if connection := context.config.attributes.get("connection"):
    migrate(connection)
else:
    engine = create_engine(driver_url(os.environ["NEUROEVO_DATABASE_URL"]))
    with engine.connect() as opened:
        migrate(opened)
