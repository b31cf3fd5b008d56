"""Policies in files: what the commands about single policies take as their argument."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import BadInput

if TYPE_CHECKING:
    from evolution.chains import SeedChain
    from server.service.document_scores import Told

STANDARD_INPUT = Path("-")
ID, DIGITS = re.compile("[0-9a-fA-F]{8,64}"), re.compile("[0-9a-fA-F]{1,7}")
"""A policy's id, or enough of one; too few of its digits."""
SCORE = ("mean", "sd", "n", "distinct", "protocol", "engine")
"""What a run's list of its best says of each one's scores."""

Document = Annotated[
    Path,
    typer.Argument(
        metavar="FILE|ID",
        help="A seed chain's JSON document, or a listing (of `policy list RUN --json` or GET …/best), of which the "
        "first policy is taken; - reads standard input. Or the id of a policy in the server's library, its first eight "
        "digits or more.",
    ),
]


def read_policy(file: Path, data: Path, server: str | None, token: str | None) -> "SeedChain":
    """The chain that the file holds, or the first that it lists; the policy of this id if there is no such file.

    `data`, `server`, `token`: where the library is, as the shared options say it.

    Raises:
        BadInput: it cannot be read, or holds none. NoServer, Refused: of a policy in the library.
    """
    from evolution.chains import ChainError

    try:
        return _first_chain(_fetch(file.name, data, server, token) if _is_id(file) else _read(file))
    except ChainError as error:
        raise BadInput(f"{file}: {error}") from None


def read_told(chain: "SeedChain", file: Path) -> "list[Told]":
    """What the document tells of the policy's scores. Raises BadInput."""
    from server.service.document_scores import read_scores

    try:
        return read_scores((chain.model_extra or {}).get("scores", []))
    except ValueError as error:
        raise BadInput(f"{file}: {error}") from None


def read_documents(file: Path) -> list[Any]:
    """All documents that the file holds or lists, as JSON values; each is a chain that can be read.

    Raises:
        BadInput: it cannot be read, or one of them is no chain.
    """
    import json

    from evolution.chains import ChainError, read_chain

    text = _read(file)
    try:
        _first_chain(text)
        found = _inside(json.loads(text), "items")
        items = found if isinstance(found, list) else [found]
        documents = [_with_scores(_inside(item, "document"), item) for item in items]
        for document in documents:
            read_chain(json.dumps(document))
    except ChainError as error:
        raise BadInput(f"{file}: {error}") from None
    return documents


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
    except FileNotFoundError as error:
        hint = ", and as a policy's id it lacks digits: give eight at least" if DIGITS.fullmatch(str(file)) else ""
        raise BadInput(f"{file} cannot be read: {error.strerror}{hint}") from None
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None


def _is_id(file: Path) -> bool:
    """Whether it can only be meant as the id of a policy in the library."""
    return ID.fullmatch(str(file)) is not None and not file.exists()


def _fetch(id: str, data: Path, server: str | None, token: str | None) -> bytes:
    import json

    from cli.client import Server
    from cli.connection import find_connection

    with Server(find_connection(data, server, token)) as master:
        return json.dumps(master.get(f"policies/{id}/export", format="json")).encode()


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
    document = _inside(found, "document")
    return read_chain(text if document is value else json.dumps(_with_scores(document, found)))


def _with_scores(document: Any, view: Any) -> Any:
    """The document with the scores that the server's view of the policy tells beside it; its own go before."""
    if document is view or not isinstance(document, dict) or "scores" in document:
        return document
    told = view.get("scores", [{name: view[name] for name in SCORE if name in view}] if "mean" in view else None)
    return document | {"scores": told} if told else document


def _inside(value: Any, member: str) -> Any:
    """What the member holds; the value itself where it has none or is a chain, which may have further members."""
    is_wrapped = isinstance(value, dict) and "format" not in value
    return value.get(member, value) if is_wrapped else value
