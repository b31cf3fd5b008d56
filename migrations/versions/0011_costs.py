"""What runs cost: workers' prices, and what was spent by each generation's close."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0007"
branch_labels = None
depends_on = None

# No worker had told a price.
ADD_UP_GENERATIONS = """
    WITH played AS (
        SELECT run_id, generation, sum(seconds) AS seconds FROM (
            SELECT run_id, generation, seconds FROM results
            UNION ALL SELECT run_id, generation, seconds FROM rechecks
        ) AS plays
        GROUP BY run_id, generation
    ), cumulative AS (
        SELECT closed.run_id, closed.number,
               sum(coalesce(played.seconds, 0)) OVER (PARTITION BY closed.run_id ORDER BY closed.number) AS seconds
        FROM generations AS closed
        LEFT JOIN played ON played.run_id = closed.run_id AND played.generation = closed.number
    )
    UPDATE generations SET unpriced_seconds = cumulative.seconds FROM cumulative
    WHERE cumulative.run_id = generations.run_id AND cumulative.number = generations.number
"""
# By the last close, or by the stop.
ADD_UP_RUNS = """
    UPDATE runs SET unpriced_seconds = played.seconds FROM (
        SELECT runs.id, sum(plays.seconds) AS seconds FROM runs JOIN (
            SELECT run_id, generation, seconds FROM results
            UNION ALL SELECT run_id, generation, seconds FROM rechecks
        ) AS plays ON plays.run_id = runs.id
        WHERE plays.generation < runs.generation OR runs.state = 'stopped'
        GROUP BY runs.id
    ) AS played
    WHERE played.id = runs.id
"""


def upgrade() -> None:
    """Adds a table and columns, and fills them. The ledger is read twice: seconds for some million results."""
    op.create_table(
        "prices",
        sa.Column("worker", sa.Uuid(), nullable=False),
        sa.Column("core_hour_price", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("prices_pkey")),
    )
    for table in ("runs", "generations"):
        for name in ("unpriced_seconds", "paid"):
            op.add_column(table, sa.Column(name, sa.Double(), server_default="0", nullable=False))
    op.create_index("rechecks_run_id_generation_idx", "rechecks", ["run_id", "generation"])
    op.drop_index("rechecks_run_id_idx", "rechecks")
    op.execute(ADD_UP_GENERATIONS)
    op.execute(ADD_UP_RUNS)
