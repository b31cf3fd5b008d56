"""A pod's life on the node: what it is refused for, its containers in order, its probes, its end."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from tests.k8s.containers import Container, Place
from tests.k8s.manifests import NAMESPACE, Document, Pod, environment, quantities, quantity
from tests.k8s.probes import ask
from tests.k8s.programs import image
from tests.k8s.volumes import make_volume

PROBES = ("livenessProbe", "readinessProbe")


class Failed(Exception):
    """A pod does not do what its manifest promises: the message says which, and why."""


class Node(NamedTuple):
    """What pods find on it. `account`: files of a service account; `variables`: every container's; `values`: the
    Secret's; `inside`: starts what is started in a pod's network."""

    documents: list[Document]
    folder: Path
    account: Path
    variables: dict[str, str]
    values: Callable[[], dict[str, str]]
    inside: Callable[[str], AbstractContextManager[None]]


class RunningPod:
    """A pod with a name and an address. `step` carries its life on; `state` says how far it is."""

    def __init__(self, name: str, pod: Pod, address: str, node: Node) -> None:
        """
        Raises:
            Failed: a cluster would not take it.
        """
        self.name, self.pod, self.address = name, pod, address
        self.state, self.is_ready = "is new", False
        self.container: Container | None = None
        self._refuse_nonsense()
        self._node, self.folder = node, Path(tempfile.mkdtemp(prefix=f"{name}-", dir=node.folder))
        self._hosts = self.folder / "hosts"
        group = pod.spec.get("securityContext", {}).get("fsGroup")
        self.volumes = {
            key: make_volume(self._place(key, volume), volume, group, node.account)
            for key, volume in pod.volumes.items()
        }
        self._life = self._live()

    def step(self) -> None:
        """What is due now.

        Raises:
            Failed: something is wrong with it.
        """
        next(self._life)

    @property
    def documents(self) -> list[Document]:
        """The manifests that it was started from."""
        return self._node.documents

    def know(self, names: str) -> None:
        """Tells it the names that it may look up, as lines of a hosts file, which it sees at once."""
        text = f"127.0.0.1 localhost\n{self.address} {self.name}\n{names}"
        if not self._hosts.exists() or self._hosts.read_text() != text:
            self._hosts.write_text(text)

    def ask(self, probe: Document) -> str:
        """What a probe finds wrong now; empty if nothing."""
        assert self.container is not None
        return ask(probe, self.pod, self.address, self.container)

    def stop(self) -> int:
        """Ends it within its grace: its exit code, -9 if that was too short."""
        assert self.container is not None
        self.is_ready = False
        return self.container.stop(self.pod.spec["terminationGracePeriodSeconds"])

    def kill(self) -> None:
        """Ends it at once."""
        self.is_ready = False
        if self.container is not None:
            self.container.kill()

    def _refuse_nonsense(self) -> None:
        for place, value in quantities(self.pod.spec):
            try:
                quantity(value)
            except ValueError as error:
                raise Failed(f"{self.name}: {place}: {error}") from None
        for container in self.pod.containers:
            for mounted in container.get("volumeMounts", []):
                if mounted["name"] not in self.pod.volumes:
                    raise Failed(f"{self.name}: {container['name']} mounts {mounted['name']}, which is no volume")

    def _place(self, key: str, volume: Document) -> Path:
        """Where a volume lies: of a claim beside the pod's folder, since it outlasts the pod."""
        is_claimed = "claim" in volume or "persistentVolumeClaim" in volume
        return self._node.folder / f"{key}-{self.name}" if is_claimed else self.folder / key

    def _live(self) -> Iterator[None]:
        for container in self.pod.spec.get("initContainers", []):
            started = yield from self._start(container)
            while started.code is None:
                self.state = f"runs {started.name}: {started.last_words}"
                yield
            if started.code:
                raise self._ended(started)
            started.kill()
        (container,) = self.pod.spec["containers"]
        started = yield from self._start(container)
        for _ in self._watch(container):
            if started.code is not None:
                raise self._ended(started)
            yield

    def _ended(self, started: Container) -> Failed:
        return Failed(f"{self.name}: {started.name} ended with {started.code}: {started.last_words}")

    def _start(self, document: Document) -> Generator[None, None, Container]:
        """Starts a container, as soon as every key that it asks for is in the Secret."""
        fields = {"metadata.name": self.name, "metadata.namespace": NAMESPACE}
        told: dict[str, str] | None = None
        while told is None:
            try:
                told = environment(document, self._node.documents, self._node.values(), fields)
            except KeyError as missing:
                self.state = f"waits for the Secret's key {missing}"
                yield
        found = image(document["image"])
        context = self.pod.spec.get("securityContext", {}) | document.get("securityContext", {})
        if context.get("runAsNonRoot") and not context.get("runAsUser", found.user):
            raise Failed(f"{self.name}: {document['name']} has runAsNonRoot and would run as root")
        variables = self._node.variables | {"HOSTNAME": self.name} | told
        folder = self.folder / f"{self.name}-{document['name']}"
        (self.folder / "no-names").touch()
        files = {"/etc/hosts": str(self._hosts), "/etc/resolv.conf": str(self.folder / "no-names")}
        place = Place(folder, files, self.volumes, variables)
        with self._node.inside(self.name):
            self.container = Container(document, found, context, place)
        return self.container

    def _watch(self, document: Document) -> Iterator[None]:
        """The main container's probes, each as often as it is to be asked."""
        if "startupProbe" in document:
            yield from self._await_start(document["startupProbe"])
        probes = {kind: document[kind] for kind in PROBES if kind in document}
        failures, due = Counter[str](), dict.fromkeys(probes, 0.0)
        self.is_ready = "readinessProbe" not in probes
        while True:
            for kind, probe in probes.items():
                if time.monotonic() >= due[kind]:
                    due[kind] = time.monotonic() + probe.get("periodSeconds", 10)
                    self._heed(kind, probe, failures)
            yield

    def _await_start(self, probe: Document) -> Iterator[None]:
        for _ in range(probe.get("failureThreshold", 3)):
            problem = self.ask(probe)
            if not problem:
                return
            self.state = f"starts: {problem}"
            again = time.monotonic() + probe.get("periodSeconds", 10)
            while time.monotonic() < again:
                yield
        raise Failed(f"{self.name}: does not start: {self.state}")

    def _heed(self, kind: str, probe: Document, failures: Counter[str]) -> None:
        problem = self.ask(probe)
        failures[kind] = failures[kind] + 1 if problem else 0
        is_over = failures[kind] >= probe.get("failureThreshold", 3)
        if kind == "readinessProbe":
            self.is_ready = not problem or (self.is_ready and not is_over)
            self.state = f"is not ready: {problem}" if problem else "is ready"
        elif is_over:
            raise Failed(f"{self.name}: would be killed: its liveness probe fails: {problem}")
