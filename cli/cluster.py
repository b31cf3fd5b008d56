"""The Kubernetes cluster that this pod is in, as far as a Secret goes: read it, add to it."""

import os
import ssl
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from cli.errors import CommandError

ANSWER_SECONDS = 10.0
REASONS = {
    401: "the token of the pod's service account is not accepted: has the account been made anew? Restart the pod",
    403: "the service account may not do so: apply the Role and RoleBinding of k8s/12-accounts.yaml",
    404: "there is no such Secret: apply k8s/11-secret.yaml first",
}


class NotInCluster(CommandError):
    """This process is in no pod with a service account: run it as k8s/40-server.yaml does."""


class ClusterRefused(CommandError):
    """The cluster understood and refused."""

    exit_code = 8


class NotAnswering(Exception):
    """The cluster's API server cannot be reached, or cannot answer now: ask again."""


class Changed(Exception):
    """Somebody else changed the Secret meanwhile: read it again."""


class Secret(NamedTuple):
    """A Secret as it was read. `version`: what the cluster compares before it takes a change."""

    name: str
    version: str
    values: dict[str, str]


class Cluster:
    """The API server, asked in the pod's name, until it is closed."""

    def __init__(self, account: Path) -> None:
        """`account`: the folder with `token`, `ca.crt` and `namespace`.

        Raises:
            NotInCluster: it is not there, or the cluster's address is not in the environment.
        """
        try:
            host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
            token = (account / "token").read_text().strip()
            self._namespace = (account / "namespace").read_text().strip()
            trusted = ssl.create_default_context(cafile=str(account / "ca.crt"))
        except KeyError as error:
            raise NotInCluster(f"{error.args[0]} is not set: this is no pod of a Kubernetes cluster") from None
        except OSError as error:
            raise NotInCluster(f"{account} has no whole service account ({error.strerror}): mount one there") from None
        self._url = f"https://{f'[{host}]' if ':' in host else host}:{port}"
        self._client = httpx2.Client(
            base_url=self._url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS,
            verify=trusted,
            trust_env=False,
        )

    def read(self, name: str) -> Secret:
        """The Secret.

        Raises:
            ClusterRefused: it is not there, or may not be read.
            NotAnswering: nobody knows.
        """
        document = self._request("GET", name)
        values = {key: b64decode(value).decode() for key, value in (document.get("data") or {}).items()}
        return Secret(name, document["metadata"]["resourceVersion"], values)

    def add(self, secret: Secret, values: Mapping[str, str]) -> None:
        """Adds values to the Secret, all or none, if it is still as it was read.

        Raises:
            Changed: it is not.
            ClusterRefused, NotAnswering: as `read`.
        """
        added = {key: b64encode(value.encode()).decode() for key, value in values.items()}
        self._request(
            "PATCH",
            secret.name,
            headers={"Content-Type": "application/merge-patch+json"},
            json={"metadata": {"resourceVersion": secret.version}, "data": added},
        )

    def close(self) -> None:
        """Asks no more."""
        self._client.close()

    def _request(self, method: str, name: str, **options: Any) -> Any:
        path = f"/api/v1/namespaces/{self._namespace}/secrets/{name}"
        try:
            response = self._client.request(method, path, **options)
        except httpx2.TransportError as error:
            reason = str(error) or type(error).__name__
            raise NotAnswering(f"the cluster's API server does not answer at {self._url} ({reason})") from None
        status = response.status_code
        if status == 409:
            raise Changed(f"Secret {name} is changed by others all the time: {_told(response)}")
        if status == 429 or status >= 500:
            raise NotAnswering(f"the cluster's API server cannot answer now: {_told(response)}")
        if not response.is_success:
            raise ClusterRefused(f"Secret {name}: {REASONS.get(status, 'the cluster refuses')} ({_told(response)})")
        return response.json()


def _told(response: httpx2.Response) -> str:
    """The message of a Status, else the bare number."""
    try:
        return f"{response.status_code}: {response.json()['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.reason_phrase}"
