"""Tokens: made, listed, revoked, given new secrets; links that let a browser in once."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import cast

from server.service.clock import Clock
from server.service.errors import Conflict, NotFound
from server.service.keyring import Open, key_of
from server.service.keys import Key, digest_of, draw_secret
from server.service.names import draw_id
from server.storage import tokens
from server.storage.database import Connection
from server.storage.tokens import TokenRow
from server.token_views import LinkView, NewTokenView, Role, TokenState, TokenView

LINK_LIFE = timedelta(minutes=10)
BROWSER_LIFE = timedelta(days=30)
BROWSERS = 1000
"""So many browsers that one token let in are remembered, the latest: nobody fills the database by signing in."""


async def _nothing() -> None:
    return None


class Tokens:
    """The use cases. They need a database, and no master: the command line has them too."""

    def __init__(
        self, reading: Open, writing: Open, clock: Clock, on_change: Callable[[], Awaitable[None]] = _nothing
    ) -> None:
        """`on_change`: called after each change, so that it counts at once."""
        self._reading = reading
        self._writing = writing
        self._clock = clock
        self._on_change = on_change

    async def list(self) -> list[TokenView]:
        """Those that are stored, newest first, revoked ones included."""
        async with self._reading() as connection:
            rows = await tokens.every(connection)
        names = {row.id: row.name for row in rows}
        return [self._view(row, names.get(row.issuer_id or "")) for row in rows]

    async def create(self, name: str, role: Role, days: int | None = None) -> NewTokenView:
        """A new token with its secret, which nobody can show again. `days`: its life; none: until it is revoked."""
        row, secret = self._draw("token", name, role, None, None if days is None else timedelta(days=days))
        async with self._writing() as connection:
            await tokens.add(connection, row)
        await self._on_change()
        return NewTokenView(**dict(self._view(row)), secret=secret)

    async def revoke(self, id: str) -> None:
        """It opens nothing any more; nor do the browsers that it let in. Raises NotFound."""
        async with self._writing() as connection:
            row = await tokens.find(connection, id)
            if row is None:
                raise NotFound(f"There is no token {id!r}: see the list.")
            await tokens.revoke(connection, id, self._clock.now())
            if row.kind == "browser":
                await tokens.remove(connection, id)
        await self._on_change()

    async def rotate(self, id: str) -> NewTokenView:
        """Gives it another secret; the old one, and the browsers that it let in, open nothing any more.

        Raises:
            NotFound: there is no such token.
            Conflict: it is revoked, or a browser's.
        """
        secret = draw_secret()
        async with self._writing() as connection:
            row = await tokens.find(connection, id)
            if row is None:
                raise NotFound(f"There is no token {id!r}: see the list.")
            if self._state(row) != "active" or row.kind != "token":
                raise Conflict("Only a token that is valid can have a new secret: make another one.")
            await tokens.set_digest(connection, id, digest_of(secret))
            await tokens.forget_issued(connection, id)
        await self._on_change()
        return NewTokenView(**dict(self._view(row)), secret=secret)

    async def make_link(self, role: Role, issuer: Key | None = None) -> LinkView:
        """A code that lets one browser in, once, for a while. `issuer`: who makes it; none: the server's own."""
        code, expires_at = draw_secret(), self._clock.now() + LINK_LIFE
        values = {"digest": digest_of(code), "role": role, "issuer_id": _root(issuer), "expires_at": expires_at}
        async with self._writing() as connection:
            await self._hold_issuer(connection, issuer)
            await tokens.tidy(connection, self._clock.now())
            await tokens.add_link(connection, values)
        return LinkView(path=f"/?code={code}", role=role, expires_at=expires_at)

    async def redeem(self, code: str) -> tuple[Key, str] | None:
        """A key of the browser's own with its secret; None: the code was used before, has expired or never was."""
        now = self._clock.now()
        async with self._writing() as connection:
            found = await tokens.redeem(connection, digest_of(code), now)
            if found is None:
                return None
            row, secret = self._draw("browser", "a link", cast(Role, found.role), found.issuer_id, BROWSER_LIFE)
            await tokens.add(connection, row)
        await self._on_change()
        return key_of(row), secret

    async def let_in(self, key: Key) -> str:
        """The secret of a new key for a browser whose user showed `key`."""
        row, secret = self._draw("browser", key.name, key.role, _root(key), BROWSER_LIFE, key.expires_at)
        async with self._writing() as connection:
            await self._hold_issuer(connection, key)
            await tokens.tidy(connection, self._clock.now())
            await tokens.add(connection, row)
            await tokens.keep_newest(connection, row.issuer_id, BROWSERS)
        await self._on_change()
        return secret

    async def _hold_issuer(self, connection: Connection, issuer: Key | None) -> None:
        """Until the transaction ends nobody revokes what lets others in. Raises Conflict if somebody has.

        The keyring learns of a revocation by another process late, and what is made meanwhile would outlive it.
        """
        if issuer is None or issuer.id is None:
            return
        # The token first, then the browser that it let in: in this order they are revoked, too.
        held = [await tokens.find(connection, id) for id in dict.fromkeys([_root(issuer) or issuer.id, issuer.id])]
        valid = [row for row in held if row is not None and self._state(row) == "active"]
        if len(valid) < len(held) or valid[-1].digest != issuer.digest:
            raise Conflict("The token that was shown is revoked, or has a new secret: use another.")

    def _draw(
        self,
        kind: str,
        name: str,
        role: Role,
        issuer: str | None,
        life: timedelta | None,
        latest: datetime | None = None,
    ) -> tuple[TokenRow, str]:
        now, secret = self._clock.now(), draw_secret()
        ends = [moment for moment in (now + life if life else None, latest) if moment]
        expires_at = min(ends, default=None)
        row = TokenRow(draw_id(), kind, name, role, digest_of(secret), issuer, now, expires_at, None, None)
        return row, secret

    def _state(self, row: TokenRow) -> TokenState:
        if row.revoked_at is not None:
            return "revoked"
        return "expired" if row.expires_at and row.expires_at <= self._clock.now() else "active"

    def _view(self, row: TokenRow, issuer: str | None = None) -> TokenView:
        return TokenView.model_validate(
            {
                "id": row.id,
                "kind": row.kind,
                "name": row.name,
                "role": row.role,
                "state": self._state(row),
                "issuer": issuer,
                "created_at": row.created_at,
                "expires_at": row.expires_at,
                "used_at": row.used_at,
            }
        )


def _root(key: Key | None) -> str | None:
    """Whose revocation ends what this key lets in: a browser's own links end with the token that let it in."""
    if key is None:
        return None
    return key.issuer_id if key.is_browser else key.id
