"""Packed arrays reach Postgres bit for bit."""

import math
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import text

from server.storage import arrays
from server.storage.arrays import PackedArray
from server.storage.database import Storage

pytestmark = pytest.mark.anyio

PACKED: list[tuple[PackedArray, str, Sequence[object]]] = [
    (arrays.int2([0, -(2**15), 2**15 - 1]), "smallint[]", [0, -(2**15), 2**15 - 1]),
    (arrays.int4([7, -(2**31), 2**31 - 1]), "integer[]", [7, -(2**31), 2**31 - 1]),
    (arrays.float8([0.1, -1e308, 5e-324]), "double precision[]", [0.1, -1e308, 5e-324]),
    (arrays.uuid([UUID(int=1), UUID(int=2**128 - 1)]), "uuid[]", [UUID(int=1), UUID(int=2**128 - 1)]),
    (arrays.digest([bytes(range(32)).hex(), "ff" * 32]), "bytea[]", [bytes(range(32)), b"\xff" * 32]),
    (arrays.int4([]), "integer[]", []),
    (arrays.digest([]), "bytea[]", []),
]


@pytest.mark.parametrize(("packed", "type", "values"), PACKED)
async def test_postgres_reads_what_was_packed(
    storage: Storage, packed: PackedArray, type: str, values: Sequence[object]
) -> None:
    query = text("SELECT pg_typeof(:packed)::text, unnest(:packed)")
    async with storage.reading() as connection:
        rows = list(await connection.execute(query, {"packed": packed}))
    assert [row[1] for row in rows] == list(values)
    assert {row[0] for row in rows} <= {type}


async def test_the_sign_of_zero_is_kept(storage: Storage) -> None:
    async with storage.reading() as connection:
        found = await connection.scalar(text("SELECT (:packed)[1]"), {"packed": arrays.float8([-0.0])})
    assert found is not None
    assert math.copysign(1, found) == -1


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError):
        arrays.int2([2**15])
    with pytest.raises(OverflowError):
        arrays.int4([2**31])
    with pytest.raises(ValueError, match="32 bytes"):
        arrays.digest(["00" * 31, "00" * 33])
