"""What SECURITY.md promises is tested; what the code must never do it does not."""

import ast
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, TypeAdapter

from evolution.model import Value
from server.application import create_app
from server.live import Subscribe
from server.settings import Settings

ROOT = Path(__file__).parents[2]
PROMISES = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PACKAGES = ("evolution", "server", "worker", "exports", "cli", "migrations", "policies", "benchmarks", "load")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
UNPACKERS = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
"""Modules whose reading of a file or a message can run what stands in it."""


def test_each_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/.-]+\.py)::(\w+)`", PROMISES)
    assert len(named) > 20
    for file, name in named:
        path = ROOT / file
        assert path.is_file(), file
        assert re.search(rf"^(async )?def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{name}"


def test_every_promise_names_its_tests() -> None:
    promises = PROMISES.partition("## What is promised")[2].partition("\n## ")[0]
    rows = [row for row in promises.splitlines() if row.startswith("| ") and not row.startswith("| promise")]
    assert len(rows) > 8
    assert all("::" in row for row in rows)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_can_run(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported = {(node.module or "").partition(".")[0]}
        else:
            imported = set()
        assert not imported & UNPACKERS, f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


def test_every_request_refuses_unknown_fields_and_endless_numbers() -> None:
    app = create_app(Settings(database_url="postgresql://nobody@127.0.0.1/none"))
    routes = [each.original_route for each in iter_route_contexts(app.routes)]
    bodies = {body for route in routes if isinstance(route, APIRoute) for body in _bodies(route)}
    models = {body for body in bodies if isinstance(body, type) and issubclass(body, BaseModel)} | {Subscribe}
    assert len(models) > 8
    for model in models:
        assert issubclass(model, Value), model
        for schema in _objects(TypeAdapter(model).json_schema()):
            assert schema.get("additionalProperties") is not None, f"{model.__name__}: {schema.get('title')}"


def _bodies(route: APIRoute) -> list[object]:
    return [field.field_info.annotation for field in route.dependant.body_params]


def _objects(schema: dict[str, object]) -> list[dict[str, object]]:
    """The object schemas in it, each with what it says of fields that it does not name."""
    definitions = schema.get("$defs", {})
    assert isinstance(definitions, dict)
    return [each for each in (schema, *definitions.values()) if each.get("type") == "object"]
