"""The images as far as they can be looked at without an engine: what they say, and their steps run on this machine."""

import json
import re
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from cli.ports import free_port
from tests.acceptance.conftest import clean_environment
from tests.acceptance.processes import until
from tests.k8s.images import copy_source, entering, install, instructions, last_stage
from tests.k8s.manifests import ROOT, load, pods

DOCKERFILES = sorted(ROOT.glob("docker/*.Dockerfile"))
SERVER, WORKER = (ROOT / "docker" / f"{name}.Dockerfile" for name in ("server", "worker"))
TOKEN = "a-token-of-the-test"
each_image = pytest.mark.parametrize("file", DOCKERFILES, ids=lambda path: path.stem)


@each_image
def test_its_bases_are_pinned_and_of_the_python_that_the_pins_are_tested_with(file: Path) -> None:
    bases = [each.text.split()[0] for each in instructions(file) if each.name == "FROM"]
    assert len(bases) == 2
    assert set(bases) == {"docker.io/library/python:3.11.14-slim-trixie"}
    assert sys.version_info[:2] >= (3, 11)


@each_image
def test_it_runs_as_nobody_in_particular_and_needs_no_shell(file: Path) -> None:
    last = last_stage(file)
    user, group = last["USER"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    for name in ("ENTRYPOINT", "CMD"):
        assert isinstance(json.loads(last[name]), list)
    assert "RUN" not in last
    check = last["HEALTHCHECK"]
    assert check == "NONE" or json.loads(check[check.index("[") :])[0] == "python"


@each_image
def test_it_has_the_user_and_the_command_of_the_manifests(file: Path) -> None:
    last, name = last_stage(file), file.stem.partition(".")[0]
    image = f"ghcr.io/neuroevolution/{name}:"
    ours = [(pod, each) for pod in pods(load()) for each in pod.containers if each["image"].startswith(image)]
    assert ours
    for pod, container in ours:
        context = pod.spec["securityContext"]
        assert last["USER"] == f"{context['runAsUser']}:{context['runAsGroup']}"
        assert [container["command"][0]] == json.loads(last["ENTRYPOINT"])
    main = ours[-1][1]["command"]
    assert main == [*json.loads(last["ENTRYPOINT"]), *json.loads(last["CMD"])]


def test_what_enters_is_there_and_has_no_secrets_tests_or_data() -> None:
    assert all(path.exists() for path in entering())
    assert not {path.name for path in entering()} & {"tests", "data", ".git", ".venv", "k8s"}


def test_every_folder_of_the_package_enters() -> None:
    packages = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert {name.split(".")[0] for name in packages} <= {path.name for path in entering()}


def test_compose_starts_the_same_images_as_unprivileged() -> None:
    services = yaml.safe_load(ROOT.joinpath("compose.yaml").read_text())["services"]
    used = {container["image"] for pod in pods(load()) for container in pod.containers}
    assert {service["image"] for service in services.values()} == used
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert int(str(service["user"]).split(":")[0]) > 0
        variables = service["environment"]
        secret = [name for name in variables if re.search("PASSWORD|TOKEN|DATABASE_URL", name)]
        assert all("${" in variables[name] for name in secret), variables


def test_compose_keeps_workers_from_the_database_and_the_world() -> None:
    document = yaml.safe_load(ROOT.joinpath("compose.yaml").read_text())
    networks = {name: set(service["networks"]) for name, service in document["services"].items()}
    assert not networks["worker"] & networks["postgres"]
    assert all(document["networks"][name]["internal"] for name in networks["worker"] | networks["postgres"])
    assert document["services"]["server"]["ports"] == ["127.0.0.1:8080:8080"]


def test_the_workflow_publishes_both_images_under_the_manifests_names() -> None:
    text = ROOT.joinpath(".github/workflows/release.yml").read_text()
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
    assert all(
        re.fullmatch(r"[\w.-]+/[\w.-]+(/[\w.-]+)*@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step
    )
    for name in ("server", "worker"):
        assert name in text
    assert "ghcr.io/neuroevolution/" in text


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image") / "source"
    copy_source(folder)
    return folder


@contextmanager
def running(venv: Path, home: Path, *words: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """A command of the image, in the environment that it sets."""
    environment = clean_environment(HOME=str(home), PYTHONDONTWRITEBYTECODE="1", **variables)
    environment["PATH"] = f"{venv / 'bin'}:/nowhere"
    with subprocess.Popen([str(venv / "bin" / "neuroevo"), *words], env=environment, cwd=home, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(30) == 0


def files_in(venv: Path) -> dict[str, int]:
    (site,) = venv.glob("lib/python*/site-packages")
    return {str(path): path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}


def test_both_images_install_start_and_work_together(source: Path, tmp_path: Path, database_url: str) -> None:
    venvs = {file: tmp_path / file.stem for file in DOCKERFILES}
    for file, venv in venvs.items():
        install(file, source, venv)
        assert not modules(venv) & {"torch", "cv2", "pytest"}
    assert not modules(venvs[SERVER]) & {"numba", "ale_py", "gymnasium"}
    assert not modules(venvs[WORKER]) & {"fastapi", "sqlalchemy", "plotly"}
    before = {file: files_in(venv) for file, venv in venvs.items()}
    home, port = tmp_path / "home", free_port("127.0.0.1", 0)
    home.mkdir()
    address = f"http://127.0.0.1:{port}"
    server = {"NEUROEVO_DATABASE_URL": database_url, "NEUROEVO_TOKEN": TOKEN, "NEUROEVO_PORT": str(port)}
    worker = {"NEUROEVO_SERVER": address, "NEUROEVO_TOKEN": TOKEN, "NUMBA_CACHE_DIR": str(home / "kernels")}
    with (
        running(venvs[SERVER], home, "server", "start", **server),
        running(venvs[WORKER], home, "worker", "start", "--slots", "1", **worker),
    ):
        until(lambda: answers(f"{address}/readyz"), 60)
        for path in ("/", "/docs", "/static/main.js", "/static/vendor/preact-htm.module.js", "/static/styles/base.css"):
            assert answers(f"{address}{path}"), path
        assert health_check(venvs[SERVER], port) == 0
        until(lambda: bool(workers(address)), 200)
    assert health_check(venvs[SERVER], port) != 0
    assert {file: files_in(venv) for file, venv in venvs.items()} == before


def modules(venv: Path) -> set[str]:
    (site,) = venv.glob("lib/python*/site-packages")
    return {path.name for path in site.iterdir()}


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def workers(address: str) -> list[object]:
    request = urllib.request.Request(f"{address}/api/v1/workers", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        found: list[object] = json.loads(answer.read())["items"]
        return found


def health_check(venv: Path, port: int) -> int:
    """The exit code of the server image's health check, at another port."""
    check = last_stage(SERVER)["HEALTHCHECK"]
    words = json.loads(check[check.index("[") :].replace(":8080", f":{port}"))
    return subprocess.run(
        [venv / "bin" / words[0], *words[1:]], check=False, capture_output=True, timeout=30
    ).returncode
