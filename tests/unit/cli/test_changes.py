"""`--set key=value`."""

import pytest

from cli.changes import parse_settings
from cli.errors import BadInput


def test_dots_make_groups_and_values_are_json() -> None:
    changes = parse_settings(["population=50", "budget.generations=20", "budget.frames=null", 'name="a"'])
    assert changes == {"population": 50, "budget": {"generations": 20, "frames": None}, "name": "a"}


def test_what_is_no_json_counts_as_text() -> None:
    changes = parse_settings(["architecture=mlp", "environment.id=CartPole-v1", "hidden=[32, 32]"])
    assert changes == {"architecture": "mlp", "environment": {"id": "CartPole-v1"}, "hidden": [32, 32]}


def test_the_last_of_two_values_counts() -> None:
    assert parse_settings(["population=50", "population=60"]) == {"population": 60}


def test_a_value_may_contain_the_equals_sign() -> None:
    assert parse_settings(["name=a=b"]) == {"name": "a=b"}


@pytest.mark.parametrize("setting", ["population", "=5", "budget.=5", ".frames=5", ""])
def test_what_is_no_setting_is_refused_with_an_example(setting: str) -> None:
    with pytest.raises(BadInput, match="key=value, such as --set population=100"):
        parse_settings([setting])


@pytest.mark.parametrize("settings", [["budget=5", "budget.frames=5"], ["budget.frames=5", "budget=5"]])
def test_a_name_cannot_be_a_value_and_a_group(settings: list[str]) -> None:
    with pytest.raises(BadInput, match="budget"):
        parse_settings(settings)
