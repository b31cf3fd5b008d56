"""The library of policies. Elites of older generations come into it when a master takes the lead."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SORT_KEYS = ("mean", "normalised", "created_at", "length", "name")


def upgrade() -> None:
    """Creates the tables. A policy's id is a hash of its canonical form, which SQL cannot compute: they start empty."""
    create_policies()
    create_policy_births()
    op.create_table(
        "unwanted_policies",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("unwanted_policies_pkey")),
    )
    op.create_index("candidates_birth_idx", "candidates", ["run_id", "born_generation", "born_index"])


def create_policies() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "policies",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("document", json, nullable=False),
        sa.Column("environment_id", sa.Text(), nullable=False),
        sa.Column("environment", json, nullable=False),
        sa.Column("architecture", json, nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("score", json, nullable=True),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("normalised", sa.Double(), nullable=False),
        sa.Column("scores", json, server_default="[]", nullable=False),
        sa.Column("parameters_sha256", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('run', 'imported', 'shipped')", name=op.f("policies_origin_check")),
        sa.CheckConstraint("id ~ '^[0-9a-f]{64}$'", name=op.f("policies_id_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("policies_pkey")),
    )
    for key in SORT_KEYS:
        op.create_index(f"policies_{key}_id_idx", "policies", [key, "id"])


def create_policy_births() -> None:
    op.create_table(
        "policy_births",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("policy_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policies.id"], name=op.f("policy_births_policy_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "generation", "index", name=op.f("policy_births_pkey")),
    )
    op.create_index("policy_births_policy_id_idx", "policy_births", ["policy_id"])
