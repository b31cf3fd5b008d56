"""Policies in files: what the commands about single policies take as their argument."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import BadInput

if TYPE_CHECKING:
    from evolution.chains import SeedChain

STANDARD_INPUT = Path("-")

Document = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A seed chain's JSON document, or a listing (of `policy list --json` or GET …/best), of which the first "
        "policy is taken; - reads standard input.",
    ),
]


def read_policy(file: Path) -> "SeedChain":
    """The chain that the file holds, or the first that it lists.

    Raises:
        BadInput: it cannot be read, or holds none.
    """
    from evolution.chains import ChainError

    try:
        text = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    try:
        return _first_chain(text)
    except ChainError as error:
        raise BadInput(f"{file}: {error}") from None


def _first_chain(text: bytes) -> "SeedChain":
    """The chain that the text is, or the first that it lists. Raises ChainError."""
    import json

    from evolution.chains import MalformedChain, read_chain

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return read_chain(text)  # It says what is wrong.
    found = _inside(value, "items")
    if isinstance(found, list):
        if not found:
            raise MalformedChain("this lists no policy: there is none before the run's first generation has closed")
        found = found[0]
    found = _inside(found, "document")
    return read_chain(text if found is value else json.dumps(found))


def _inside(value: Any, member: str) -> Any:
    """What the member holds; the value itself where it has none or is a chain, which may have further members."""
    is_wrapped = isinstance(value, dict) and "format" not in value
    return value.get(member, value) if is_wrapped else value
