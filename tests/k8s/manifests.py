"""The manifests as they are applied, and what a cluster makes of them: pods, containers, environment, quantities."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "k8s"
NAMESPACE = "neuroevolution"
SECRET = "neuroevolution"
UNITS = {unit: Decimal(1000) ** power for power, unit in enumerate(("m", "", "k", "M", "G", "T"), start=-1)}
UNITS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGT", start=1)}
REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")

Document = dict[str, Any]


class Pod(NamedTuple):
    """What a workload starts. `owner`: its kind and name."""

    owner: str
    labels: dict[str, str]
    spec: Document

    @property
    def containers(self) -> list[Document]:
        """All of them, in the order in which they start."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def volumes(self) -> dict[str, Document]:
        """By name."""
        return {volume["name"]: volume for volume in self.spec.get("volumes", [])}


def load(folder: Path = FOLDER) -> list[Document]:
    """What `kubectl apply -f` reads, in its order. Every call gives documents of its own."""
    files = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml", ".json"})
    return [document for file in files for document in read(file)]


def read(file: Path) -> list[Document]:
    """A file's documents; what YAML shares by anchors is written out."""
    return [_written_out(document) for document in _parsed(file) if document]


@cache
def _parsed(file: Path) -> tuple[Document, ...]:
    return tuple(yaml.safe_load_all(file.read_text()))


def title(document: Document) -> str:
    """Its kind and name."""
    return f"{document['kind']}/{document['metadata']['name']}"


def of_kind(documents: list[Document], *kinds: str) -> list[Document]:
    """Those of some kinds."""
    return [document for document in documents if document["kind"] in kinds]


def find(documents: list[Document], kind: str, name: str) -> Document:
    """The one of this kind and name.

    Raises:
        LookupError: there is none.
    """
    for document in of_kind(documents, kind):
        if document["metadata"]["name"] == name:
            return document
    raise LookupError(f"there is no {kind}/{name}")


def pod_template(document: Document) -> Document | None:
    """The template of a workload's pods; None of anything else."""
    if document["kind"] == "CronJob":
        template = document["spec"]["jobTemplate"]["spec"]["template"]
    elif document["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job"}:
        template = document["spec"]["template"]
    else:
        return None
    return dict(template)


def pods(documents: list[Document]) -> list[Pod]:
    """One pod of each workload. A StatefulSet's claims are volumes of its pods."""
    found = []
    for document in documents:
        template = pod_template(document)
        if template:
            claims = document["spec"].get("volumeClaimTemplates", [])
            volumes = [{"name": claim["metadata"]["name"], "claim": claim} for claim in claims]
            spec = template["spec"] | {"volumes": [*template["spec"].get("volumes", []), *volumes]}
            found.append(Pod(title(document), template.get("metadata", {}).get("labels", {}), spec))
    return found


def pod(documents: list[Document], owner: str) -> Pod:
    """The pod of the workload with this title, such as `Deployment/server`."""
    return next(pod for pod in pods(documents) if pod.owner == owner)


def matches(selector: Document, labels: Mapping[str, str]) -> bool:
    """Whether a label selector, with `matchLabels` and `matchExpressions`, selects these labels."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def environment(
    container: Document, documents: list[Document], secrets: Mapping[str, str], fields: Mapping[str, str]
) -> dict[str, str]:
    """What the container's process finds in its environment.

    `secrets`: the Secret's keys with their values; `fields`: the downward API's, such as `metadata.name`.

    Raises:
        LookupError: a ConfigMap, a key or a field that is asked for is not there.
    """
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= find(documents, "ConfigMap", source["configMapRef"]["name"])["data"]
    for variable in container.get("env", []):
        found[variable["name"]] = expand(_value(variable, documents, secrets, fields), found)
    return found


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The text with each `$(NAME)` of a known variable replaced, as the kubelet does in commands and values."""
    return REFERENCE.sub(lambda found: variables.get(found[1], found[0]), text)


def quantity(text: object) -> Decimal:
    """A quantity in units of one: cores, bytes.

    Raises:
        ValueError: it is none, such as `256Mo`.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", str(text))
    if found is None or found[2] not in UNITS:
        raise ValueError(f"{text} is no quantity")
    return Decimal(found[1]) * UNITS[found[2]]


def quantities(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Everything in a document that must be a quantity, with its place."""
    if isinstance(value, dict):
        for key, part in value.items():
            here = f"{path}.{key}"
            is_amount = re.search(r"\.(limits|requests)$", path) or key == "sizeLimit"
            yield from [(here, part)] if is_amount else quantities(part, here)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from quantities(part, f"{path}[{index}]")


def _value(variable: Document, documents: list[Document], secrets: Mapping[str, str], fields: Mapping[str, str]) -> str:
    if "valueFrom" not in variable:
        return str(variable["value"])
    ((kind, reference),) = variable["valueFrom"].items()
    if kind == "secretKeyRef":
        find(documents, "Secret", reference["name"])
        return secrets[reference["key"]]
    if kind == "configMapKeyRef":
        return str(find(documents, "ConfigMap", reference["name"])["data"][reference["key"]])
    return fields[reference["fieldPath"]]


def _holds(expression: Document, labels: Mapping[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values", [])
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[operator]


def _written_out(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _written_out(part) for key, part in value.items()}
    return [_written_out(part) for part in value] if isinstance(value, list) else value
