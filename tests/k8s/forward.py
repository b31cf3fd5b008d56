"""What a cluster's nodes do for a Service: its address and port lead to a pod that is ready. Run as a script.

It is run inside the namespace of the pod that asks, so that the network sees who does.
"""

import socket
import sys
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread


def main(address: str, port: str, endpoints: str) -> None:
    """Listens, and leads each connection to the first of the `endpoints`, a file with addresses and ports."""
    with socket.create_server((address, int(port))) as server:
        while True:
            connection, _ = server.accept()
            Thread(target=lead, args=(connection, Path(endpoints).read_text().split()), daemon=True).start()


def lead(asking: socket.socket, endpoint: list[str]) -> None:
    """Copies both ways until one side ends; without an endpoint the connection is cut off."""
    with closing(asking), suppress(OSError):
        if not endpoint:
            return
        with socket.create_connection((endpoint[0], int(endpoint[1])), 5) as answering:
            answering.settimeout(None)
            back = Thread(target=copy, args=(answering, asking), daemon=True)
            back.start()
            copy(asking, answering)
            back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    """All that comes, and the end."""
    with suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(*sys.argv[1:])
