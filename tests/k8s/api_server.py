"""A small API server that speaks with `kubectl` and with pods: it keeps what it is given and compares versions."""

import json
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tests.k8s.manifests import NAMESPACE, SECRET

TOKEN = "the-token-of-the-pod"
PATH = f"/api/v1/namespaces/{NAMESPACE}/secrets/{SECRET}"
KINDS = {
    "v1": {
        "Namespace": "namespaces",
        "ConfigMap": "configmaps",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "Secret": "secrets",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {"Deployment": "deployments", "StatefulSet": "statefulsets"},
    "batch/v1": {"CronJob": "cronjobs"},
    "networking.k8s.io/v1": {"NetworkPolicy": "networkpolicies"},
    "rbac.authorization.k8s.io/v1": {"Role": "roles", "RoleBinding": "rolebindings"},
    "scheduling.k8s.io/v1": {"PriorityClass": "priorityclasses"},
}
"""What it knows, by API version."""
CLUSTER_WIDE = ("Namespace", "PriorityClass")


def _discovery() -> dict[str, dict[str, Any]]:
    """What `kubectl` asks first: which kinds there are, and under which paths."""
    found: dict[str, dict[str, Any]] = {"/api": {"kind": "APIVersions", "versions": ["v1"]}}
    groups = []
    for version, kinds in KINDS.items():
        resources = [
            {"name": name, "singularName": "", "namespaced": kind not in CLUSTER_WIDE, "kind": kind, "verbs": ["get"]}
            for kind, name in kinds.items()
        ]
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        found[path] = {"kind": "APIResourceList", "groupVersion": version, "resources": resources}
        if "/" in version:
            group, number = version.split("/")
            named = {"groupVersion": version, "version": number}
            groups.append({"name": group, "versions": [named], "preferredVersion": named})
    return found | {"/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}}


DISCOVERY = _discovery()


class ApiServer:
    """Its objects by path; `asked`: methods and paths, in order; `patches`: what was changed, by path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.patches: list[tuple[str, dict[str, Any]]] = []
        self.before_patch: Callable[[], None] = lambda: None
        self.answer: tuple[int, str] | None = None
        self.port = 0
        self._version, self._lock = 0, Lock()

    def put(self, path: str, document: dict[str, Any]) -> None:
        """Keeps a document, under a version of its own."""
        self._version += 1
        document["metadata"]["resourceVersion"] = str(self._version)
        self.objects[path] = document

    def respond(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        """Status and document."""
        with self._lock:
            self.asked.append(f"{method} {path}")
            if token != f"Bearer {TOKEN}":
                return _status(401, "Unauthorized")
            if self.answer:
                return _status(*self.answer)
            if path in DISCOVERY:
                return 200, DISCOVERY[path]
            if method == "POST":
                return self._create(path, body)
            if method == "PATCH":
                self.before_patch()
            found = self.objects.get(path)
            if found is None:
                return _status(404, f"{path} not found")
            return self._change(path, found, body) if method == "PATCH" else (200, found)

    def _create(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        parts = path.split("/")
        if "namespaces" in parts[:-1] and "/".join(parts[:-1]) not in self._namespaces():
            return _status(404, f"there is no namespace for {path}")
        self.put(f"{path}/{body['metadata']['name']}", body)
        return 201, body

    def _namespaces(self) -> list[str]:
        names = [path.rpartition("/")[2] for path in self.objects if path.startswith("/api/v1/namespaces/")]
        prefixes = ["/api/v1", *(f"/apis/{version}" for version in KINDS if "/" in version)]
        return [f"{prefix}/namespaces/{name}" for prefix in prefixes for name in names]

    def _change(self, path: str, found: dict[str, Any], patch: dict[str, Any]) -> tuple[int, Any]:
        self.patches.append((path, patch))
        if patch.get("metadata", {}).get("resourceVersion") not in {None, found["metadata"]["resourceVersion"]}:
            return _status(409, "the object has been modified")
        self.put(path, merged(found, patch))
        return 200, self.objects[path]


def merged(document: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386) applied; strategic ones are the same where there are no lists."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif not key.startswith("$"):
            result[key] = merged(result.get(key), value)
    return result


@contextmanager
def serving(folder: Path, address: str = "127.0.0.1", port: int = 0) -> Iterator[ApiServer]:
    """Such a server, by default on a free port, with TLS; `folder` gets what a pod's service account has."""
    server = ApiServer(folder)
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj /CN=cluster -addext"
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "ca.crt")]
    subprocess.run(["openssl", *words.split(), f"subjectAltName=IP:{address}", *files], check=True, capture_output=True)
    (folder / "token").write_text(TOKEN)
    (folder / "namespace").write_text(NAMESPACE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.crt", folder / "key")
    with ThreadingHTTPServer((address, port), _handler(server)) as http:
        http.socket = context.wrap_socket(http.socket, server_side=True)
        server.port = http.server_address[1]
        thread = Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def _handler(server: ApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, token = self.path.partition("?")[0], self.headers.get("Authorization", "")
            status, document = server.respond(self.command, path, token, json.loads(content or b"null"))
            answer = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, *arguments: object) -> None:
            """Nobody reads it."""

    return Handler


def _status(code: int, message: str) -> tuple[int, dict[str, Any]]:
    reasons = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict"}
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return code, status | {"code": code, "reason": reasons.get(code, "InternalError")}
