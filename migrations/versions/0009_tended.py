"""What the library looks after by itself, once: brought policies without a recording, recordings without a picture."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What has its recording, or its picture, needs nothing more."""
    for table in ("policies", "rollouts"):
        op.add_column(table, sa.Column("tended", sa.Boolean(), server_default="false", nullable=False))
    op.execute("UPDATE policies SET tended = true WHERE EXISTS (SELECT FROM rollouts WHERE policy = policies.id)")
    op.execute("UPDATE rollouts SET tended = true FROM videos WHERE rollout_id = rollouts.id AND poster IS NOT NULL")
    op.create_index(
        "policies_untended_idx",
        "policies",
        ["environment_id", "created_at"],
        postgresql_where=sa.text("origin = 'imported' AND NOT tended"),
    )
    op.create_index(
        "rollouts_untended_idx",
        "rollouts",
        ["created_at"],
        postgresql_where=sa.text("state = 'recorded' AND problem IS NULL AND NOT tended"),
    )
    op.create_index("jobs_open_idx", "jobs", ["created_at", "id"], postgresql_where=sa.text("state = 'open'"))
