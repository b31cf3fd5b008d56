"""Runs as they leave this database and come into it: rows in bulk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import insert, select, union_all
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.check_tables import rechecks
from server.storage.costs import Spent
from server.storage.errors import Unstorable
from server.storage.tables import candidates, generations, results

RESULT = ("generation", "index", "phase", "episode", "late", "score", "steps", "frames", "seconds", "accepted_at",
          "submission", "worker", "digest")  # fmt: skip
RECHECK = ("generation", "index", "phase", "episode", "worker", "score", "steps", "frames", "seconds", "submission",
           "accepted_at", "retracted", "digest")  # fmt: skip
CANDIDATE = ("generation", "index", "born_generation", "born_index", "validation_episodes", "validation_sum",
             "test_episodes", "test_sum")  # fmt: skip


async def generation(connection: AsyncConnection, run: str, number: int) -> dict[str, Any] | None:
    """A closed generation, all columns but the run's id and what it cost, which follows from the rest."""
    columns = [column for column in generations.c if column.name not in {"run_id", *Spent._fields}]
    query = select(*columns).where(generations.c.run_id == run, generations.c.number == number)
    return next((dict(row) for row in (await connection.execute(query)).mappings()), None)


async def candidates_of(connection: AsyncConnection, run: str, number: int) -> list[tuple[Any, ...]]:
    """The generation's rows of `candidates`, columns as CANDIDATE."""
    query = select(*(candidates.c[name] for name in CANDIDATE)).where(
        candidates.c.run_id == run, candidates.c.generation == number
    )
    return [tuple(row) for row in await connection.execute(query.order_by(candidates.c.index))]


async def sequences_of(connection: AsyncConnection, run: str, number: int, *, retracted: bool) -> list[int]:
    """Names of the generation's results for `results_at`, in commit order: of those that count, or not."""
    state = results.c.retracted if retracted else ~results.c.retracted
    query = select(results.c.sequence).where(results.c.run_id == run, results.c.generation == number, state)
    return list((await connection.execute(query.order_by(results.c.sequence))).scalars())


async def results_at(
    connection: AsyncConnection, run: str, number: int, sequences: Sequence[int]
) -> list[tuple[Any, ...]]:
    """Those of the generation's named results that are still there, in order, columns as RESULT."""
    columns = [*(results.c[name] for name in RESULT), results.c.sequence]
    named = select(*columns).where(
        results.c.run_id == run, results.c.generation == number, results.c.sequence.in_(sequences)
    )
    # There is an index for each of the two kinds; meanwhile a result may have become one of the other.
    query = union_all(named.where(~results.c.retracted), named.where(results.c.retracted))
    return [tuple(row)[:-1] for row in await connection.execute(query.order_by("sequence"))]


async def rechecks_of(connection: AsyncConnection, run: str, number: int) -> list[tuple[Any, ...]]:
    """What second workers found of the generation's episodes, columns as RECHECK."""
    columns = [rechecks.c[name] for name in RECHECK]
    query = select(*columns).where(rechecks.c.run_id == run, rechecks.c.generation == number)
    rows = await connection.execute(query.order_by(rechecks.c.accepted_at, *columns[:5]))
    return [tuple(row) for row in rows]


async def add_generation(connection: AsyncConnection, run: str, values: dict[str, Any]) -> None:
    """A closed generation. Raises Unstorable."""
    with _translated():
        await connection.execute(insert(generations).values(run_id=run, **values))


async def add_candidates(connection: AsyncConnection, run: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows of `candidates`, columns as CANDIDATE. Raises Unstorable."""
    values = [{"run_id": run, **dict(zip(CANDIDATE, row, strict=True))} for row in rows]
    with _translated():
        await connection.execute(insert(candidates), values)


async def add_results(
    connection: AsyncConnection, run: str, engine_id: int, rows: Sequence[tuple[Any, ...]], *, retracted: bool = False
) -> None:
    """Results, columns as RESULT, in the order of their commits.

    Raises:
        Unstorable: an episode has a result already that counts, as these do unless they are retracted.
    """
    same = {"run_id": run, "engine_id": engine_id, "retracted": retracted}
    values = [{**same, **dict(zip(RESULT, row, strict=True))} for row in rows]
    with _translated():
        await connection.execute(insert(results), values)


async def add_rechecks(connection: AsyncConnection, run: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """What second workers found, columns as RECHECK. Raises Unstorable."""
    values = [{"run_id": run, **dict(zip(RECHECK, row, strict=True))} for row in rows]
    with _translated():
        await connection.execute(insert(rechecks), values)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise Unstorable(str(error.orig).partition("\n")[0]) from error
