"""Who must reach whom, and that nobody else does."""

from collections.abc import Iterator
from itertools import product

from tests.k8s.manifests import Document, of_kind, pod
from tests.k8s.network import End, inside, lets_in, may_talk, outside

METADATA = ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd20:ce::254", "168.63.129.16", "100.100.100.200")
ANYWHERE = outside("203.0.113.9")
NEIGHBOUR = End("a neighbour", "elsewhere", {"app.kubernetes.io/component": "server"})
STRANGER = End("a stranger in the namespace", "neuroevolution", {"app": "shell"})
DNS = End("the cluster's DNS", "kube-system", {"k8s-app": "kube-dns"})
PORTS = (22, 53, 80, 443, 988, 5432, 6443, 8080)
OUTWARD = {"Deployment/server": {443, 6443, 5432}, "CronJob/backup": {5432}}
"""Ports on which addresses outside the cluster are asked: its API server's, and a managed Postgres's."""
WORKLOADS = ("Deployment/server", "Deployment/workers", "StatefulSet/postgres", "CronJob/backup")
NEEDED = [
    ("Deployment/workers", "Deployment/server", 8080),
    ("Deployment/server", "StatefulSet/postgres", 5432),
    ("CronJob/backup", "StatefulSet/postgres", 5432),
]


def inner_complaints(documents: list[Document]) -> Iterator[str]:
    """Each pod reaches what it needs, and lets nobody else in."""
    policies, ends = of_kind(documents, "NetworkPolicy"), _ends(documents)
    for source, target, port in NEEDED:
        # By its labels: whether a block of addresses reaches pods is left to each network.
        if not may_talk(policies, ends[source], ends[target]._replace(address=""), port):
            yield f"{source} cannot reach {target} on {port}"
    for source_end, target_end, port in product((*ends.values(), NEIGHBOUR, STRANGER, ANYWHERE), ends.values(), PORTS):
        is_needed = (source_end.name, target_end.name, port) in NEEDED
        if not is_needed and lets_in(policies, source_end, target_end, port):
            yield f"{target_end.name} lets {source_end.name} in on {port}"


def outer_complaints(documents: list[Document]) -> Iterator[str]:
    """Names are looked up, metadata is closed, and only what must leave the cluster does."""
    policies, ends = of_kind(documents, "NetworkPolicy"), _ends(documents)
    for name, end in ends.items():
        yield from (f"{name} reaches {address}" for address in METADATA if _open_ports(policies, end, outside(address)))
        looks_up = all(may_talk(policies, end, DNS, 53, protocol) for protocol in ("UDP", "TCP"))
        if looks_up == (name == "StatefulSet/postgres"):
            yield f"{name} {'looks names up' if looks_up else 'cannot look names up'}"
        open_ports = _open_ports(policies, end, ANYWHERE)
        if open_ports != OUTWARD.get(name, set()):
            yield f"{name} reaches addresses outside on {sorted(open_ports)}"
    if any(_open_ports(policies, STRANGER, end) for end in (ANYWHERE, NEIGHBOUR, DNS)):
        yield f"{STRANGER.name} gets out"


def _ends(documents: list[Document]) -> dict[str, End]:
    return {owner: inside(pod(documents, owner)) for owner in WORKLOADS}


def _open_ports(policies: list[Document], source: End, target: End) -> set[int]:
    return {port for port in PORTS if may_talk(policies, source, target, port)}
