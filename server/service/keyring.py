"""The keys that open this server, in memory: a request costs no query, a revocation counts within a second."""

import asyncio
import hmac
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import cast

from server.service.clock import Clock
from server.service.errors import DatabaseUnavailable, NotLeading
from server.service.keys import Key, digest_of
from server.storage import tokens
from server.storage.database import Connection, Storage
from server.storage.tokens import TokenRow
from server.token_views import Role

LOOK_SECONDS = 1.0
"""How often the stored tokens are read again."""
COARSE = timedelta(minutes=1)
"""How exactly it is known when a token was last used."""

Open = Callable[[], AbstractAsyncContextManager[Connection]]
logger = logging.getLogger(__name__)


class Keyring:
    """The server's own keys and the stored ones."""

    def __init__(self, storage: Storage, clock: Clock, own: Sequence[Key] = ()) -> None:
        """`own`: those of the settings, which no one can revoke while the server runs."""
        self._storage = storage
        self._clock = clock
        self._own = {key.digest: key for key in own}
        self._stored: dict[bytes, Key] = {}
        self._used: dict[str, datetime] = {}
        self._unsaved: dict[str, datetime] = {}
        self._changed = asyncio.Event()

    def find(self, secret: str) -> Key | None:
        """The key that the secret is, if it opens anything now."""
        digest = digest_of(secret)
        # The look-up compares digests, which nobody can choose: its time tells nothing of a secret. The second
        # comparison takes the same time for all.
        key = self._own.get(digest) or self._stored.get(digest)
        if key is None or not hmac.compare_digest(key.digest, digest) or self._is_over(key):
            return None
        if key.id is not None:
            self._note_use(key.id)
        return key

    def holds(self, key: Key) -> bool:
        """Whether the key still opens anything."""
        held = self._own.get(key.digest) or self._stored.get(key.digest)
        return held is not None and not self._is_over(held)

    async def until_revoked(self, key: Key) -> None:
        """Returns once the key opens nothing any more."""
        while self.holds(key):
            await self._changed.wait()

    async def load(self) -> None:
        """Reads the stored tokens. Raises DatabaseUnavailable."""
        async with self._storage.reading() as connection:
            rows = await tokens.every(connection)
        self._stored = {row.digest: key_of(row) for row in rows if row.revoked_at is None}
        self._wake()

    async def keep(self, writing: Open) -> None:
        """Reads them again and again, and notes when they were used while this server leads."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            try:
                await self.load()
                await self._save_uses(writing)
            except NotLeading:
                continue
            except DatabaseUnavailable as error:
                # What was known goes on to count: nobody is shut out because the database restarts.
                logger.debug("action=keyring.late reason=%s", error)

    async def _save_uses(self, writing: Open) -> None:
        uses, self._unsaved = self._unsaved, {}
        if uses:
            async with writing() as connection:
                await tokens.note_uses(connection, uses)

    def _note_use(self, id: str) -> None:
        now, before = self._clock.now(), self._used.get(id)
        if before is None or abs(now - before) >= COARSE:  # in the future, after a clock was set back
            self._used[id] = self._unsaved[id] = now

    def _is_over(self, key: Key) -> bool:
        return key.expires_at is not None and key.expires_at <= self._clock.now()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def key_of(row: TokenRow) -> Key:
    """What a stored token opens."""
    return Key(row.id, row.name, cast(Role, row.role), row.digest, row.issuer_id, row.expires_at, row.kind == "browser")
