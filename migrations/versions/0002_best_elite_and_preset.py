"""Runs tell which preset they were made from, and the spread of their best elite."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# `best` is a copy of some closed generation's validated mean; ties go to the first, as when a generation closes.
FILL_BEST_ELITE = """
    UPDATE runs SET best_elite = first.validation
    FROM (
        SELECT DISTINCT ON (run_id) run_id, validation FROM generations WHERE jsonb_typeof(validation) = 'object'
        ORDER BY run_id, (validation->>'mean')::double precision DESC, number
    ) AS first
    WHERE first.run_id = runs.id
"""


def upgrade() -> None:
    """Adds the columns. Which preset older runs came from was not kept."""
    op.add_column("runs", sa.Column("preset", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("best_elite", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.execute(FILL_BEST_ELITE)
