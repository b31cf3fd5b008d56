"""What kustomize makes of an overlay, as far as ours go: resources, JSON patches and merge patches.

A test holds it against `kubectl kustomize` where that is installed; the rules hold its outcome everywhere.
"""

import copy
from pathlib import Path
from typing import Any

import yaml

from tests.k8s.api_server import merged
from tests.k8s.manifests import ROOT, Document, find, read

OVERLAYS = ROOT / "deploy" / "overlays"
NAMES = ("kustomization.yaml", "Kustomization")


def build(folder: Path) -> list[Document]:
    """The documents that `kubectl apply -k` of this folder applies.

    Raises:
        LookupError: a file, a patch's target or a place in it is not there.
    """
    (overlay,) = read(_overlay(folder))
    documents = [document for name in overlay["resources"] for document in _resource(folder / name)]
    for patch in overlay.get("patches", []):
        text = (folder / patch["path"]).read_text() if "path" in patch else patch["patch"]
        change = yaml.safe_load(text)
        target = patch.get("target") or {"kind": change["kind"], "name": change["metadata"]["name"]}
        document = find(documents, target["kind"], target["name"])
        if isinstance(change, list):
            for step in change:
                _take(document, step)
        elif change.get("$patch") == "delete":
            documents.remove(document)
        else:
            documents[documents.index(document)] = merged(document, change)
    return documents


def _overlay(folder: Path) -> Path:
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) != 1:
        raise LookupError(f"{folder} has {len(found)} overlays")
    return found[0]


def _resource(path: Path) -> list[Document]:
    if not path.exists():
        raise LookupError(f"there is no {path}")
    return build(path) if path.is_dir() else copy.deepcopy(read(path))


def _take(document: Document, step: Document) -> None:
    """One operation of a JSON patch (RFC 6902), on members that exist and on new ones of existing ones."""
    *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:])
    place: Any = document
    for part in parents:
        place = place[int(part) if isinstance(place, list) else part]
    key = int(last) if isinstance(place, list) else last
    if step["op"] != "add" and not (isinstance(place, list) or key in place):
        raise LookupError(f"{step['path']} is not there")
    if step["op"] == "remove":
        del place[key]
    else:
        place[key] = copy.deepcopy(step["value"])
