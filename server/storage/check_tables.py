"""Tables of what is evaluated twice, and of the workers that were found wrong: see `tables`."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.types import BigInteger, Boolean

from server.storage.tables import MOMENT, RUN_ID, metadata

__all__ = ["exclusions", "metadata", "rechecks"]

# Episodes of the ledger that were evaluated again, by another worker: they count towards no budget. Like `results`
# without a foreign key to `runs`, whose row is locked by the same transaction.
rechecks = Table(
    "rechecks",
    metadata,
    Column("run_id", RUN_ID, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("index", Integer, nullable=False),
    Column("phase", SmallInteger, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("worker", Uuid, nullable=False),
    Column("score", Double, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("submission", Uuid, nullable=False),
    Column("accepted_at", MOMENT, nullable=False, server_default=func.now()),
    # As in `results`: the worker was found wrong.
    Column("retracted", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("octet_length(digest) = 32", name="digest"),
)
Index(
    "rechecks_key",
    *(rechecks.c[name] for name in ("run_id", "generation", "index", "phase", "episode", "worker")),
    unique=True,
    postgresql_where=text("NOT retracted"),
)
Index("rechecks_run_id_generation_idx", rechecks.c.run_id, rechecks.c.generation)

# Workers that were set aside, newest last. One that has not been let in again gets no work, and nothing of it counts.
exclusions = Table(
    "exclusions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("worker", Uuid, nullable=False),
    # A name that somebody chose is kept through restarts, which draw another id.
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("excluded_at", MOMENT, nullable=False),
    Column("readmitted_at", MOMENT),
    Index("exclusions_worker_key", "worker", unique=True, postgresql_where=text("readmitted_at IS NULL")),
)
