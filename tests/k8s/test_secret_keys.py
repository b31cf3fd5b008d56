"""The Secret is filled once, at random, and nothing that is in it is ever lost: not by another pod, not by kubectl."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from cli.cluster import ClusterRefused, NotInCluster
from cli.secret_keys import SecretNotFilled, fill_secret, missing_keys
from tests.k8s.api_server import PATH, ApiServer, serving
from tests.k8s.manifests import SECRET, find, load


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    with serving(tmp_path) as server:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        server.put(PATH, find(load(), "Secret", SECRET) | {"metadata": {"name": SECRET}})
        yield server


def values(cluster: ApiServer) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in cluster.objects[PATH].get("data", {}).items()}


def give(cluster: ApiServer, **data: str) -> None:
    encoded = {key.replace("_", "-"): base64.b64encode(value.encode()).decode() for key, value in data.items()}
    cluster.put(PATH, cluster.objects[PATH] | {"data": encoded})


def test_an_empty_secret_is_filled_with_different_long_secrets(cluster: ApiServer) -> None:
    fill_secret(SECRET, cluster.folder, patience=0)

    filled = values(cluster)
    url = make_url(filled["database-url"])
    assert filled.keys() == {"token", "worker-token", "viewer-token", "database-password", "database-url"}
    assert url.password == filled["database-password"]
    drawn = [filled[key] for key in filled if key != "database-url"]
    assert len(set(drawn)) == 4
    assert min(len(secret) for secret in drawn) >= 43


def test_filling_again_changes_nothing(cluster: ApiServer, capsys: pytest.CaptureFixture[str]) -> None:
    fill_secret(SECRET, cluster.folder, patience=0)
    before = json.dumps(cluster.objects)
    fill_secret(SECRET, cluster.folder, patience=0)

    assert json.dumps(cluster.objects) == before
    printed = capsys.readouterr().out
    assert printed.splitlines()[1] == "neuroevolution: nothing is missing"
    assert not any(secret in printed for secret in values(cluster).values())


def test_what_the_user_gave_is_kept(cluster: ApiServer) -> None:
    give(cluster, token="my own token", other="thing", worker_token="")
    fill_secret(SECRET, cluster.folder, patience=0)

    assert (values(cluster)["token"], values(cluster)["other"]) == ("my own token", "thing")
    assert values(cluster)["worker-token"]


def test_who_gives_a_managed_database_gets_no_password_for_another_one(cluster: ApiServer) -> None:
    give(cluster, database_url="postgresql://me:secret@managed:5432/mine")
    fill_secret(SECRET, cluster.folder, patience=0)

    assert values(cluster)["database-url"] == "postgresql://me:secret@managed:5432/mine"
    assert "database-password" not in values(cluster)


def test_a_password_of_any_characters_is_escaped_in_the_address() -> None:
    url = missing_keys({"database-password": "a/b@c:d%"}, lambda: "x")["database-url"]
    assert make_url(url).password == "a/b@c:d%"


def test_of_two_that_fill_at_once_the_second_keeps_what_the_first_filled(cluster: ApiServer) -> None:
    def overtake() -> None:
        cluster.before_patch = lambda: None
        give(cluster, token="the first one's")

    cluster.before_patch = overtake
    fill_secret(SECRET, cluster.folder, patience=30)

    assert values(cluster)["token"] == "the first one's"
    assert [line.split()[0] for line in cluster.asked] == ["GET", "PATCH", "GET", "PATCH"]


@pytest.mark.parametrize(
    ("answer", "error", "advice"),
    [
        ((403, "secrets is forbidden"), ClusterRefused, "k8s/12-accounts.yaml"),
        ((404, "not found"), ClusterRefused, "k8s/11-secret.yaml"),
        ((401, "Unauthorized"), ClusterRefused, "Restart the pod"),
        ((500, "etcd is away"), SecretNotFilled, "cannot answer now: 500: etcd is away"),
        ((409, "modified"), SecretNotFilled, "changed by others all the time"),
    ],
)
def test_each_refusal_says_what_to_do(
    cluster: ApiServer, answer: tuple[int, str], error: type[Exception], advice: str
) -> None:
    cluster.answer = answer
    with pytest.raises(error, match=advice):
        fill_secret(SECRET, cluster.folder, patience=0)


def test_a_cluster_with_another_certificate_is_told_no_token(cluster: ApiServer, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with serving(other):
        pass
    with pytest.raises(SecretNotFilled, match="certificate"):
        fill_secret(SECRET, other, patience=0)
    assert cluster.asked == []


def test_outside_a_cluster_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(NotInCluster, match="no pod"):
        fill_secret(SECRET, tmp_path, patience=0)
