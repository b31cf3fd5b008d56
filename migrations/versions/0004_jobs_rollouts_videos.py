"""Jobs, their results, recorded episodes and their videos."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Creates the tables, empty. A video and a poster are kept as they are, so that a part is read without the rest."""
    create_rollouts()
    create_videos()
    create_jobs()
    create_job_results()
    for column in ("mp4", "poster"):
        op.execute(f"ALTER TABLE videos ALTER COLUMN {column} SET STORAGE EXTERNAL")


def create_rollouts() -> None:
    op.create_table(
        "rollouts",
        sa.Column("id", ID, nullable=False),
        sa.Column("policy", ID, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("steps", sa.Integer(), nullable=True),
        sa.Column("frames", sa.Integer(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("engine_id", sa.Integer(), nullable=True),
        sa.Column("actions", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'recorded', 'failed')", name=op.f("rollouts_state_check")),
        sa.ForeignKeyConstraint(["policy"], ["policies.id"], name=op.f("rollouts_policy_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["engine_id"], ["engines.id"], name=op.f("rollouts_engine_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("rollouts_pkey")),
    )
    op.create_index("rollouts_policy_seed_key", "rollouts", ["policy", "seed"], unique=True)


def create_videos() -> None:
    op.create_table(
        "videos",
        sa.Column("rollout_id", ID, nullable=False),
        sa.Column("mp4", sa.LargeBinary(), nullable=True),
        sa.Column("poster", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollouts.id"], name=op.f("videos_rollout_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rollout_id", name=op.f("videos_pkey")),
    )
    op.create_index("videos_used_at_idx", "videos", ["used_at"])


def create_jobs() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "jobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("policy", ID, nullable=False),
        sa.Column("document", json, nullable=False),
        sa.Column("environment", json, nullable=False),
        sa.Column("rollout_id", ID, nullable=True),
        sa.Column("episodes", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('test', 'recording')", name=op.f("jobs_kind_check")),
        sa.CheckConstraint("asked_by IN ('person', 'library')", name=op.f("jobs_asked_by_check")),
        sa.CheckConstraint("state IN ('open', 'done', 'failed', 'cancelled')", name=op.f("jobs_state_check")),
        sa.ForeignKeyConstraint(["rollout_id"], ["rollouts.id"], name=op.f("jobs_rollout_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("jobs_pkey")),
    )
    op.create_index("jobs_created_at_id_idx", "jobs", ["created_at", "id"])
    op.create_index("jobs_policy_idx", "jobs", ["policy"])
    op.create_index("jobs_rollout_id_idx", "jobs", ["rollout_id"])


def create_job_results() -> None:
    op.create_table(
        "job_results",
        sa.Column("job_id", ID, nullable=False),
        sa.Column("episode", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("engine_id", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("submission", sa.Uuid(), nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("job_results_digest_check")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("job_results_job_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["engine_id"], ["engines.id"], name=op.f("job_results_engine_id_fkey")),
        sa.PrimaryKeyConstraint("job_id", "episode", name=op.f("job_results_pkey")),
    )
