"""The tables `tokens` and `links`: who may ask, known by digests alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.storage.tables import links, tokens


@dataclass(frozen=True)
class TokenRow:
    """A token, or a browser that was let in (`kind`: token or browser). `issuer_id`: the token that let it in."""

    id: str
    kind: str
    name: str
    role: str
    digest: bytes
    issuer_id: str | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class Redeemed(NamedTuple):
    """What a link was made for."""

    role: str
    issuer_id: str | None


async def every(connection: AsyncConnection) -> list[TokenRow]:
    """All there are, newest first."""
    rows = await connection.execute(select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id))
    return [TokenRow(**row) for row in rows.mappings()]


async def find(connection: AsyncConnection, id: str) -> TokenRow | None:
    """The token of this id, locked against changes until the transaction ends."""
    rows = await connection.execute(select(tokens).where(tokens.c.id == id).with_for_update())
    return next((TokenRow(**row) for row in rows.mappings()), None)


async def add(connection: AsyncConnection, row: TokenRow) -> None:
    """A new one."""
    await connection.execute(insert(tokens).values(**vars(row)))


async def set_digest(connection: AsyncConnection, id: str, digest: bytes) -> None:
    """The token has another secret from now on."""
    await connection.execute(update(tokens).where(tokens.c.id == id).values(digest=digest))


async def revoke(connection: AsyncConnection, id: str, now: datetime) -> None:
    """The token opens nothing any more, nor do the browsers that it let in and the links that it made."""
    await connection.execute(
        update(tokens).where(tokens.c.id == id, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    await forget_issued(connection, id)


async def forget_issued(connection: AsyncConnection, id: str) -> None:
    """The browsers that the token let in and the links that it made open nothing any more."""
    await connection.execute(delete(links).where(links.c.issuer_id == id))
    await connection.execute(delete(tokens).where(tokens.c.issuer_id == id))


async def remove(connection: AsyncConnection, id: str) -> None:
    """Not even its name is kept."""
    await connection.execute(delete(tokens).where(tokens.c.id == id))


async def note_uses(connection: AsyncConnection, uses: Mapping[str, datetime]) -> None:
    """When the tokens were last used."""
    for id, moment in uses.items():
        await connection.execute(update(tokens).where(tokens.c.id == id).values(used_at=moment))


async def add_link(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """A link that lets a browser in."""
    await connection.execute(insert(links).values(**values))


async def redeem(connection: AsyncConnection, digest: bytes, now: datetime) -> Redeemed | None:
    """Uses the link up: of two that try at once one succeeds. None: there is no such link, or it has expired."""
    used = delete(links).where(links.c.digest == digest).returning(links.c.role, links.c.issuer_id, links.c.expires_at)
    row = (await connection.execute(used)).first()
    return Redeemed(row[0], row[1]) if row and row[2] > now else None


async def tidy(connection: AsyncConnection, now: datetime) -> None:
    """Takes away what has expired: links, and browsers that were let in."""
    await connection.execute(delete(links).where(links.c.expires_at <= now))
    await connection.execute(delete(tokens).where(tokens.c.kind == "browser", tokens.c.expires_at <= now))


async def keep_newest(connection: AsyncConnection, issuer_id: str | None, count: int) -> None:
    """Of the browsers that a token let in (None: the server's own) all but the last `count` are forgotten."""
    browsers = (tokens.c.kind == "browser", tokens.c.issuer_id.is_not_distinct_from(issuer_id))
    surplus = select(tokens.c.id).where(*browsers).order_by(tokens.c.created_at.desc(), tokens.c.id).offset(count)
    await connection.execute(delete(tokens).where(tokens.c.id.in_(surplus)))


async def count_operators(connection: AsyncConnection, now: datetime) -> int:
    """Tokens that may do everything."""
    lasts = or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)
    query = select(func.count()).where(
        tokens.c.kind == "token", tokens.c.role == "operator", tokens.c.revoked_at.is_(None), lasts
    )
    return await connection.scalar(query) or 0
