"""Probes, asked as the kubelet asks: from the node, at the pod's address, or by a program in the container."""

import http.client
import socket
import subprocess
from contextlib import closing

from tests.k8s.containers import Container
from tests.k8s.manifests import Document, Pod


def ask(probe: Document, pod: Pod, address: str, container: Container) -> str:
    """What is wrong; empty if all is well."""
    seconds = probe.get("timeoutSeconds", 1)
    try:
        if "exec" in probe:
            done = container.execute(probe["exec"]["command"], seconds)
            return f"{probe['exec']['command'][0]} ended with {done.returncode}" if done.returncode else ""
        if "tcpSocket" in probe:
            socket.create_connection((address, container_port(pod, probe["tcpSocket"]["port"])), seconds).close()
            return ""
        asked = probe["httpGet"]
        port = container_port(pod, asked["port"])
        with closing(http.client.HTTPConnection(address, port, timeout=seconds)) as connection:
            connection.request("GET", asked["path"])
            with connection.getresponse() as answer:
                status = answer.status
    except (OSError, LookupError, subprocess.TimeoutExpired) as error:
        return str(error)
    else:
        return "" if status in range(200, 400) else f"{asked['path']} answers {status}"


def container_port(pod: Pod, wanted: str | int) -> int:
    """The number of a container's port that is told by name or by number.

    Raises:
        LookupError: no port of the pod has this name.
    """
    if isinstance(wanted, int):
        return wanted
    named = {port["name"]: port["containerPort"] for each in pod.containers for port in each.get("ports", [])}
    if wanted not in named:
        raise LookupError(f"no port is named {wanted}")
    return int(named[wanted])
