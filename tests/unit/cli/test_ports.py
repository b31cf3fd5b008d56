"""The port that `up` would listen on."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from cli.errors import BadInput, BusyPort
from cli.ports import free_port

LOOPBACK = "127.0.0.1"


@pytest.fixture
def busy() -> Iterator[int]:
    with closing(socket.socket()) as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_busy_port_is_refused_with_a_free_one_to_take_instead(busy: int) -> None:
    with pytest.raises(BusyPort, match=rf"port {busy} is busy.*--port (\d+)") as refusal:
        free_port(LOOPBACK, busy)
    suggested = int(str(refusal.value).rsplit(" ", 1)[1])
    assert free_port(LOOPBACK, suggested) == suggested


def test_zero_is_any_free_port() -> None:
    assert free_port(LOOPBACK, 0) > 0


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(BadInput, match=r"cannot listen on 192\.0\.2\.1"):
        free_port("192.0.2.1", 8080)


def test_a_name_that_is_no_host_is_refused() -> None:
    with pytest.raises(BadInput, match="see --host"):
        free_port("no such host", 8080)
