"""What runs cost: the table `prices`, and sums over the ledger.

Laws: what a run has spent follows from the seconds in `results` and `rechecks`, and only grows. Each play is in it
once: late ones, those of second workers and those that were retracted took a core's time too. Of a closed generation
the sum is kept with it and with its run, so that nobody reads the whole ledger.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage import arrays
from server.storage.cost_tables import prices
from server.storage.results import Delivery
from server.storage.tables import generations, runs

HOUR_SECONDS = 3600.0


class Spent(NamedTuple):
    """What was played took of the workers.

    `unpriced_seconds`: of cores, by workers that told no price: the server's is theirs, whenever it is set. `paid`: US
    dollars, what the others' took.
    """

    unpriced_seconds: float = 0.0
    paid: float = 0.0

    def plus(self, other: "Spent") -> "Spent":
        """Both together."""
        return Spent(self.unpriced_seconds + other.unpriced_seconds, self.paid + other.paid)

    def dollars(self, core_hour_price: float | None) -> float | None:
        """What that costs where `core_hour_price` is the server's; None where nobody told a price."""
        if core_hour_price is None and not self.paid:
            return None
        return self.paid + self.unpriced_seconds / HOUR_SECONDS * (core_hour_price or 0.0)

    def at_least(self, other: "Spent") -> "Spent":
        """The later one of two readings of the same run."""
        return Spent(*map(max, self, other))


UNSPENT = Spent()


def spend(seconds: float, core_hour_price: float | None) -> Spent:
    """What seconds of a core take, at its worker's own price, if it told one."""
    return (
        Spent(unpriced_seconds=seconds)
        if core_hour_price is None
        else Spent(paid=seconds / HOUR_SECONDS * core_hour_price)
    )


# By generation, of those from one on. The ledger's rows that count and those that are retracted have an index each. By
# UNION rather than UNION ALL, as a result that is retracted and arrives a second time was played once.
SINCE = text(
    """
    SELECT generation, coalesce(sum(seconds) FILTER (WHERE core_hour_price IS NULL), 0),
           coalesce(sum(seconds * core_hour_price) / 3600, 0)
    FROM (
        SELECT generation, index, phase, episode, submission, worker, seconds
        FROM results WHERE run_id = :run AND generation >= :generation AND NOT retracted
        UNION SELECT generation, index, phase, episode, submission, worker, seconds
        FROM results WHERE run_id = :run AND generation >= :generation AND retracted
        UNION SELECT generation, index, phase, episode, submission, worker, seconds
        FROM rechecks WHERE run_id = :run AND generation >= :generation
    ) AS played LEFT JOIN prices USING (worker)
    GROUP BY generation
    """
)

# Adds to their runs what came for generations that are closed.
CHARGE = text(
    """
    UPDATE runs SET unpriced_seconds = runs.unpriced_seconds + late.unpriced_seconds, paid = runs.paid + late.paid
    FROM (
        SELECT run_id, coalesce(sum(seconds) FILTER (WHERE core_hour_price IS NULL), 0) AS unpriced_seconds,
               coalesce(sum(seconds * core_hour_price) / 3600, 0) AS paid
        FROM unnest(CAST(:runs AS text[]), :seconds, :workers) AS played(run_id, seconds, worker)
        LEFT JOIN prices USING (worker) GROUP BY run_id
    ) AS late
    WHERE runs.id = late.run_id
    """
)

PRICES = text(
    """
    SELECT worker, core_hour_price FROM prices WHERE worker IN (
        SELECT worker FROM results WHERE run_id = :run AND generation = :generation AND NOT retracted
        UNION SELECT worker FROM results WHERE run_id = :run AND generation = :generation AND retracted
        UNION SELECT worker FROM rechecks WHERE run_id = :run AND generation = :generation
    )
    """
)


async def add_prices(connection: AsyncConnection, told: Mapping[UUID, float]) -> None:
    """Stores what workers tell, US dollars for a core-hour. A worker's first word stays."""
    if told:
        rows = [{"worker": worker, "core_hour_price": price} for worker, price in told.items()]
        await connection.execute(insert(prices).values(rows).on_conflict_do_nothing())


async def prices_of(connection: AsyncConnection, run: str, generation: int) -> dict[UUID, float]:
    """The workers with a price of their own among those that played a generation."""
    rows = await connection.execute(PRICES, {"run": run, "generation": generation})
    return {row.worker: row.core_hour_price for row in rows}


async def charge_late(connection: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
    """Adds what late results of closed generations took, in the transaction that added them."""
    played = [(some.run, result.seconds, some.worker) for some in deliveries for result in some.results]
    if played:
        ids, seconds, workers = zip(*played, strict=True)
        values = {"runs": list(ids), "seconds": arrays.float8(seconds), "workers": arrays.uuid(workers)}
        await connection.execute(CHARGE, values)


async def of_run(connection: AsyncConnection, run: str) -> Spent:
    """What the run has spent by now. Nothing if it is gone."""
    query = select(runs.c.generation, runs.c.unpriced_seconds, runs.c.paid).where(runs.c.id == run)
    found = (await connection.execute(query)).first()
    if found is None:
        return UNSPENT
    # All generations from the open one on: should it close meanwhile, its successor is counted too, and nothing twice.
    spent = Spent(found.unpriced_seconds, found.paid)
    for _, *amounts in await connection.execute(SINCE, {"run": run, "generation": found.generation}):
        spent = spent.plus(Spent(*amounts))
    return spent


async def add_up(connection: AsyncConnection, run: str, closed: int, *, with_open: bool) -> None:
    """Derives what a run had spent at each close of its `closed` generations: nothing of that comes with a run's file.

    `with_open`: its open generation counts already, as its run was stopped.
    """
    rows = await connection.execute(SINCE, {"run": run, "generation": 0})
    spent = {number: Spent(*amounts) for number, *amounts in rows}
    total, values = UNSPENT, []
    for number in range(closed):
        total = total.plus(spent.get(number, UNSPENT))
        values.append({"of_run": run, "of_number": number, **total._asdict()})
    if values:
        ours = (generations.c.run_id == bindparam("of_run"), generations.c.number == bindparam("of_number"))
        await connection.execute(update(generations).where(*ours), values)
    total = total.plus(spent.get(closed, UNSPENT)) if with_open else total
    await connection.execute(update(runs).where(runs.c.id == run).values(**total._asdict()))
