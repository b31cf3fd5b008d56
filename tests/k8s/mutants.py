"""The manifests, each time with one thing wrong."""

from collections.abc import Callable

from tests.k8s.manifests import Document, find, pod


def container(documents: list[Document], owner: str, name: str) -> Document:
    found: Document = next(each for each in pod(documents, owner).containers if each["name"] == name)
    return found


def spec(documents: list[Document], owner: str) -> Document:
    kind, name = owner.split("/")
    found: Document = find(documents, kind, name)["spec"]["template"]["spec"]
    return found


def policy(documents: list[Document], name: str) -> Document:
    found: Document = find(documents, "NetworkPolicy", name)["spec"]
    return found


def without(items: list[Document], name: str) -> None:
    items[:] = [item for item in items if item["name"] != name]


def drop_volume(documents: list[Document], owner: str, name: str, mounts_too: bool) -> None:
    without(spec(documents, owner)["volumes"], name)
    if mounts_too:
        for each in pod(documents, owner).containers:
            without(each.get("volumeMounts", []), name)


MUTANTS: dict[str, Callable[[list[Document]], object]] = {
    "a Service leads to a port that nobody opens": lambda docs: find(docs, "Service", "server")["spec"]["ports"][
        0
    ].update(targetPort=8081),
    "a Service selects nobody": lambda docs: find(docs, "Service", "postgres")["spec"]["selector"].update(
        {"app.kubernetes.io/component": "database"}
    ),
    "memory in another language": lambda docs: container(docs, "Deployment/workers", "worker")["resources"][
        "limits"
    ].update(memory="256Mo"),
    "less memory than is asked for": lambda docs: container(docs, "Deployment/server", "server")["resources"][
        "limits"
    ].update(memory="256Mi"),
    "no limit": lambda docs: container(docs, "Deployment/server", "migrate")["resources"].pop("limits"),
    "the superuser": lambda docs: spec(docs, "Deployment/server")["securityContext"].update(runAsUser=0),
    "the superuser in one container": lambda docs: container(docs, "Deployment/workers", "worker")[
        "securityContext"
    ].update(runAsUser=0),
    "a root to write to": lambda docs: container(docs, "StatefulSet/postgres", "postgres")["securityContext"].pop(
        "readOnlyRootFilesystem"
    ),
    "a capability": lambda docs: container(docs, "Deployment/workers", "worker")["securityContext"].update(
        capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}
    ),
    "the node's network": lambda docs: spec(docs, "Deployment/workers").update(hostNetwork=True),
    "a mounted volume that is missing": lambda docs: drop_volume(docs, "Deployment/server", "temporary", False),
    "no place for the kernels": lambda docs: drop_volume(docs, "Deployment/workers", "cache", True),
    "no place for sockets": lambda docs: drop_volume(docs, "StatefulSet/postgres", "sockets", True),
    "a database that is forgotten": lambda docs: (
        find(docs, "StatefulSet", "postgres")["spec"].pop("volumeClaimTemplates"),
        spec(docs, "StatefulSet/postgres")["volumes"].append({"name": "data", "emptyDir": {}}),
    ),
    "no claim for backups": lambda docs: docs.remove(find(docs, "PersistentVolumeClaim", "backups")),
    "a probe on a path that is none": lambda docs: container(docs, "Deployment/server", "server")["readinessProbe"][
        "httpGet"
    ].update(path="/ready"),
    "a probe on another path": lambda docs: container(docs, "Deployment/server", "server")["livenessProbe"][
        "httpGet"
    ].update(path="/readyz"),
    "a probe on a port that nobody opens": lambda docs: container(docs, "StatefulSet/postgres", "postgres")[
        "livenessProbe"
    ].update(tcpSocket={"port": "sql"}),
    "a policy that lets a neighbour in": lambda docs: policy(docs, "postgres")["ingress"][0]["from"].append(
        {"namespaceSelector": {}}
    ),
    "a policy that lets everybody in": lambda docs: policy(docs, "server")["ingress"][0].pop("from"),
    "a policy that lets a stranger in": lambda docs: policy(docs, "server")["ingress"][0]["from"].append(
        {"podSelector": {}}
    ),
    "workers that anybody asks": lambda docs: policy(docs, "workers").update(ingress=[{}]),
    "workers that go anywhere": lambda docs: policy(docs, "workers")["egress"].append(
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
    ),
    "the metadata address": lambda docs: policy(docs, "server")["egress"][1]["to"][0]["ipBlock"].pop("except"),
    "nothing is forbidden": lambda docs: docs.remove(find(docs, "NetworkPolicy", "nothing")),
    "no names": lambda docs: docs.remove(find(docs, "NetworkPolicy", "names")),
    "no way to the database": lambda docs: policy(docs, "server")["egress"].pop(0),
    "a password in the file": lambda docs: container(docs, "StatefulSet/postgres", "postgres")["env"].append(
        {"name": "POSTGRES_PASSWORD", "value": "secret"}
    ),
    "a filled Secret": lambda docs: find(docs, "Secret", "neuroevolution").update(stringData={"token": "12345678"}),
    "an empty key, which would erase the filled one": lambda docs: find(docs, "Secret", "neuroevolution").update(
        data={"token": ""}
    ),
    "a key that nobody fills": lambda docs: container(docs, "Deployment/server", "server")["env"][1]["valueFrom"][
        "secretKeyRef"
    ].update(key="operator-token"),
    "every Secret": lambda docs: find(docs, "Role", "fill-secret")["rules"][0].pop("resourceNames"),
    "another verb": lambda docs: find(docs, "Role", "fill-secret")["rules"][0]["verbs"].append("list"),
    "a token of the cluster for workers": lambda docs: spec(docs, "Deployment/workers").update(
        automountServiceAccountToken=True
    ),
    "a token of the cluster for the server": lambda docs: container(docs, "Deployment/server", "server")[
        "volumeMounts"
    ].append({"name": "cluster", "mountPath": "/cluster"}),
    "a setting that there is not": lambda docs: find(docs, "ConfigMap", "server")["data"].update(NEUROEVO_LEASES="30"),
    "a setting that is missing": lambda docs: find(docs, "ConfigMap", "server")["data"].pop("NEUROEVO_LEASE_SECONDS"),
    "a setting out of range": lambda docs: find(docs, "ConfigMap", "server")["data"].update(NEUROEVO_LIBRARY_SHARE="2"),
    "a number where a text must be": lambda docs: find(docs, "ConfigMap", "workers")["data"].update(NEUROEVO_SLOTS=4),
    "a name that the server does not know": lambda docs: find(docs, "ConfigMap", "workers")["data"].update(
        NEUROEVO_SERVER="http://server.other:8080"
    ),
    "an option that there is not": lambda docs: container(docs, "Deployment/server", "migrate")["command"].append(
        "--force"
    ),
    "an image without version": lambda docs: container(docs, "Deployment/workers", "worker").update(
        image="ghcr.io/neuroevolution/worker:latest"
    ),
    "an image of another release": lambda docs: container(docs, "Deployment/workers", "worker").update(
        image="ghcr.io/neuroevolution/worker:0.0.9"
    ),
    "two servers at once": lambda docs: find(docs, "Deployment", "server")["spec"].update(
        strategy={"type": "RollingUpdate"}
    ),
    "a budget that blocks a drain": lambda docs: docs.append(
        {"kind": "PodDisruptionBudget", "metadata": {"name": "server", "namespace": "neuroevolution"}}
    ),
    "longer than a cloud waits": lambda docs: spec(docs, "Deployment/workers").update(terminationGracePeriodSeconds=60),
    "one cloud's spot nodes left out": lambda docs: spec(docs, "Deployment/workers")["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"].pop(2),
    "one cloud's taint not tolerated": lambda docs: spec(docs, "Deployment/workers")["tolerations"].pop(),
    "workers on nodes that cost more": lambda docs: spec(docs, "Deployment/workers")["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"][4]["matchExpressions"].pop(),
    "pods that their Deployment does not select": lambda docs: find(docs, "Deployment", "workers")["spec"]["selector"][
        "matchLabels"
    ].update({"app.kubernetes.io/component": "worker"}),
    "another namespace": lambda docs: find(docs, "ConfigMap", "workers")["metadata"].pop("namespace"),
}
