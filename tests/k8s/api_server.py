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
RESOURCES = {
    "kind": "APIResourceList",
    "groupVersion": "v1",
    "resources": [
        {
            "name": "secrets",
            "singularName": "",
            "namespaced": True,
            "kind": "Secret",
            "verbs": ["get", "patch", "create"],
        }
    ],
}
DISCOVERY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": RESOURCES,
}


class ApiServer:
    """Its objects by path; `asked`: methods and paths, in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
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
                path = f"{path}/{body['metadata']['name']}"
                self.put(path, body)
            if method == "PATCH":
                self.before_patch()
            found = self.objects.get(path)
            if found is None:
                return _status(404, f"{path} not found")
            if method == "PATCH":
                version = body.get("metadata", {}).get("resourceVersion")
                if version not in {None, found["metadata"]["resourceVersion"]}:
                    return _status(409, "the object has been modified")
                self.put(path, merged(found, body))
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
def serving(folder: Path) -> Iterator[ApiServer]:
    """Such a server on a free port, with TLS; `folder` gets what a pod's service account has."""
    server = ApiServer(folder)
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj /CN=cluster -addext"
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "ca.crt")]
    subprocess.run(["openssl", *words.split(), "subjectAltName=IP:127.0.0.1", *files], check=True, capture_output=True)
    (folder / "token").write_text(TOKEN)
    (folder / "namespace").write_text(NAMESPACE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.crt", folder / "key")
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(server)) as http:
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
