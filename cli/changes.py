"""Changes to a configuration as they are typed: `--set budget.generations=20`."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from cli.errors import BadInput


def parse_settings(settings: Iterable[str]) -> dict[str, Any]:
    """`["budget.generations=20", "architecture=mlp"]` as nested JSON values; what is no JSON counts as a text.

    Raises:
        BadInput: no `=`, an empty name, or a name that is both a value and a group.
    """
    changes: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        names = key.strip().split(".")
        if not equals or not all(names):
            raise BadInput(f"--set {setting}: write it as key=value, such as --set population=100")
        _put(changes, names, _value(text), setting)
    return changes


def _put(changes: dict[str, Any], names: list[str], value: Any, setting: str) -> None:
    *groups, last = names
    for name in groups:
        changes = changes.setdefault(name, {})
        if not isinstance(changes, dict):
            raise BadInput(f"--set {setting}: {name} has been given a value already")
    if isinstance(changes.get(last), dict) and not isinstance(value, dict):
        raise BadInput(f"--set {setting}: fields of {last} have been given already")
    changes[last] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text


def _refuse(constant: str) -> NoReturn:
    """NaN and infinities, which Python reads, are no JSON."""
    raise ValueError(constant)
