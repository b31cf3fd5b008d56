"""`kubectl apply`, by kubectl itself: an upgrade changes what it should, and keeps what was filled and scaled."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.secret_keys import fill_secret
from tests.k8s.api_server import PATH, ApiServer, serving
from tests.k8s.manifests import FOLDER, SECRET, find, load
from tests.k8s.pod_rules import VERSION

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed here")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    account = tmp_path / "account"
    account.mkdir()
    shutil.copytree(FOLDER, tmp_path / "k8s")
    with serving(account) as server:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        yield server


def apply(cluster: ApiServer) -> list[str]:
    """`kubectl apply -f k8s/` of the folder beside the account's: a line for each document."""
    account = cluster.folder
    where = [f"--server=https://127.0.0.1:{cluster.port}", f"--certificate-authority={account / 'ca.crt'}"]
    who = [f"--token={(account / 'token').read_text()}", f"--cache-dir={account / 'cache'}", "--kubeconfig=/dev/null"]
    what = ["apply", "--validate=false", f"--filename={account.parent / 'k8s'}/"]
    done = subprocess.run(["kubectl", *where, *who, *what], check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def change(cluster: ApiServer, file: str, old: str, new: str) -> None:
    path = cluster.folder.parent / "k8s" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def values(cluster: ApiServer) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in cluster.objects[PATH].get("data", {}).items()}


def workers(cluster: ApiServer) -> dict[str, Any]:
    return cluster.objects["/apis/apps/v1/namespaces/neuroevolution/deployments/workers"]


def test_everything_is_made_in_its_order(cluster: ApiServer) -> None:
    lines = apply(cluster)
    assert len(lines) == len(load())
    assert all(line.endswith(" created") for line in lines)


def test_applying_twice_changes_nothing(cluster: ApiServer) -> None:
    apply(cluster)
    fill_secret(SECRET, cluster.folder, patience=0)
    filled, before = values(cluster), json.dumps(cluster.objects)
    assert len(filled) == 5

    assert all(line.endswith(" unchanged") for line in apply(cluster))
    assert json.dumps(cluster.objects) == before


def test_an_upgrade_changes_images_and_keeps_secrets_and_the_number_of_workers(cluster: ApiServer) -> None:
    apply(cluster)
    fill_secret(SECRET, cluster.folder, patience=0)
    filled = values(cluster)
    workers(cluster)["spec"]["replicas"] = 45  # kubectl scale
    cluster.patches.clear()
    for file in ("40-server.yaml", "50-workers.yaml"):
        change(cluster, file, f":{VERSION}", ":9.9.9")
    change(cluster, "11-secret.yaml", "  labels:\n", "  labels:\n    release: next\n")

    apply(cluster)

    assert [path.rpartition("/")[2] for path, _ in cluster.patches] == [SECRET, "server", "workers"]
    assert values(cluster) == filled
    assert cluster.objects[PATH]["metadata"]["labels"]["release"] == "next"
    assert workers(cluster)["spec"]["replicas"] == 45
    assert ":9.9.9" in json.dumps(workers(cluster)["spec"]["template"])


def test_a_managed_database_that_was_put_in_beforehand_stays(cluster: ApiServer) -> None:
    url = base64.b64encode(b"postgresql://me:secret@managed:5432/mine").decode()
    cluster.put("/api/v1/namespaces/neuroevolution", {"kind": "Namespace", "metadata": {"name": "neuroevolution"}})
    secret = find(load(), "Secret", SECRET) | {"data": {"database-url": url}}
    cluster.put(PATH, secret)

    apply(cluster)

    assert values(cluster) == {"database-url": "postgresql://me:secret@managed:5432/mine"}


def test_a_key_that_was_declared_empty_would_lose_what_was_filled(cluster: ApiServer) -> None:
    change(cluster, "11-secret.yaml", "type:", 'data:\n  token: ""\ntype:')
    apply(cluster)
    fill_secret(SECRET, cluster.folder, patience=0)
    apply(cluster)
    assert values(cluster)["token"] == ""
