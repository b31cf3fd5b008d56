"""Who may talk to whom under NetworkPolicies: what a cluster's network decides, as a pure function.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from ipaddress import ip_address, ip_network
from typing import NamedTuple

from tests.k8s.manifests import NAMESPACE, Document, Pod, matches

POD_ADDRESS = "10.244.1.7"
"""Any address of a pod: a rule for a block of addresses that has it reaches pods too."""


class End(NamedTuple):
    """One end of a conversation: a pod, or an address outside the cluster (`namespace` is empty).

    `address`: empty of a pod that no block of addresses is to name.
    """

    name: str
    namespace: str
    labels: dict[str, str]
    address: str = POD_ADDRESS


def inside(pod: Pod) -> End:
    """A pod of ours."""
    return End(pod.owner, NAMESPACE, pod.labels)


def outside(address: str) -> End:
    """An address that is no pod's."""
    return End(address, "", {}, address)


def may_talk(policies: list[Document], source: End, target: End, port: int, protocol: str = "TCP") -> bool:
    """Whether `source` may open a connection to a port of `target`: what leaves and what comes in must be allowed."""
    leaves = _allows(policies, "Egress", source, target, port, protocol)
    return leaves and lets_in(policies, source, target, port, protocol)


def lets_in(policies: list[Document], source: End, target: End, port: int, protocol: str = "TCP") -> bool:
    """Whether `target` takes a connection from `source`, whatever holds `source` back itself."""
    return _allows(policies, "Ingress", target, source, port, protocol)


def _allows(policies: list[Document], direction: str, subject: End, peer: End, port: int, protocol: str) -> bool:
    binding = [policy for policy in policies if _selects(policy, subject) and direction in _types(policy)]
    rules = [rule for policy in binding for rule in policy["spec"].get(direction.lower()) or []]
    side = "to" if direction == "Egress" else "from"
    return not binding or any(
        _covers(rule.get("ports"), port, protocol) and _names(rule.get(side), peer) for rule in rules
    )


def _selects(policy: Document, end: End) -> bool:
    return end.namespace == policy["metadata"]["namespace"] and matches(policy["spec"]["podSelector"], end.labels)


def _types(policy: Document) -> list[str]:
    spec = policy["spec"]
    return list(spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])])


def _covers(ports: list[Document] | None, port: int, protocol: str) -> bool:
    """No list of ports, or an empty one, means each."""
    return not ports or any(
        each.get("protocol", "TCP") == protocol
        and ("port" not in each or each["port"] == port or each["port"] <= port <= each.get("endPort", 0))
        for each in ports
    )


def _names(peers: list[Document] | None, end: End) -> bool:
    """No list of peers, or an empty one, means everybody."""
    return not peers or any(_is(peer, end) for peer in peers)


def _is(peer: Document, end: End) -> bool:
    if "ipBlock" in peer:
        if not end.address:
            return False
        address = ip_address(end.address)
        excepted = any(address in ip_network(block) for block in peer["ipBlock"].get("except", []))
        return address in ip_network(peer["ipBlock"]["cidr"]) and not excepted
    if not end.namespace:
        return False
    if "namespaceSelector" in peer:
        in_namespace = matches(peer["namespaceSelector"], {"kubernetes.io/metadata.name": end.namespace})
    else:
        in_namespace = end.namespace == NAMESPACE
    return in_namespace and matches(peer.get("podSelector", {}), end.labels)
