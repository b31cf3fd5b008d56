"""The overlays build on the manifests, and what comes out keeps to the rules but for what each is there to change."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.k8s.fleet_rules import SPOT
from tests.k8s.manifests import FOLDER, ROOT, Document, find, load, of_kind, pod, title
from tests.k8s.network import End, inside, lets_in, may_talk, outside
from tests.k8s.overlays import OVERLAYS, build
from tests.k8s.rules import RULES

NAMES = sorted(path.name for path in OVERLAYS.iterdir())
FOREIGN = {"ScaledObject", "TriggerAuthentication", "Cluster"}
"""Kinds that others define."""
CHANGED = {
    "gke": {"spot_complaints", "outer_complaints"},
    "kind": {"lifetime_complaints"},
    "cnpg": {
        "address_complaints",
        "environment_complaints",
        "inner_complaints",
        "outer_complaints",
        "spot_complaints",
    },
}
"""Rules that an overlay is there to change; what it has instead is tested below."""


@pytest.fixture(params=NAMES)
def overlay(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_there_is_an_overlay_for_each_cloud_and_each_addition() -> None:
    assert NAMES == ["aks", "autoscale", "cnpg", "eks", "gke", "ingress", "kind"]


def test_each_overlay_keeps_to_the_rules(overlay: str) -> None:
    documents = build(OVERLAYS / overlay)
    rules = [rule for rule in RULES if rule.__name__ not in CHANGED.get(overlay, set())]
    assert [complaint for rule in rules for complaint in rule(documents)] == []


def test_kubernetes_takes_what_each_overlay_makes(overlay: str) -> None:
    for document in build(OVERLAYS / overlay):
        if document["kind"] not in FOREIGN:
            kubernetes_validate.validate(document, "1.37", strict=True)


def test_each_overlay_uses_each_of_its_files(overlay: str) -> None:
    folder = OVERLAYS / overlay
    (document,) = yaml.safe_load_all((folder / "kustomization.yaml").read_text())
    named = {*document["resources"], *(patch["path"] for patch in document.get("patches", []) if "path" in patch)}
    assert {path.name for path in folder.iterdir()} == {*named - {"../../../k8s"}, "kustomization.yaml"}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed here")
@pytest.mark.parametrize("folder", [FOLDER, *(OVERLAYS / name for name in NAMES)], ids=lambda path: path.name)
def test_kustomize_makes_the_same(folder: Path) -> None:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], check=True, capture_output=True, text=True)
    made = {title(document): document for document in yaml.safe_load_all(done.stdout)}
    assert made == {title(document): document for document in build(folder)}


def test_on_gke_workers_name_the_label_for_which_autopilot_makes_nodes() -> None:
    spec = pod(build(OVERLAYS / "gke"), "Deployment/workers").spec
    assert spec["nodeSelector"] == {"cloud.google.com/gke-spot": SPOT["cloud.google.com/gke-spot"]}
    assert "affinity" not in spec


def test_on_gke_the_metadata_address_answers_for_names_alone() -> None:
    documents = build(OVERLAYS / "gke")
    policies, workers = of_kind(documents, "NetworkPolicy"), inside(pod(documents, "Deployment/workers"))
    metadata = outside("169.254.169.254")
    assert [port for port in (53, 80, 443, 988, 8080) if may_talk(policies, workers, metadata, port)] == [53]


def test_only_the_ingress_controller_is_let_in() -> None:
    documents = build(OVERLAYS / "ingress")
    policies, server = of_kind(documents, "NetworkPolicy"), inside(pod(documents, "Deployment/server"))
    assert lets_in(policies, End("controller", "ingress-nginx", {}), server, 8080)
    assert not lets_in(policies, End("other", "default", {}), server, 8080)
    assert not lets_in(policies, outside("203.0.113.9"), server, 8080)


def test_the_server_knows_the_name_that_the_ingress_has() -> None:
    documents = build(OVERLAYS / "ingress")
    (rule,) = find(documents, "Ingress", "server")["spec"]["rules"]
    known = find(documents, "ConfigMap", "server")["data"]["NEUROEVO_ALLOWED_HOSTS"].split(",")
    base = find(load(), "ConfigMap", "server")["data"]["NEUROEVO_ALLOWED_HOSTS"].split(",")
    assert known == [*base, rule["host"]]
    service = find(documents, "Service", "server")
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"]["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_the_autoscaler_asks_where_it_is_let_in_with_a_token_that_only_looks() -> None:
    documents = build(OVERLAYS / "autoscale")
    policies, server = of_kind(documents, "NetworkPolicy"), inside(pod(documents, "Deployment/server"))
    assert lets_in(policies, End("keda", "keda", {"app": "keda-operator"}), server, 8080)
    scaled = find(documents, "ScaledObject", "workers")["spec"]
    (trigger,) = scaled["triggers"]
    assert trigger["metadata"]["url"] == "http://server.neuroevolution.svc:8080/metrics"
    assert f"| `{trigger['metadata']['valueLocation']}` | gauge |" in (ROOT / "docs" / "operations.md").read_text()
    assert find(documents, "Deployment", scaled["scaleTargetRef"]["name"])
    (reference,) = find(documents, "TriggerAuthentication", trigger["authenticationRef"]["name"])["spec"][
        "secretTargetRef"
    ]
    assert (reference["name"], reference["key"]) == ("neuroevolution", "viewer-token")


@pytest.mark.parametrize(("outstanding", "pods"), [(0, 0), (1, 1), (16, 1), (17, 2), (1000, 45), (720, 45)], ids=str)
def test_the_autoscaler_goes_to_none_and_back(outstanding: int, pods: int) -> None:
    scaled = find(build(OVERLAYS / "autoscale"), "ScaledObject", "workers")["spec"]
    assert wanted_pods(scaled, outstanding) == pods


def wanted_pods(scaled: Document, value: float) -> int:
    """What KEDA asks for: https://keda.sh/docs/latest/concepts/scaling-deployments/, the AverageValue of a metric."""
    target = scaled["triggers"][0]["metadata"]
    if value <= float(target["activationTargetValue"]):
        return int(scaled["minReplicaCount"])
    return int(min(scaled["maxReplicaCount"], max(1, -(-value // float(target["targetValue"])))))


def test_a_managed_postgres_is_reached_by_server_and_backup_alone() -> None:
    documents = build(OVERLAYS / "cnpg")
    policies = of_kind(documents, "NetworkPolicy")
    labels = find(documents, "Cluster", "database")["spec"]["inheritedMetadata"]["labels"]
    database = End("database", "neuroevolution", labels | {"cnpg.io/cluster": "database"}, address="")
    ends = {
        owner: inside(pod(documents, owner)) for owner in ("Deployment/server", "Deployment/workers", "CronJob/backup")
    }
    reached = {owner for owner, end in ends.items() if may_talk(policies, end, database, 5432)}
    assert reached == {"Deployment/server", "CronJob/backup"}
    assert lets_in(policies, End("operator", "cnpg-system", {}), database, 8000)


def test_with_cloudnativepg_its_own_secret_names_the_database() -> None:
    documents = build(OVERLAYS / "cnpg")
    variables = [
        variable
        for owner in ("Deployment/server", "CronJob/backup")
        for container in pod(documents, owner).containers
        for variable in container.get("env", [])
        if variable["name"].endswith("DATABASE_URL")
    ]
    references: list[Any] = [variable["valueFrom"]["secretKeyRef"] for variable in variables]
    assert len(references) == 3
    assert all(reference == {"name": "database-app", "key": "uri"} for reference in references)
