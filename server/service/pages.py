"""Pages of long lists: opaque cursors that go on where the page before ended."""

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from server.service.errors import InvalidConfiguration

LARGEST = 2**31 - 1
"""No number that a cursor can hold is stored beyond it."""
YEARS = range(2000, 9000)
"""Of the moments that a cursor can hold: in all of them, in every time zone, UTC can be told."""


def write_cursor(*place: str | int) -> str:
    """The place of a page's last item, as an opaque string."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The place that `write_cursor` wrote, its parts of these kinds; None for the first page.

    Raises:
        InvalidConfiguration: it is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise unreadable() from error
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds):
        raise unreadable()
    if not all(_can_be_asked_for(part) for part in place):
        raise unreadable()
    return tuple(place)


def read_moment(text: str) -> datetime:
    """A moment in a cursor, with its time zone. Raises InvalidConfiguration."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise unreadable() from error
    if moment.tzinfo is None or moment.year not in YEARS:
        raise unreadable()
    return moment


def _can_be_asked_for(part: Any) -> bool:
    """Whether Postgres knows such a value; anybody can make a cursor up."""
    return part.isprintable() if isinstance(part, str) else -LARGEST <= part <= LARGEST


def unreadable() -> InvalidConfiguration:
    """The error of a cursor that is of no such list."""
    return InvalidConfiguration(
        [{"field": "cursor", "message": "This is no cursor of this list: take next_cursor of the page before"}]
    )
