"""Ranges of bytes (RFC 9110, 14): one range at a time, which is all that browsers ask of a video. Pure."""

import re

RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")


class Unsatisfiable(Exception):
    """The range begins after the end."""


def read_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte, and the one after the last, of what `header` asks of `size` bytes. None: all of it.

    Raises:
        Unsatisfiable: it asks for nothing that there is.
    """
    found = RANGE.fullmatch((header or "").strip().replace(" ", ""))
    if found is None:
        return None  # What is no range, or several, may be ignored.
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = size - min(int(suffix), size), size
    else:
        start, end = int(first), size if last is None else min(int(last) + 1, size)
        if last is not None and int(last) < int(first):
            return None  # Malformed.
    if start >= end:
        raise Unsatisfiable
    return start, end
