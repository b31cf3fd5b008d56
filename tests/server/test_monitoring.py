"""What the example dashboard and alert rules ask Prometheus for is what the server tells."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.server.player import Body, Worker

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"
METRIC = re.compile(r"\b((?:neuroevo|process)_\w+)(?:\{([^}]*)\})?")
BY = re.compile(r"\bby \(([^)]*)\)")
PAIR = re.compile(r'(\w+)="([^"]*)"')
UNANSWERED = [
    "rate(neuroevo_evaluation_total[5m])",
    'neuroevo_workers{status="idle"}',
    "sum by (run) (neuroevo_frames_total)",
]
Samples = dict[str, list[dict[str, str]]]
"""By a sample's name, the labels with which it is told."""


def dashboard() -> Iterator[tuple[str, str]]:
    """Each panel's title and what it asks."""
    for panel in json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def complaints(expression: str, told: Samples) -> list[str]:
    """What an expression asks for that nobody tells."""
    found, labels = [], set[str]()
    for name, selector in METRIC.findall(expression):
        labels |= {label for sample in told.get(name, []) for label in sample}
        wanted = dict(PAIR.findall(selector))
        if name not in told:
            found.append(f"there is no {name}")
        elif not any(wanted.keys() <= sample.keys() for sample in told[name]):
            found.append(f"{name} has no such labels: {selector}")
    grouped = {label.strip() for labels in BY.findall(expression) for label in labels.split(",")}
    return [*found, *(f"nothing in it has the label {label}" for label in sorted(grouped - labels))]


@pytest.fixture
async def told(client: httpx2.AsyncClient, worker: Worker, run: Body) -> Samples:
    """All samples of a server that has worked a little."""
    await worker.play(run["id"], lambda body: bool(body["state"] == "finished"))
    samples: Samples = {}
    for family in text_string_to_metric_families((await client.get("/metrics")).text):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append(sample.labels)
    return samples


async def test_the_dashboard_and_the_alerts_ask_for_what_the_server_tells(told: Samples) -> None:
    asked = [*dashboard(), *((rule["alert"], rule["expr"]) for rule in rules())]

    assert {name: found for name, expression in asked if (found := complaints(expression, told))} == {}
    assert all(METRIC.search(expression) for _, expression in asked)
    for unanswered in UNANSWERED:
        assert complaints(unanswered, told)


async def test_states_and_outcomes_that_alerts_name_exist(told: Samples) -> None:
    for rule in rules():
        for name, selector in METRIC.findall(rule["expr"]):
            for label, value in PAIR.findall(selector):
                known = {sample.get(label) for sample in told[name]}
                assert value in known or label == "status", f"{rule['alert']}: {name} is never told with {value}"


def test_every_alert_says_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description"}
