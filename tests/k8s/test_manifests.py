"""The manifests are what Kubernetes takes and keep to the rules; each mutant of them is found out."""

from collections.abc import Callable

import kubernetes_validate
import pytest

from tests.k8s.manifests import FOLDER, Document, load, of_kind, read, title
from tests.k8s.mutants import MUTANTS
from tests.k8s.rules import complaints

VERSIONS = ("1.31", "1.34", "1.37")
"""Of Kubernetes: the oldest that clouds still run, and the newest whose schemas there are."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", load(), ids=title)
def test_kubernetes_takes_each_document(document: Document, version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_the_manifests_keep_to_the_rules() -> None:
    assert complaints(load()) == []


def test_the_base_of_the_overlays_has_every_file_and_apply_skips_it() -> None:
    (base,) = read(FOLDER / "Kustomization")
    assert base["resources"] == sorted(path.name for path in FOLDER.glob("*.yaml"))
    assert {path.name for path in FOLDER.iterdir()} == {*base["resources"], "Kustomization"}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS.keys())
def test_each_mutant_is_found_out(change: Callable[[list[Document]], object]) -> None:
    documents = load()
    change(documents)
    assert complaints(documents) != []


def test_the_secret_has_no_key_that_applying_again_could_reset() -> None:
    (secret,) = of_kind(load(), "Secret")
    assert secret.keys() == {"apiVersion", "kind", "metadata", "type"}
