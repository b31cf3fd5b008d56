"""The manifests are rehearsed: run as processes, with users, limits, probes, Services and policies as they say."""

import json
import os
import re
import shutil
import signal
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.k8s import manifests
from tests.k8s.kubelet import Failed, RunningPod
from tests.k8s.manifests import Document, find, load
from tests.k8s.mutants import MUTANTS, container, policy, spec
from tests.k8s.network import outside
from tests.k8s.network_rules import NEIGHBOUR, STRANGER
from tests.k8s.rehearsal import Cluster, lacking, rehearsal
from tests.k8s.wiring_rules import KEYS
from worker.compilation import cache_folder, compile_kernels

SERVER, WORKERS, POSTGRES = "Deployment/server", "Deployment/workers", "StatefulSet/postgres"
SHORTER = {"NEUROEVO_LIBRARY_SHARE": "0", "NEUROEVO_LEASE_SECONDS": "5"}
"""Settings that are other ones here, to save time: no recordings, and leases of the killed run out sooner."""
GENERATIONS = 12
RUN = {
    "preset": "quick",
    "configuration": {"validation_episodes": 2, "budget": {"generations": GENERATIONS, "target_score": None}},
}
METADATA, ANYWHERE = "169.254.169.254", "203.0.113.9"
HEALTH = "import os, urllib.request as r; r.urlopen(os.environ['NEUROEVO_SERVER'] + '/healthz', timeout=3)"
"""What a worker's container is made to ask."""

Change = Callable[[list[Document]], object]


def documents() -> list[Document]:
    """The manifests, but for settings that would take time."""
    found = load()
    find(found, "ConfigMap", "server")["data"].update(SHORTER)
    return found


def mutated(name: str) -> list[Document]:
    """The same with one thing wrong."""
    found = documents()
    MUTANTS[name](found)
    return found


@pytest.fixture(scope="module")
def rights() -> None:
    """Skips where the machine does not let a node be made."""
    if reason := lacking():
        pytest.skip(f"no node can be made here: {reason}")


@pytest.fixture(scope="module")
def cluster(rights: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Postgres, the server and one worker, ready."""
    compile_kernels(print)
    with rehearsal(documents(), tmp_path_factory.mktemp("node")) as cluster:
        cluster.await_ready(cluster.start(POSTGRES), cluster.start(SERVER), start_worker(cluster))
        yield cluster


@pytest.fixture
def alone(rights: None, tmp_path: Path) -> Iterator[Callable[[list[Document]], Cluster]]:
    """Makes a cluster of its own, whose Secret is filled, without a pod."""
    with ExitStack() as stack:

        def make(documents: list[Document]) -> Cluster:
            cluster = stack.enter_context(rehearsal(documents, tmp_path))
            cluster.fill(KEYS)
            return cluster

        yield make


@pytest.fixture
def visitors(cluster: Cluster) -> Iterator[None]:
    """Others about: a pod of another namespace, one of this namespace, and addresses outside."""
    others = {"neighbour": NEIGHBOUR, "stranger": STRANGER}
    for name, end in others.items():
        cluster.wires.join(name, end)
    for address in (METADATA, ANYWHERE):
        cluster.wires.own(address, outside(address))
    yield
    cluster.enforce(cluster.documents)
    for name in (*others, METADATA, ANYWHERE):
        cluster.wires.leave(name)


def start_worker(cluster: Cluster, documents: list[Document] | None = None) -> RunningPod:
    """A pod of workers whose kernels are compiled already, which in a new pod takes a quarter of a minute."""
    worker = cluster.start(WORKERS, documents)
    folder = worker.volumes["cache"] / "neuroevolution"
    shutil.copytree(cache_folder(), folder / cache_folder().name)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 10001, 10001)
    return worker


def running(cluster: Cluster, owner: str) -> RunningPod:
    return next(each for each in cluster.pods if each.pod.owner == owner)


def asked(cluster: Cluster, path: str, body: object = None) -> Any:
    """What the server answers the operator."""
    request = urllib.request.Request(f"http://{running(cluster, SERVER).address}:8080/api/v1{path}")
    request.add_header("Authorization", f"Bearer {cluster.secret()['token']}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def names(cluster: Cluster) -> set[str]:
    """Of the workers that the server knows."""
    return {each["name"] for each in asked(cluster, "/workers")["items"]}


def test_a_run_finishes_while_workers_are_preempted_and_killed(cluster: Cluster) -> None:
    first, second = running(cluster, WORKERS), start_worker(cluster)
    cluster.until(lambda: {first.name, second.name} <= names(cluster), 60)
    run = asked(cluster, "/runs", RUN)["id"]
    cluster.until(lambda: asked(cluster, f"/runs/{run}")["generation"] >= 2, 60)
    assert cluster.preempt(first) == 0
    third = start_worker(cluster)
    cluster.until(lambda: third.name in names(cluster), 60)
    cluster.kill(second)

    cluster.until(lambda: asked(cluster, f"/runs/{run}")["state"] == "finished", 60)
    assert asked(cluster, f"/runs/{run}")["generation"] == GENERATIONS
    states = {each["name"]: each["state"] for each in asked(cluster, "/workers")["items"]}
    assert states[first.name] == "preempted"


def test_the_first_login_works_as_told(cluster: Cluster) -> None:
    server = running(cluster, SERVER).container
    assert server is not None
    done = server.execute(["neuroevo", "token", "link"], 30)
    assert "http" in done.stdout, done.stderr


@pytest.mark.parametrize(("owner", "user"), [(SERVER, 10001), (WORKERS, 10001), (POSTGRES, 999)])
def test_each_is_nobody_in_particular_and_writes_to_its_volumes_alone(cluster: Cluster, owner: str, user: int) -> None:
    inside = running(cluster, owner).container
    assert inside is not None
    assert inside.execute(["id", "-u"], 5).stdout.strip() == str(user)
    status = inside.execute(["cat", "/proc/1/status"], 5).stdout.split("\n")
    assert {"NoNewPrivs:\t1", "CapBnd:\t0000000000000000", "CapEff:\t0000000000000000"} <= set(status)
    for place in ("/x", "/usr/x", "/etc/x"):
        assert "Read-only file system" in inside.execute(["touch", place], 5).stderr
    assert inside.execute(["touch", "/tmp/x"], 5).returncode == 0
    assert inside.execute(["ls", "/root", "/home"], 5).returncode != 0


def test_a_database_that_is_away_is_no_reason_to_kill_the_server(cluster: Cluster) -> None:
    server, postgres = running(cluster, SERVER), running(cluster, POSTGRES)
    cluster.kill(postgres)
    told = container(cluster.documents, SERVER, "server")
    cluster.until(lambda: server.ask(told["readinessProbe"]), 30)
    wrong = container(mutated("a probe on another path"), SERVER, "server")
    assert server.ask(told["livenessProbe"]) == ""
    assert server.ask(wrong["livenessProbe"]) == "/readyz answers 503"

    cluster.await_ready(cluster.start(POSTGRES), server)


NEEDED = {
    ("workers", "server", 8080),
    ("server", "postgres", 5432),
    ("server", "the API server", 6443),
    ("server", ANYWHERE, 443),
}
"""Who opens what to whom, of all that is tried."""
OPENED = {
    "a policy that lets a neighbour in": ("neighbour", "postgres", 5432),
    "a policy that lets everybody in": ("neighbour", "server", 8080),
    "nothing is forbidden": ("stranger", ANYWHERE, 443),
    "workers that anybody asks": ("neighbour", "workers", 80),
    "workers that go anywhere": ("workers", ANYWHERE, 443),
    "the metadata address": ("server", METADATA, 443),
}
TRIED = NEEDED | set(OPENED.values()) | {("workers", "postgres", 5432), ("workers", METADATA, 80)}


def open_ways(cluster: Cluster) -> set[tuple[str, str, int]]:
    """What the network lets through, whether anybody listens or not."""
    pods = {owner.split("/")[1]: running(cluster, owner).name for owner in (SERVER, WORKERS, POSTGRES)}

    def is_open(way: tuple[str, str, int]) -> bool:
        source, target = (pods.get(name, name) for name in way[:2])
        problem = cluster.wires.connect(source, cluster.wires.members[target].address, way[2])
        return not problem or "refused" in problem

    ways = sorted(TRIED)
    with ThreadPoolExecutor(len(ways)) as threads:
        return {way for way, found in zip(ways, threads.map(is_open, ways), strict=True) if found}


def test_the_network_lets_through_what_is_needed_and_nothing_else(cluster: Cluster, visitors: None) -> None:
    assert open_ways(cluster) == NEEDED


@pytest.mark.parametrize("name", OPENED)
def test_a_wrong_policy_opens_a_way(cluster: Cluster, visitors: None, name: str) -> None:
    cluster.enforce(mutated(name))
    assert OPENED[name] in open_ways(cluster) - NEEDED


@pytest.mark.parametrize(("source", "target"), [("workers", "server"), ("server", "postgres")])
def test_a_wrong_policy_closes_a_way(cluster: Cluster, visitors: None, source: str, target: str) -> None:
    wrong = documents()
    policy(wrong, source)["egress"].pop(0)
    cluster.enforce(wrong)
    assert {way[:2] for way in NEEDED - open_ways(cluster)} == {(source, target)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (MUTANTS["a Service leads to a port that nobody opens"], "closed connection|reset by peer"),
        (MUTANTS["no names"], "name resolution"),
        (lambda _: None, None),
    ],
    ids=["a wrong target port", "no names", "nothing wrong"],
)
def test_a_worker_that_is_led_astray_does_not_reach_the_server(
    cluster: Cluster, change: Change, reason: str | None
) -> None:
    wrong = documents()
    change(wrong)
    cluster.enforce(wrong)
    worker = cluster.start(WORKERS, wrong)
    try:
        inside = cluster.until(lambda: worker.container, 10)
        assert inside is not None
        done = inside.execute(["python", "-c", HEALTH], 20)
        assert re.search(reason, done.stderr) if reason else done.returncode == 0, done.stderr
    finally:
        cluster.kill(worker)
        cluster.enforce(cluster.documents)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a Service selects nobody", "runs migrate: waiting for the database: .* resol"),
        ("a key that nobody fills", "waits for the Secret's key 'operator-token'"),
    ],
)
def test_a_server_that_lacks_something_waits_and_says_for_what(cluster: Cluster, name: str, reason: str) -> None:
    wrong = mutated(name)
    cluster.enforce(wrong)
    server = cluster.start(SERVER, wrong)
    try:
        cluster.until(lambda: re.match(reason, server.state), 20)
    finally:
        cluster.kill(server)
        cluster.enforce(cluster.documents)


@pytest.mark.parametrize(
    ("name", "owner", "kind", "reason"),
    [
        ("a probe on a path that is none", SERVER, "readinessProbe", "/ready answers 404"),
        ("a probe on a port that nobody opens", POSTGRES, "livenessProbe", "no port is named sql"),
    ],
)
def test_a_wrong_probe_fails(cluster: Cluster, name: str, owner: str, kind: str, reason: str) -> None:
    pod = running(cluster, owner)
    probes = [manifests.pod(each, owner).spec["containers"][0][kind] for each in (documents(), mutated(name))]
    assert [pod.ask(probe) for probe in probes] == ["", reason]


def let_no_grace(found: list[Document]) -> None:
    spec(found, WORKERS)["terminationGracePeriodSeconds"] = 0


def test_a_worker_without_grace_is_cut_off(cluster: Cluster) -> None:
    wrong = documents()
    let_no_grace(wrong)
    worker = start_worker(cluster, wrong)
    cluster.await_ready(worker)
    assert cluster.preempt(worker) == -signal.SIGKILL


def little_memory(found: list[Document]) -> None:
    container(found, WORKERS, "worker")["resources"]["limits"].update(memory="32Mi")


@pytest.mark.parametrize(
    ("change", "owner", "reason"),
    [
        (MUTANTS["memory in another language"], WORKERS, "256Mo is no quantity"),
        (MUTANTS["the superuser"], SERVER, "fill-secret has runAsNonRoot and would run as root"),
        (MUTANTS["the superuser in one container"], WORKERS, "worker has runAsNonRoot and would run as root"),
        (MUTANTS["a mounted volume that is missing"], SERVER, "fill-secret mounts temporary, which is no volume"),
        (MUTANTS["no place for sockets"], POSTGRES, "/var/run/postgresql.*No such file"),
        (little_memory, WORKERS, "worker ended with"),
    ],
)
def test_a_wrong_pod_does_not_start(
    alone: Callable[[list[Document]], Cluster], change: Change, owner: str, reason: str
) -> None:
    wrong = documents()
    change(wrong)
    cluster = alone(wrong)

    def start() -> None:
        pod = cluster.start(owner)
        cluster.until(lambda: "is ready" in pod.state, 20)

    with pytest.raises(Failed, match=reason):
        start()
