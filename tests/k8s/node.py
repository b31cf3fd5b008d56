"""A node's network: each pod has a namespace and an address of its own, and the kernel forbids what no policy allows.

The calling thread itself moves into a new namespace, the node's, which routes between the pods'. Policies are rules of
its routing: what they allow is routed, and everything else that comes from a pod is prohibited.
"""

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, product
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.k8s.manifests import Document
from tests.k8s.network import End, may_talk

NEW_NETWORK = 0x40000000
PODS, NODE = "10.244.0.0/16", "192.0.2.1"
ANSWERS = "32768-60999"
"""Ports from which the node itself asks: what pods answer it."""
HARDWARE = "02:00:00:00:00"
CONNECT_SECONDS = 2.0
ALLOWED, PROHIBITED, LOCAL = 10, 500, 1000
"""Where rules stand: the kernel takes the first that holds. Without LOCAL after the others, what pods send to the node
itself would not be asked about."""


class Member(NamedTuple):
    """A pod, or an address outside the cluster, as the network knows it. `namespace`: a descriptor; None outside.

    As with Cilium, no block of addresses in a policy names a pod: its `end` has no address.
    """

    end: End
    address: str
    namespace: int | None


class Node:
    """The network, as long as a `with` block lasts: its statements run on the node. Needs root and namespaces.

    `ports`: those that policies are asked about.
    """

    def __init__(self, ports: tuple[int, ...]) -> None:
        self.members: dict[str, Member] = {}
        self._ports = ports
        self._numbers = count(1)
        self._policies: list[Document] = []
        self._before: int | None = None

    def __enter__(self) -> Self:
        self._before = _current()
        _enter_new()
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        _ip("link set lo up", f"address add {NODE}/32 dev lo", f"rule add preference {LOCAL} lookup local")
        _ip("rule delete preference 0", f"rule add preference {PROHIBITED} from {PODS} prohibit")
        # What the node asked for is answered, whatever the policies say: probes.
        _ip(f"rule add preference {ALLOWED} from {PODS} to {NODE} ipproto tcp dport {ANSWERS} lookup local")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self.members):
            self.leave(name)
        assert self._before is not None
        _enter(self._before)
        os.close(self._before)

    def join(self, name: str, end: End) -> str:
        """Gives a pod its namespace and its address, which it gives back."""
        number = next(self._numbers)
        address = f"10.244.1.{number}"
        here = _current()
        _enter_new()
        namespace = _current()
        # The peer is made in the node's namespace, by its descriptor.
        peer = f"peer name pod{number} address {HARDWARE}:0 netns /proc/{os.getpid()}/fd/{here}"
        _ip(f"link add eth0 address {HARDWARE}:1 type veth {peer}")
        _ip("link set lo up", f"address add {address}/32 dev eth0", "link set eth0 up")
        _ip(f"route add {NODE} dev eth0", f"route add default via {NODE}")
        # Both know each other beforehand: what asks for the node's hardware is no connection that a policy allows.
        _ip(f"neighbour add {NODE} dev eth0 lladdr {HARDWARE}:0")
        _enter(here)
        os.close(here)
        _ip(f"link set pod{number} up", f"route add {address} dev pod{number}")
        _ip(f"neighbour add {address} dev pod{number} lladdr {HARDWARE}:1")
        self.members[name] = Member(end._replace(address=""), address, namespace)
        self.enforce(self._policies)
        return address

    def own(self, name: str, end: End) -> None:
        """Takes an address outside the cluster for the node, so that somebody is there when pods ask."""
        if end.address != NODE:
            _ip(f"address add {end.address}/32 dev lo")
        self.members[name] = Member(end, end.address, None)
        self.enforce(self._policies)

    def leave(self, name: str) -> None:
        """The pod is gone, or nobody is at the address any more."""
        gone = self.members.pop(name)
        if gone.namespace is not None:
            os.close(gone.namespace)
        elif gone.address != NODE:
            _ip(f"address delete {gone.address}/32 dev lo")
        self.enforce(self._policies)

    def enforce(self, policies: list[Document]) -> None:
        """From now on these hold."""
        self._policies = policies
        while _succeeds("ip", "rule", "delete", "preference", str(ALLOWED + 1)):
            pass  # one at a time: there is no word for all of a preference
        rules = [rule for pair in product(self.members.values(), repeat=2) for rule in self._rules(*pair)]
        _ip(*(f"rule add preference {ALLOWED + 1} {rule}" for rule in rules))

    def _rules(self, source: Member, target: Member) -> Iterator[str]:
        """What is asked goes to the target, what is answered comes back."""
        if source is target or source.namespace is None:
            return
        table = "local" if target.namespace is None else "main"
        for port in self._ports:
            if may_talk(self._policies, source.end, target.end, port):
                yield f"from {source.address} to {target.address} ipproto tcp dport {port} lookup {table}"
                yield f"from {target.address} to {source.address} ipproto tcp sport {port} lookup main"

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """What is opened or started in the block belongs to the pod's namespace."""
        namespace, here = self.members[name].namespace, _current()
        assert namespace is not None
        _enter(namespace)
        try:
            yield
        finally:
            _enter(here)
            os.close(here)

    def connect(self, name: str, address: str, port: int) -> str:
        """Why a pod cannot open a connection; empty if it can."""
        with self.inside(name):
            try:
                socket.create_connection((address, port), CONNECT_SECONDS).close()
            except OSError as error:
                return str(error)
        return ""


def _current() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _enter_new() -> None:
    _checked(ctypes.CDLL(None, use_errno=True).unshare(NEW_NETWORK))


def _enter(namespace: int) -> None:
    _checked(ctypes.CDLL(None, use_errno=True).setns(namespace, NEW_NETWORK))


def _checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _ip(*commands: str) -> None:
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr}\n{commands}"


def _succeeds(*words: str) -> bool:
    return subprocess.run(words, check=False, capture_output=True).returncode == 0
