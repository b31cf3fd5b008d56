"""Results that are retracted, episodes evaluated again by another worker, workers that were set aside."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
KEY = ["run_id", "generation", "index", "phase", "episode"]


def upgrade() -> None:
    """No result is retracted. The ledger's key is made anew over the rows that are not: a second for a million."""
    op.add_column("results", sa.Column("retracted", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.drop_constraint(op.f("results_pkey"), "results", type_="primary")
    op.create_index("results_key", "results", KEY, unique=True, postgresql_where=sa.text("NOT retracted"))
    op.create_index("results_retracted_idx", "results", KEY, postgresql_where=sa.text("retracted"))
    op.add_column("generations", sa.Column("confirmed", sa.Integer(), nullable=True))
    op.add_column("generations", sa.Column("unconfirmed", sa.Integer(), nullable=True))
    create_rechecks()
    create_exclusions()


def create_rechecks() -> None:
    op.create_table(
        "rechecks",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("submission", sa.Uuid(), nullable=False),
        sa.Column("accepted_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("retracted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("rechecks_digest_check")),
    )
    op.create_index(
        "rechecks_key", "rechecks", [*KEY, "worker"], unique=True, postgresql_where=sa.text("NOT retracted")
    )
    op.create_index("rechecks_run_id_idx", "rechecks", ["run_id"])


def create_exclusions() -> None:
    op.create_table(
        "exclusions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("excluded_at", MOMENT, nullable=False),
        sa.Column("readmitted_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("exclusions_pkey")),
    )
    current = sa.text("readmitted_at IS NULL")
    op.create_index("exclusions_worker_key", "exclusions", ["worker"], unique=True, postgresql_where=current)
