"""The manifests, run as processes: what a cluster does with them, on one node, as far as this machine allows.

Pods get users, read-only roots, volumes, limits, probes and signals by namespaces and control groups; Services and
names are there as each pod would find them; the kernel drops what no NetworkPolicy allows.
"""

import base64
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.acceptance.processes import until
from tests.k8s import manifests, network, node
from tests.k8s.api_server import PATH, ApiServer, serving
from tests.k8s.kubelet import Failed, Node, RunningPod
from tests.k8s.manifests import NAMESPACE, SECRET, Document, find, matches, of_kind
from tests.k8s.network import may_talk
from tests.k8s.network_rules import DNS
from tests.k8s.probes import container_port

API_PORT = 6443
PORTS = (80, 443, 5432, API_PORT, 8080, 8081)
"""What the network is asked about."""
FORWARD = [sys.executable, "-I", "-S", str(Path(__file__).with_name("forward.py"))]
T = TypeVar("T")


class Cluster:
    """Pods on one node, and the Secret in its API server."""

    def __init__(self, documents: list[Document], folder: Path, wires: node.Node, api: ApiServer) -> None:
        self.documents, self.wires, self._folder, self._api = documents, wires, folder, api
        self.pods: list[RunningPod] = []
        self._numbers, self._forwards = Counter[str](), dict[str, list[subprocess.Popen[bytes]]]()
        api.put(PATH, find(documents, "Secret", SECRET) | {"metadata": {"name": SECRET}})
        wires.own("the API server", network.outside(node.NODE))
        self.enforce(documents)

    def enforce(self, documents: list[Document]) -> None:
        """From now on these NetworkPolicies hold."""
        self.wires.enforce(of_kind(documents, "NetworkPolicy"))

    def secret(self) -> dict[str, str]:
        """The Secret's values."""
        data = self._api.objects[PATH].get("data", {})
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def fill(self, values: dict[str, str]) -> None:
        """Puts values into the Secret, as a user may."""
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self._api.put(PATH, self._api.objects[PATH] | {"data": data})

    def start(self, owner: str, documents: list[Document] | None = None) -> RunningPod:
        """A new pod of a workload, as these documents have it; the cluster's, if None.

        Raises:
            Failed: a cluster would not take it.
        """
        documents = documents or self.documents
        pod = manifests.pod(documents, owner)
        kind, name = owner.split("/")
        if kind != "StatefulSet":
            self._numbers[name] += 1
        name = f"{name}-{self._numbers[name]}"
        address = self.wires.join(name, network.inside(pod))
        variables = {"KUBERNETES_SERVICE_HOST": node.NODE, "KUBERNETES_SERVICE_PORT": str(API_PORT)}
        place = Node(documents, self._folder, self._api.folder, variables, self.secret, self.wires.inside)
        try:
            running = RunningPod(name, pod, address, place)
        except Failed:
            self.wires.leave(name)
            raise
        self.pods.append(running)
        self._forwards[name] = [self._forward(running, *led) for led in _led(running)]
        self._tell()
        return running

    def preempt(self, running: RunningPod) -> int:
        """Ends a pod within its grace and takes it away: its exit code, -9 if the grace was too short."""
        code = running.stop()
        self.kill(running)
        return code

    def kill(self, running: RunningPod) -> None:
        """Ends a pod at once and takes it away."""
        running.kill()
        self.pods.remove(running)
        for forward in self._forwards.pop(running.name):
            forward.kill()
            forward.wait()
        self.wires.leave(running.name)
        self._tell()

    def until(self, look: Callable[[], T], seconds: float) -> T:
        """Lets every pod live until it gives something true.

        Raises:
            Failed: a pod does something wrong, or that much time has gone.
        """

        def living() -> T:
            for running in self.pods:
                running.step()
            self._tell()
            return look()

        try:
            return until(living, seconds)
        except TimeoutError:
            raise Failed("; ".join(f"{each.name} {each.state}" for each in self.pods)) from None

    def await_ready(self, *pods: RunningPod, seconds: float = 60) -> None:
        """Returns once all these are ready."""
        self.until(lambda: all(each.is_ready for each in pods), seconds)

    def close(self) -> None:
        """Ends everything."""
        for running in reversed(self.pods[:]):
            self.kill(running)

    def _forward(self, running: RunningPod, service: Document, address: str, port: Document) -> subprocess.Popen[bytes]:
        """The way from a pod to a Service's port."""
        file = self._endpoints(running, service, port)
        with self.wires.inside(running.name):
            subprocess.run(["ip", "address", "replace", f"{address}/32", "dev", "lo"], check=True)
            return subprocess.Popen(["setpriv", "--pdeathsig=KILL", *FORWARD, address, str(port["port"]), str(file)])

    def _endpoints(self, running: RunningPod, service: Document, port: Document) -> Path:
        return running.folder / f"{service['metadata']['name']}-{port['port']}"

    def _tell(self) -> None:
        """Tells each pod where Services lead now: to what is ready."""
        for running in self.pods:
            for service, _, port in _led(running):
                ready = [_endpoint(each, port) for each in self._behind(service) if each.is_ready]
                _renew(self._endpoints(running, service, port), " ".join(filter(None, ready[:1])))
            running.know(self._names(running))

    def _names(self, running: RunningPod) -> str:
        """What a pod is told when it looks names up, as lines of a hosts file."""
        policies = of_kind(running.documents, "NetworkPolicy")
        if not may_talk(policies, network.inside(running.pod), DNS, 53, "UDP"):
            return ""
        names = {address: service["metadata"]["name"] for service, address, _ in _led(running)}
        for service in of_kind(running.documents, "Service"):
            if service["spec"].get("clusterIP") == "None":
                names |= dict.fromkeys((each.address for each in self._behind(service)), service["metadata"]["name"])
        suffixes = ("", f".{NAMESPACE}", f".{NAMESPACE}.svc", f".{NAMESPACE}.svc.cluster.local")
        return "".join(f"{address} {name}{suffix}\n" for address, name in names.items() for suffix in suffixes)

    def _behind(self, service: Document) -> list[RunningPod]:
        return [each for each in self.pods if _is_behind(each, service)]


def _led(running: RunningPod) -> list[tuple[Document, str, Document]]:
    """Services that lead a pod to others: with an address of their own, that, and each of their ports."""
    return [
        (service, f"10.96.0.{number}", port)
        for number, service in enumerate(of_kind(running.documents, "Service"), start=1)
        if service["spec"].get("clusterIP") != "None" and not _is_behind(running, service)
        for port in service["spec"]["ports"]
    ]


def _is_behind(running: RunningPod, service: Document) -> bool:
    return matches({"matchLabels": service["spec"]["selector"]}, running.pod.labels)


def _endpoint(running: RunningPod, port: Document) -> str:
    """Address and port behind a Service's; empty where the pod has no such port."""
    try:
        return f"{running.address} {container_port(running.pod, port.get('targetPort') or port['port'])}"
    except LookupError:
        return ""


def _renew(file: Path, text: str) -> None:
    """Whoever reads it sees the old text or the new."""
    if not file.exists() or file.read_text() != text:
        new = file.with_suffix(".new")
        new.write_text(text)
        new.rename(file)


@contextmanager
def rehearsal(documents: list[Document], folder: Path) -> Iterator[Cluster]:
    """A cluster with these manifests and no pod yet. The calling thread is on its node, whose network it sees."""
    account = folder / "account"
    account.mkdir()
    with node.Node(PORTS) as wires, serving(account, node.NODE, API_PORT) as api:
        cluster = Cluster(documents, folder, wires, api)
        try:
            yield cluster
        finally:
            cluster.close()


def lacking() -> str:
    """Why this machine lets no node be made; empty if it does."""
    if os.geteuid():
        return "it needs root"
    if missing := [program for program in ("ip", "unshare", "nsenter", "setpriv") if shutil.which(program) is None]:
        return f"{', '.join(missing)} is not installed"
    wires = "ip link add pod type veth peer name eth0 && ip rule add ipproto tcp dport 80 prohibit"
    script = f"mount -t tmpfs tmpfs /mnt && {wires}"
    tried = ["unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "sh", "-c", script]
    done = subprocess.run(tried, check=False, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""
