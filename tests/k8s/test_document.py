"""docs/deploy.md names what there is: commands, options, objects, overlays, versions."""

import re

import kubernetes_validate
import pytest

from benchmarks.billion import billion_frames
from tests.k8s.commands import command_of
from tests.k8s.manifests import ROOT, find, load, read
from tests.k8s.overlays import OVERLAYS
from tests.k8s.pod_rules import VERSION, privilege_complaints, resource_complaints, volume_complaints
from tests.k8s.test_manifests import VERSIONS

DOCUMENT = ROOT.joinpath("docs", "deploy.md").read_text(encoding="utf-8")
KINDS = {
    "deploy": "Deployment",
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "service": "Service",
    "secret": "Secret",
    "cronjob": "CronJob",
}
KUBECTL = "\n".join(re.findall(r"kubectl (?!apply)[^`\n]*", DOCUMENT))
OBJECTS = sorted(set(re.findall(rf"\b({'|'.join(KINDS)})[/ ](\w+)", KUBECTL)) - {("secret", "generic")})
COMMANDS = sorted(set(re.findall(r"(?m)(?:^|-- |server )(neuroevo [a-z].*)$", DOCUMENT)))


@pytest.mark.parametrize(("kind", "name"), OBJECTS)
def test_each_object_that_it_names_is_in_the_manifests(kind: str, name: str) -> None:
    assert find(load(), KINDS[kind], name)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_exists_with_its_options(line: str) -> None:
    command = command_of(line.split()[1:])
    assert command is not None
    options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    assert set(re.findall(r"--[a-z-]+", line)) <= options


def test_it_names_enough_to_be_worth_a_look() -> None:
    assert {kind for kind, _ in OBJECTS} >= {"deploy", "deployment", "service", "cronjob", "statefulset"}
    assert len(COMMANDS) >= 2


def test_it_tells_of_each_overlay() -> None:
    rows = re.findall(r"(?m)^\| `(\w+)` \| (?!.*MB)", DOCUMENT.split("## Overlays")[1].split("## Nodes")[0])
    assert sorted(rows) == sorted(path.name for path in OVERLAYS.iterdir())


def test_every_file_that_it_names_is_there() -> None:
    paths = re.findall(
        r"(?<![\w/.])((?:k8s|deploy/overlays|docs|docker|\.github)/[\w./-]*\.[a-z]+|deploy/[\w-]+\.yaml)", DOCUMENT
    )
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_it_names_this_release_and_the_versions_of_kubernetes_that_are_tested() -> None:
    assert set(re.findall(r":(\d+\.\d+\.\d+)\b", DOCUMENT)) - {"3.11.14"} == {VERSION}
    assert f"Kubernetes {', '.join(VERSIONS[:-1])} and {VERSIONS[-1]}" in DOCUMENT


def test_the_pod_that_looks_into_the_backups_keeps_to_the_rules() -> None:
    (document,) = read(ROOT / "deploy" / "backups.yaml")
    kubernetes_validate.validate(document, VERSIONS[-1], strict=True)
    workload = {"kind": "Job", "metadata": document["metadata"], "spec": {"template": document}}
    documents = [*load(), workload]
    for rule in (privilege_complaints, resource_complaints, volume_complaints):
        assert list(rule(documents)) == []


def test_the_costs_follow_from_the_measured_pace_and_the_ancestors_price() -> None:
    measured = ROOT.joinpath("docs", "performance.md").read_text(encoding="utf-8")
    both_cores = measured.split("| a process on each of both cores")[1]
    ratio = float(re.findall(r"\*\*ours\*\* \|[^|]*\| \*\*([\d.]+)\*\*", both_cores)[0])
    (bare,) = re.findall(r"in one process \(([\d,]+) in each of two\)", measured)
    pace = {"uber-large": {"frames_per_second": ratio * int(bare.replace(",", ""))}}
    hours = round(billion_frames(pace, None)["uber-large"]["core_hours"])
    low, high = 4.80 / 180, 7.30 / 180
    rows = [("Such et al. 2018, CPUs", 720, 768), ("cshenton/neuroevolution", 900, 900)]
    for name, least, most in [*rows, ("here, `uber-large`", hours, hours)]:
        taken = f"{least}" if least == most else f"{least} to {most}"
        prices = f"${least * low:.2f} to ${most * high:.2f}"
        (row,) = [line for line in DOCUMENT.splitlines() if line.startswith(f"| {name} |")]
        assert [cell.strip() for cell in row.split("|")[2:4]] == [taken, prices]
    assert f"${low:.3f} to ${high:.3f} a core-hour" in DOCUMENT
