"""How the parts find each other: ports, probes, variables, keys, commands, names and policies."""

from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

from cli.secret_keys import DATABASE, missing_keys
from server.application import create_app
from server.settings import Settings
from tests.k8s.commands import neuroevo_complaint
from tests.k8s.manifests import (
    NAMESPACE,
    SECRET,
    Document,
    Pod,
    environment,
    find,
    matches,
    of_kind,
    pod,
    pods,
    title,
)

CLUSTER_WIDE = ("Namespace", "PriorityClass", "StorageClass")
KEYS = missing_keys({}, lambda: "x" * 43)
"""What the init container puts into the Secret."""
PROGRAMS = ("pg_isready", "pg_dump", "mv", "find")
"""What other containers start: the image of Postgres has them."""


def namespace_complaints(documents: list[Document]) -> Iterator[str]:
    """Everything says where it belongs: whoever applies it may have another namespace as their own."""
    for document in documents:
        if document["kind"] not in CLUSTER_WIDE and document["metadata"].get("namespace") != NAMESPACE:
            yield f"{title(document)}: is not in namespace {NAMESPACE}"
    names = [title(document) for document in documents]
    yield from (f"{name} is there twice" for name in sorted({name for name in names if names.count(name) > 1}))


def service_complaints(documents: list[Document]) -> Iterator[str]:
    """Each Service leads to one workload, and to a port that it opens."""
    for service in of_kind(documents, "Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        chosen = [each for each in pods(documents) if matches(selector, each.labels)]
        if len(chosen) != 1:
            yield f"{title(service)}: leads to {[each.owner for each in chosen]}"
        for port in service["spec"]["ports"]:
            wanted = port.get("targetPort", port["port"])
            if not all(_opens(each, wanted) for each in chosen):
                yield f"{title(service)}: nobody listens on its target port {wanted}"


def _opens(pod: Pod, wanted: str | int) -> bool:
    ports = [port for container in pod.spec["containers"] for port in container.get("ports", [])]
    return any(wanted in {port.get("name"), port["containerPort"]} for port in ports)


@cache
def _routes() -> frozenset[str]:
    app = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    return frozenset(app.openapi()["paths"])


def probe_complaints(documents: list[Document]) -> Iterator[str]:
    """A probe asks a port that is open, for a page that there is."""
    for each in pods(documents):
        for container in each.containers:
            for name in ("startupProbe", "livenessProbe", "readinessProbe"):
                probe = container.get(name)
                place = f"{each.owner}: the {name} of {container['name']}"
                if probe is not None:
                    yield from _probe(place, probe, each)
    server = find(documents, "Deployment", "server")["spec"]["template"]["spec"]["containers"][0]
    for name, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        if server.get(name, {}).get("httpGet", {}).get("path") != path:
            yield f"Deployment/server: its {name} does not ask {path}"


def _probe(place: str, probe: Document, pod: Pod) -> Iterator[str]:
    for asked in (probe[kind] for kind in ("httpGet", "tcpSocket") if kind in probe):
        if not _opens(pod, asked["port"]):
            yield f"{place} asks port {asked['port']}, which nobody opens"
        if "path" in asked and asked["path"] not in _routes():
            yield f"{place} asks {asked['path']}, which is no route"
    if "exec" in probe and probe["exec"]["command"][0] not in PROGRAMS:
        yield f"{place} starts {probe['exec']['command'][0]}"


def environment_complaints(documents: list[Document]) -> Iterator[str]:
    """Every ConfigMap, Secret and key that is asked for is there, and each of our variables means something."""
    for each in pods(documents):
        for container in each.containers:
            place = f"{each.owner}: {container['name']}"
            try:
                found = environment(container, documents, KEYS, {"metadata.name": "x"})
            except LookupError as error:
                yield f"{place} lacks {error}"
                continue
            words = [*container.get("command", []), *container.get("args", [])]
            yield from (
                f"{place}: {word} is not filled in" for word in words if "$(" in word and not _known(word, found)
            )
            if container.get("command", [""])[0] == "neuroevo":
                complaint = neuroevo_complaint(container["command"], found)
                yield from [f"{place}: {complaint}"] if complaint else []


def _known(word: str, variables: dict[str, str]) -> bool:
    return all(part.split(")")[0] in variables for part in word.split("$(")[1:])


def secret_complaints(documents: list[Document]) -> Iterator[str]:
    """No file holds a secret: the one Secret is declared without data, and nothing else stands in for it."""
    for secret in of_kind(documents, "Secret"):
        if secret.keys() & {"data", "stringData"} or secret["metadata"]["name"] != SECRET:
            yield f"{title(secret)}: holds something"
    for each in pods(documents):
        for container in each.containers:
            for variable in container.get("env", []):
                words = ("TOKEN", "PASSWORD", "DATABASE_URL")
                if "value" in variable and any(word in variable["name"] for word in words):
                    yield f"{each.owner}: {variable['name']} stands in the file"
    for settings in of_kind(documents, "ConfigMap"):
        for name, value in settings["data"].items():
            if "TOKEN" in name or "PASSWORD" in name or urlsplit(str(value)).password:
                yield f"{title(settings)}: {name} is a secret"


def power_complaints(documents: list[Document]) -> Iterator[str]:
    """All that anybody may do in the cluster is to read and fill that one Secret."""
    wanted = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": [SECRET], "verbs": ["get", "patch"]}]
    for role in of_kind(documents, "Role", "ClusterRole"):
        if role["kind"] == "ClusterRole" or role["rules"] != wanted:
            yield f"{title(role)}: allows something else than to get and patch Secret {SECRET}"
    for binding in of_kind(documents, "RoleBinding", "ClusterRoleBinding"):
        subjects = [(each["kind"], each["name"], each["namespace"]) for each in binding["subjects"]]
        if binding["kind"] == "ClusterRoleBinding" or subjects != [("ServiceAccount", "server", NAMESPACE)]:
            yield f"{title(binding)}: is not the server's alone"


def address_complaints(documents: list[Document]) -> Iterator[str]:
    """Workers find the server under a name that it knows as its own, and the server its database."""
    settings = find(documents, "ConfigMap", "server")["data"]
    url = urlsplit(find(documents, "ConfigMap", "workers")["data"]["NEUROEVO_SERVER"])
    if url.hostname not in settings["NEUROEVO_ALLOWED_HOSTS"].split(","):
        yield f"the workers ask for {url.hostname}, and the server does not know that name"
    if not _leads(documents, url.hostname, url.port):
        yield f"the workers ask {url.netloc}, which no Service opens"
    ports = pod(documents, "Deployment/server").spec["containers"][0]["ports"]
    if settings["NEUROEVO_PORT"] not in {str(port["containerPort"]) for port in ports}:
        yield f"the server listens on {settings['NEUROEVO_PORT']}, which its container does not open"
    if settings["NEUROEVO_HOST"] != "0.0.0.0":
        yield f"the server listens on {settings['NEUROEVO_HOST']} alone"
    database = urlsplit(DATABASE.format(password="x"))
    if not _leads(documents, database.hostname, database.port):
        yield f"the database is at {database.netloc}, which no Service opens"
    container = pod(documents, "StatefulSet/postgres").spec["containers"][0]
    plain = {each["name"]: each.get("value") for each in container["env"]}
    if (plain.get("POSTGRES_USER"), f"/{plain.get('POSTGRES_DB')}") != (database.username, database.path):
        yield "Postgres makes another user or database than the address names"


def _leads(documents: list[Document], name: str | None, port: int | None) -> bool:
    return any(
        service["metadata"]["name"] == name and any(each["port"] == port for each in service["spec"]["ports"])
        for service in of_kind(documents, "Service")
    )
