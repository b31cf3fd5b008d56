"""Settings, spot nodes, and how long things live."""

from collections.abc import Iterator

from server.settings import PREFIX, BadSettings, Settings, read_settings
from tests.k8s.commands import variables_of
from tests.k8s.manifests import Document, find, matches, of_kind, pod, quantity
from tests.k8s.wiring_rules import KEYS

SECRET_SETTINGS = {"NEUROEVO_DATABASE_URL", "NEUROEVO_TOKEN", "NEUROEVO_WORKER_TOKEN", "NEUROEVO_VIEWER_TOKEN"}
POD_VARIABLES = {"NEUROEVO_TOKEN", "NEUROEVO_NAME"}
"""Of a worker's, what each pod has from elsewhere."""
SPOT = {
    "eks.amazonaws.com/capacityType": "SPOT",
    "karpenter.sh/capacity-type": "spot",
    "cloud.google.com/gke-spot": "true",
    "kubernetes.azure.com/scalesetpriority": "spot",
}
"""https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html, https://karpenter.sh/docs/concepts/scheduling,
https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms, https://learn.microsoft.com/azure/aks/spot-node-pool"""
ON_DEMAND = [
    {"eks.amazonaws.com/capacityType": "ON_DEMAND"},
    {"karpenter.sh/capacity-type": "on-demand"},
    {"cloud.google.com/gke-nodepool": "default-pool"},
    {"kubernetes.azure.com/agentpool": "system"},
]
"""Labels of nodes that are not taken away, one cloud each."""
WORKER_SECONDS = 10
"""Within which a worker hands back what it holds."""
GKE_SECONDS = 15
"""https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms: what remains for a pod."""


def setting_complaints(documents: list[Document]) -> Iterator[str]:
    """The ConfigMaps have every setting, and values that are taken."""
    given = find(documents, "ConfigMap", "server")["data"]
    wanted = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} - SECRET_SETTINGS
    yield from (f"ConfigMap/server: has no {name}" for name in sorted(wanted - given.keys()))
    values = {name.removeprefix(PREFIX).lower(): value for name, value in given.items() if value}
    try:
        read_settings(database_url=KEYS["database-url"], token=KEYS["token"], **values)
    except BadSettings as error:
        yield f"ConfigMap/server: {error}"
    wanted = variables_of(["worker", "start"]) - POD_VARIABLES
    given = find(documents, "ConfigMap", "workers")["data"]
    yield from (f"ConfigMap/workers: has no {name}" for name in sorted(wanted - given.keys()))
    for settings in of_kind(documents, "ConfigMap"):
        wrong = [name for name, value in settings["data"].items() if not isinstance(value, str)]
        yield from (f"ConfigMap/{settings['metadata']['name']}: {name} is no text" for name in wrong)


def spot_complaints(documents: list[Document]) -> Iterator[str]:
    """Workers go to spot nodes where a cloud has any and to no others, and anywhere on clusters that know none."""
    spec = pod(documents, "Deployment/workers").spec
    for key, value in SPOT.items():
        if not _fits(spec, {key: value, "cloud.google.com/gke-nodepool": "x", "kubernetes.azure.com/agentpool": "x"}):
            yield f"Deployment/workers: is not let onto nodes of {key}={value}"
        taint = {"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}
        if taint not in spec.get("tolerations", []):
            yield f"Deployment/workers: does not tolerate {key}={value}"
    yield from (f"Deployment/workers: may go to {labels}" for labels in ON_DEMAND if _fits(spec, labels))
    if not _fits(spec, {"kubernetes.io/os": "linux"}):
        yield "Deployment/workers: finds no node where no cloud has labelled any"
    for owner in ("Deployment/server", "StatefulSet/postgres"):
        spec = pod(documents, owner).spec
        (preference,) = spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
        if any(matches(preference["preference"], {key: value}) for key, value in SPOT.items()) or spec.get(
            "tolerations"
        ):
            yield f"{owner}: does not keep away from spot nodes"
        if not all(matches(preference["preference"], labels) for labels in ON_DEMAND):
            yield f"{owner}: does not prefer nodes that stay"


def _fits(spec: Document, labels: dict[str, str]) -> bool:
    required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return any(matches(term, labels) for term in required["nodeSelectorTerms"])


def lifetime_complaints(documents: list[Document]) -> Iterator[str]:
    """One server at a time, nothing that blocks a drain, and time to stop in order."""
    server = find(documents, "Deployment", "server")["spec"]
    if server.get("replicas") != 1 or server["strategy"] != {"type": "Recreate"}:
        yield "Deployment/server: may run twice"
    yield from (f"{each['metadata']['name']}: blocks a drain" for each in of_kind(documents, "PodDisruptionBudget"))
    yield from (f"{each['metadata']['name']}: cannot be applied twice" for each in of_kind(documents, "Job"))
    grace = pod(documents, "Deployment/workers").spec.get("terminationGracePeriodSeconds", 30)
    if not WORKER_SECONDS < grace <= GKE_SECONDS:
        yield f"Deployment/workers: has {grace} s to stop"
    stop = int(find(documents, "ConfigMap", "server")["data"]["NEUROEVO_STOP_SECONDS"])
    if server["template"]["spec"].get("terminationGracePeriodSeconds", 30) <= stop:
        yield "Deployment/server: is killed before it has answered what is open"
    cores = quantity(pod(documents, "Deployment/workers").spec["containers"][0]["resources"]["limits"]["cpu"])
    if not 4 <= cores <= 8 or cores % 1:
        yield f"Deployment/workers: has {cores} cores, not 4 to 8 whole ones"
