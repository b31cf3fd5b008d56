"""The table of what cores cost: see `tables`."""

from sqlalchemy import Column, Double, Table, Uuid

from server.storage.check_tables import metadata

__all__ = ["metadata", "prices"]

# Workers that told what an hour of one of their cores costs, US dollars; stored with the first results of each. A row
# stays, as the ledger does that names the worker.
prices = Table(
    "prices",
    metadata,
    Column("worker", Uuid, primary_key=True),
    Column("core_hour_price", Double, nullable=False),
)
