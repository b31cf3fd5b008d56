"""The command line of a server that breaks one promise: `python -m tests.chaos.sabotage NAME server start …`.

By these the harness itself is tested: it must notice each.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from cli.main import main
from server.service.submit_results import Committer, Pending
from server.storage import database, results
from server.storage.results import Delivery, Key
from server.storage.tables import metadata

LATE_SECONDS = 0.5


def acknowledge_before_commit() -> None:
    """Workers are told that their results are in the ledger some time before they are."""
    insert, commit = results.insert, Committer._commit

    async def pretend(_: Any, deliveries: Sequence[Delivery]) -> dict[str, dict[Key, bool]]:
        added: dict[str, dict[Key, bool]] = {}
        for run, _engine, _submission, _worker, played in deliveries:
            keys = [(result.generation, result.index, int(result.phase), result.episode) for result in played]
            added.setdefault(run, {}).update(dict.fromkeys(keys, False))
        return added

    async def commit_later(self: Committer, group: Sequence[Pending]) -> None:
        results.insert = pretend  # type: ignore[assignment]
        await commit(self, group)
        results.insert = insert
        await asyncio.sleep(LATE_SECONDS)
        async with self.memory.storage.transaction(self.memory.epoch) as connection:
            await insert(connection, [item.delivery for item in group])

    Committer._commit = commit_later  # type: ignore[method-assign]


def commit_without_disk() -> None:
    """Postgres answers a COMMIT before it has written it."""
    database.SESSION["synchronous_commit"] = "off"


def count_twice() -> None:
    """The ledger takes an episode's result as often as it comes."""
    transaction = database.Storage.transaction

    @asynccontextmanager
    async def without_key(self: Any, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
        async with transaction(self, *arguments, **options) as connection:
            (key,) = (index for index in metadata.tables["results"].indexes if index.unique)
            await connection.exec_driver_sql(f"DROP INDEX IF EXISTS {key.name}")
            yield connection

    database.Storage.transaction = without_key  # type: ignore[method-assign]


SABOTAGES: dict[str, Callable[[], None]] = {
    sabotage.__name__: sabotage for sabotage in (acknowledge_before_commit, commit_without_disk, count_twice)
}

if __name__ == "__main__":
    SABOTAGES[sys.argv.pop(1)]()
    main()
