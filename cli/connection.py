"""Where the server is, and what it asks for: `connection.json` in the data folder, or what the user says."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from cli.errors import NoServer

HOW_TO_FIND = "start one with `neuroevo up`, or name it: NEUROEVO_SERVER and NEUROEVO_TOKEN (--server, --token)"


class Connection(NamedTuple):
    """A server's address (http://host:port) and the token that it asks for."""

    url: str
    token: str


def connection_file(data: Path) -> Path:
    """Where `neuroevo up` leaves the address of its server."""
    return data / "connection.json"


def read_connection(data: Path) -> Connection | None:
    """What `neuroevo up` wrote; None when nothing (whole) is there.

    Raises:
        NoServer: the file is another user's.
    """
    path = connection_file(data)
    try:
        document = json.loads(path.read_text())
        return Connection(str(document["url"]), str(document["token"]))
    except PermissionError:
        raise NoServer(f"{path} may not be read: it belongs to whoever started `neuroevo up`") from None
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def write_private(path: Path, text: str) -> None:
    """Writes the file whole or not at all, readable by its owner alone."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)


def write_connection(data: Path, connection: Connection) -> None:
    """Leaves the server's address for the other commands."""
    write_private(connection_file(data), json.dumps(connection._asdict()) + "\n")


def find_connection(data: Path, server: str | None, token: str | None) -> Connection:
    """The server that the user named, else the one of this data folder.

    Raises:
        NoServer: neither is there, or a server was named without a token.
    """
    local = read_connection(data)
    if server is None:
        if local is None:
            raise NoServer(f"no server was found in {data}: {HOW_TO_FIND}")
        return Connection(local.url, token or local.token)
    url = server.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise NoServer(f"{server} is no address: write it like http://host:8080")
    if token is None and local is not None and local.url == url:
        return local
    if token is None:
        raise NoServer(f"a token is needed for {url}: NEUROEVO_TOKEN or --token (see `neuroevo token create`)")
    return Connection(url, token)
