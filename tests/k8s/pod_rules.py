"""What each pod must be: pinned, unprivileged, bounded, with every volume and folder that it uses."""

import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath

from cli.secret_keys import missing_keys
from tests.k8s.manifests import ROOT, Document, Pod, environment, find, pod_template, pods, quantities, quantity, title

VERSION = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())["project"]["version"]
OURS = "ghcr.io/neuroevolution/"
FOLDER_VARIABLES = ("NUMBA_CACHE_DIR", "PGDATA", "NEUROEVO_DATA")
"""What names a folder that is written to."""
WRITTEN = {
    "Deployment/server": ["/tmp"],
    "Deployment/workers": ["/tmp", "/cache"],
    "StatefulSet/postgres": ["/tmp", "/var/run/postgresql", "/var/lib/postgresql", "/dev/shm"],
    "CronJob/backup": ["/backups"],
}
"""Folders that a workload's main container writes to."""
CLAIMED = ("claim", "persistentVolumeClaim")


def image_complaints(documents: list[Document]) -> Iterator[str]:
    """Images are named with registry and version, ours with this release's."""
    for pod in pods(documents):
        for container in pod.containers:
            name, _, tag = container["image"].rpartition(":")
            if "." not in name.split("/")[0] or not tag or tag in {"latest", "main"} or "/" in tag:
                yield f"{pod.owner}: {container['image']} names no registry and version"
            if name.startswith(OURS) and tag != VERSION:
                yield f"{pod.owner}: {container['image']} is not this release, {VERSION}"


def privilege_complaints(documents: list[Document]) -> Iterator[str]:
    """The "restricted" standard of pods, and nothing to write to but volumes."""
    for pod in pods(documents):
        shared = [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(key)]
        shared += [name for name, volume in pod.volumes.items() if "hostPath" in volume]
        if shared:
            yield f"{pod.owner}: shares the node's {', '.join(shared)}"
        for container in pod.containers:
            own = container.get("securityContext", {})
            context = pod.spec.get("securityContext", {}) | own
            wants = {
                "runAsNonRoot": context.get("runAsNonRoot") is True,
                "runAsUser": context.get("runAsUser", 0) > 0,
                "runAsGroup": context.get("runAsGroup", 0) > 0,
                "seccompProfile": context.get("seccompProfile") == {"type": "RuntimeDefault"},
                "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
                "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is True,
                "capabilities": own.get("capabilities") == {"drop": ["ALL"]},
                "privileged": not own.get("privileged"),
            }
            yield from (
                f"{pod.owner}: {container['name']} has a wrong {key}" for key, good in wants.items() if not good
            )


def resource_complaints(documents: list[Document]) -> Iterator[str]:
    """Each container says what it needs and may take; what looks like a quantity is one."""
    for document in documents:
        for place, value in quantities(document):
            try:
                quantity(value)
            except ValueError as error:
                yield f"{title(document)}{place}: {error}"
    for pod in pods(documents):
        for container in pod.containers:
            yield from _bounds(f"{pod.owner}: {container['name']}", container.get("resources", {}))


def _bounds(place: str, resources: Document) -> Iterator[str]:
    for name in ("cpu", "memory"):
        try:
            asked, limit = (quantity(resources[side][name]) for side in ("requests", "limits"))
        except (KeyError, ValueError):
            yield f"{place} has no request or limit of {name}"
        else:
            if not 0 < asked <= limit:
                yield f"{place} asks for more {name} than its limit"


def volume_complaints(documents: list[Document]) -> Iterator[str]:
    """What is mounted is there, what is there is mounted, and what is written to can be."""
    for pod in pods(documents):
        mounted = {mount["name"] for container in pod.containers for mount in container.get("volumeMounts", [])}
        yield from (f"{pod.owner}: there is no volume {name}" for name in sorted(mounted - pod.volumes.keys()))
        yield from (f"{pod.owner}: volume {name} is not used" for name in sorted(pod.volumes.keys() - mounted))
        for name, volume in pod.volumes.items():
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and not _exists(documents, "PersistentVolumeClaim", claim):
                yield f"{pod.owner}: volume {name} is of no claim {claim}"
        for container in pod.containers:
            yield from (
                f"{pod.owner}: {container['name']} cannot write to {folder}"
                for folder in _written_folders(pod, container, documents)
                if not _is_writable(folder, pod, container)
            )


def _written_folders(pod: Pod, container: Document, documents: list[Document]) -> list[str]:
    known = missing_keys({}, lambda: "x")
    try:
        found = environment(container, documents, known, {"metadata.name": "x"})
    except LookupError:
        found = {}
    is_main = container is pod.spec["containers"][0]
    folders = WRITTEN.get(pod.owner, []) if is_main else []
    if container["image"].startswith(OURS) and not is_main:
        folders = [*folders, "/tmp"]
    return [*folders, *(found[name] for name in FOLDER_VARIABLES if found.get(name))]


def _is_writable(folder: str, pod: Pod, container: Document) -> bool:
    within = {str(folder), *(str(parent) for parent in PurePosixPath(folder).parents)}
    return any(
        mount["mountPath"] in within
        and not mount.get("readOnly")
        and any(kind in pod.volumes.get(mount["name"], {}) for kind in ("emptyDir", *CLAIMED))
        for mount in container.get("volumeMounts", [])
    )


def durability_complaints(documents: list[Document]) -> Iterator[str]:
    """What must outlast a pod lies in a claim."""
    for owner, folder in (("StatefulSet/postgres", "/var/lib/postgresql"), ("CronJob/backup", "/backups")):
        for pod in (pod for pod in pods(documents) if pod.owner == owner):
            mounts = pod.spec["containers"][0].get("volumeMounts", [])
            names = [mount["name"] for mount in mounts if mount["mountPath"] == folder]
            if not any(kind in pod.volumes.get(name, {}) for name in names for kind in CLAIMED):
                yield f"{owner}: {folder} does not outlast the pod"


def account_complaints(documents: list[Document]) -> Iterator[str]:
    """Only the container that fills the Secret can speak with the cluster."""
    for pod in pods(documents):
        account = pod.spec.get("serviceAccountName", "default")
        if not _exists(documents, "ServiceAccount", account):
            yield f"{pod.owner}: there is no ServiceAccount {account}"
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.owner}: every container gets the account's token"
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.owner}: Services fill its environment, POSTGRES_PORT for one"
        if "priorityClassName" in pod.spec and not _exists(documents, "PriorityClass", pod.spec["priorityClassName"]):
            yield f"{pod.owner}: there is no PriorityClass {pod.spec['priorityClassName']}"
        projected = {name for name, volume in pod.volumes.items() if "projected" in volume}
        for container in pod.containers:
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            if mounts & projected and container["name"] != "fill-secret":
                yield f"{pod.owner}: {container['name']} gets the account's token"


def _exists(documents: list[Document], kind: str, name: str) -> bool:
    try:
        find(documents, kind, name)
    except LookupError:
        return False
    return True


def selector_complaints(documents: list[Document]) -> Iterator[str]:
    """A workload selects its own pods."""
    for document in documents:
        template = pod_template(document)
        selector = document.get("spec", {}).get("selector")
        if template and document["kind"] != "CronJob":
            labels = template["metadata"]["labels"]
            if not selector["matchLabels"] or not selector["matchLabels"].items() <= labels.items():
                yield f"{title(document)}: its selector does not match its own pods"
