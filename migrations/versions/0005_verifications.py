"""Verifications of recorded episodes: their jobs, and what the last one found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns; no recorded episode counts as verified."""
    op.add_column("rollouts", sa.Column("verified_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("rollouts", sa.Column("verified_engine_id", sa.Integer(), nullable=True))
    op.add_column("rollouts", sa.Column("verified_problem", sa.Text(), nullable=True))
    name = op.f("rollouts_verified_engine_id_fkey")
    op.create_foreign_key(name, "rollouts", "engines", ["verified_engine_id"], ["id"])
    op.drop_constraint(op.f("jobs_kind_check"), "jobs", type_="check")
    op.create_check_constraint(op.f("jobs_kind_check"), "jobs", "kind IN ('test', 'recording', 'verification')")
