"""The documents from which a policy is read."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app

CHAIN = {
    "format": "philox-1",
    "architecture": {"name": "mlp", "inputs": 4, "hidden": [8], "actions": 2, "box": False},
    "environment": {"id": "CartPole-v1", "options": {"max_steps": None}},
    "seeds": [1, 2, 3],
    "power": 0.05,
}
SECOND = CHAIN | {"seeds": [4]}
VIEW = {"policy": "ab", "document": CHAIN, "mean": 500.0}


def shown(document: Any, file: Path) -> Any:
    """What `policy show` tells of the document."""
    file.write_text(json.dumps(document))
    done = CliRunner().invoke(app, ["policy", "show", str(file), "--json"], catch_exceptions=False)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "document",
    [
        VIEW,
        [VIEW, {"document": SECOND}],
        {"items": [VIEW, {"document": SECOND}]},
        [CHAIN, SECOND],
        CHAIN | {"document": SECOND, "items": []},
    ],
    ids=["a policy", "policy list --json", "GET …/best", "chains", "a chain with further members"],
)
def test_a_policy_is_read_from_what_the_platform_writes_the_first_where_there_are_more(
    document: Any, tmp_path: Path
) -> None:
    assert shown(document, tmp_path / "best.json")["seeds"] == CHAIN["seeds"]
