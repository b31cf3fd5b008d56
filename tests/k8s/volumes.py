"""Volumes of a pod, as folders with the owners and rights that a cluster gives them."""

import os
from pathlib import Path

from tests.k8s.manifests import Document

SET_GROUP = 0o2000


def make_volume(folder: Path, volume: Document, group: int | None, account: Path) -> Path:
    """The volume in `folder`, or in the folder beside it that is its claim's; a claim's outlasts the pod.

    `group`: the pod's `fsGroup`; `account`: the files of a service account.
    """
    if "emptyDir" in volume:
        _folder(folder, 0o777, group)
    elif "projected" in volume:
        _folder(folder, 0o755, group)
        for name, content in _projected(volume["projected"], account).items():
            file = folder / name
            file.write_text(content)
            file.chmod(volume["projected"].get("defaultMode", 0o644))
            os.chown(file, 0, group or 0)
    else:
        _folder(folder, 0o775 if group else 0o755, group)
    return folder


def _folder(folder: Path, mode: int, group: int | None) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        os.chown(folder, 0, group or 0)
        folder.chmod(mode | (SET_GROUP if group else 0))


def _projected(projected: Document, account: Path) -> dict[str, str]:
    """Content by name; what a service account has lies under the names by which its own folder has it."""
    found = {}
    for source in projected["sources"]:
        ((kind, what),) = source.items()
        if kind == "serviceAccountToken":
            found[what["path"]] = (account / "token").read_text()
        elif kind == "configMap":
            found |= {item["path"]: (account / item["key"]).read_text() for item in what["items"]}
        else:
            fields = {"metadata.namespace": account / "namespace"}
            found |= {item["path"]: fields[item["fieldRef"]["fieldPath"]].read_text() for item in what["items"]}
    return found
