"""What the interface shows of tokens."""

from datetime import datetime
from typing import Literal

from evolution.model import Value

Role = Literal["viewer", "operator", "worker"]
"""viewer: looks at everything, changes nothing; operator: does everything; worker: claims and reports work."""
TokenState = Literal["active", "expired", "revoked"]


class TokenView(Value):
    """A stored token, or a browser that was let in (`kind`), by the token named `issuer` or by the server's own."""

    id: str
    kind: Literal["token", "browser"]
    name: str
    role: Role
    state: TokenState
    issuer: str | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class NewTokenView(TokenView):
    """A token that was just made, with its secret: it is shown this once."""

    secret: str


class LinkView(Value):
    """A link that lets one browser in, once: `path` follows the server's address."""

    path: str
    role: Role
    expires_at: datetime


class SessionView(Value):
    """Who asks: the token's name and role."""

    name: str
    role: Role
    is_browser: bool
