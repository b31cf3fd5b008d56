"""The TCP port that the server is to listen on, checked before anything is started."""

import errno
import socket
from contextlib import closing

from cli.errors import BadInput, BusyPort


def free_port(host: str, port: int) -> int:
    """The port, or any free one for 0.

    Raises:
        BusyPort: something else listens there.
        BadInput: the address is not this machine's, or the port is not allowed.
    """
    try:
        return _listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BusyPort(f"port {port} is busy: choose another, such as --port {_another(host, port)}") from None
        raise BadInput(f"cannot listen on {host} port {port} ({error.strerror}): see --host and --port") from None


def _another(host: str, port: int) -> int:
    """A free port near a busy one."""
    for candidate in range(port + 1, min(port + 20, 65535)):
        try:
            return _listen(host, candidate)
        except OSError:
            continue
    return 0


def _listen(host: str, port: int) -> int:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with closing(socket.socket(family, kind, protocol)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port just freed is free
        listener.bind(address)
        listener.listen()
        return int(listener.getsockname()[1])
