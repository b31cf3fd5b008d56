"""Who may do what: roles and their rights, secrets and their digests."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from server.token_views import Role


class Right(Enum):
    """What a request needs. SIGN_IN: nothing yet; BE_KNOWN: any role."""

    SIGN_IN = "sign in"
    BE_KNOWN = "be known"
    LOOK = "look"
    WORK = "work"
    OPERATE = "operate"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    "viewer": frozenset({Right.SIGN_IN, Right.BE_KNOWN, Right.LOOK}),
    "worker": frozenset({Right.SIGN_IN, Right.BE_KNOWN, Right.WORK}),
    "operator": frozenset(Right),
}

SECRET_BYTES = 32
"""Entropy of a secret: 256 bits."""
SECRET_PREFIX = "nevo_"  # noqa: S105 - how secrets begin, so that logs and scanners know them # nosec B105
SECRET = re.compile(rf"{SECRET_PREFIX}[A-Za-z0-9_-]{{16,}}")


@dataclass(frozen=True)
class Key:
    """What a secret opens. `id`: none of the server's own; `is_browser`: a browser that was let in."""

    id: str | None
    name: str
    role: Role
    digest: bytes
    issuer_id: str | None = None
    expires_at: datetime | None = None
    is_browser: bool = False

    def may(self, right: Right) -> bool:
        """Whether its role has this right."""
        return right in RIGHTS[self.role]


def draw_secret() -> str:
    """A new secret, which nobody guesses."""
    return SECRET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: str) -> bytes:
    """What is kept of a secret: SHA-256.

    A slow hash protects passwords, which can be guessed. These secrets are 256 random bits: who has the digest can only
    try them all, and a fast hash lets every request be checked.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
