"""Tokens with roles, and links that let a browser in once: of every secret its digest."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
ID = sa.Text(collation="C")
ROLES = "role IN ('viewer', 'operator', 'worker')"


def upgrade() -> None:
    """Adds two tables."""
    op.create_table(
        "tokens",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("issuer_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('token', 'browser')", name=op.f("tokens_kind_check")),
        sa.CheckConstraint(ROLES, name=op.f("tokens_role_check")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("tokens_digest_check")),
        sa.ForeignKeyConstraint(["issuer_id"], ["tokens.id"], name=op.f("tokens_issuer_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("tokens_pkey")),
        sa.UniqueConstraint("digest", name=op.f("tokens_digest_key")),
    )
    op.create_index("tokens_issuer_id_idx", "tokens", ["issuer_id"])
    op.create_table(
        "links",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("issuer_id", ID, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint(ROLES, name=op.f("links_role_check")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("links_digest_check")),
        sa.ForeignKeyConstraint(["issuer_id"], ["tokens.id"], name=op.f("links_issuer_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("links_pkey")),
    )
    op.create_index("links_issuer_id_idx", "links", ["issuer_id"])
