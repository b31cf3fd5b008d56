"""Runs, generations, results and the leadership: the first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of an empty database."""
    create_leadership()
    create_engines()
    create_runs()
    create_generations()
    create_candidates()
    create_results()


def create_leadership() -> None:
    op.create_table(
        "leadership",
        sa.Column("only", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("released", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("heartbeat_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint('"only"', name=op.f("leadership_only_check")),
        sa.PrimaryKeyConstraint("only", name=op.f("leadership_pkey")),
    )


def create_engines() -> None:
    op.create_table(
        "engines",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("engines_pkey")),
        sa.UniqueConstraint("name", name=op.f("engines_name_key")),
    )


def create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("configuration", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("architecture", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("description", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("engine_id", sa.Integer(), nullable=True),
        sa.Column("cloned_from", sa.Text(collation="C"), nullable=True),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("frames", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("steps", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("open_frames", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("open_steps", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("active_seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("best", sa.Double(), nullable=True),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("elite", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sparkline", sa.ARRAY(sa.Double()), server_default="{}", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'paused', 'stopped', 'finished', 'failed', 'deleted')",
            name=op.f("runs_state_check"),
        ),
        sa.ForeignKeyConstraint(["engine_id"], ["engines.id"], name=op.f("runs_engine_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("runs_pkey")),
    )
    op.create_index("runs_created_at_id_idx", "runs", ["created_at", "id"], unique=False)


def create_generations() -> None:
    op.create_table(
        "generations",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("episodes", sa.Integer(), nullable=False),
        sa.Column("best", sa.Double(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("median", sa.Double(), nullable=False),
        sa.Column("sd", sa.Double(), nullable=False),
        sa.Column("quartile_low", sa.Double(), nullable=False),
        sa.Column("quartile_high", sa.Double(), nullable=False),
        sa.Column("worst", sa.Double(), nullable=False),
        sa.Column("elite_index", sa.Integer(), nullable=False),
        sa.Column("elite_born_generation", sa.Integer(), nullable=False),
        sa.Column("elite_born_index", sa.Integer(), nullable=False),
        sa.Column("elite_fitness", sa.Double(), nullable=False),
        sa.Column("elite_seeds", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("validation", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("test", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("parents", sa.ARRAY(sa.Integer(), dimensions=2), nullable=False),
        sa.Column("late", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("generations_run_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("generations_pkey")),
    )


def create_candidates() -> None:
    op.create_table(
        "candidates",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("born_generation", sa.Integer(), nullable=False),
        sa.Column("born_index", sa.Integer(), nullable=False),
        sa.Column("validation_episodes", sa.Integer(), nullable=False),
        sa.Column("validation_sum", sa.Double(), nullable=False),
        sa.Column("test_episodes", sa.Integer(), nullable=False),
        sa.Column("test_sum", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("candidates_run_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "generation", "index", name=op.f("candidates_pkey")),
    )


def create_results() -> None:
    op.create_table(
        "results",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("episode", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("accepted_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("engine_id", sa.Integer(), nullable=False),
        sa.Column("submission", sa.Uuid(), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("results_digest_check")),
        sa.PrimaryKeyConstraint("run_id", "generation", "index", "phase", "episode", name=op.f("results_pkey")),
    )
