"""Run configurations: presets, limits, errors beside their fields, and a schema that documents every field."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from evolution.configuration import (
    PRESETS,
    Budget,
    Preset,
    RunConfiguration,
    preset_configuration,
)
from evolution.environments import AtariOptions, Environment, VectorOptions
from evolution.model import Value
from evolution.presets import PRESET_TEXTS


def refusals(preset: Preset, **changes: Any) -> dict[str, str]:
    """Messages by field, of a configuration that must be refused."""
    with pytest.raises(ValidationError) as caught:
        preset_configuration(preset, **changes)
    return {".".join(map(str, error["loc"])): error["msg"] for error in caught.value.errors()}


def test_the_papers_settings_are_those_of_the_paper() -> None:
    paper = preset_configuration("paper")
    assert (paper.population, paper.parents, paper.mutation_power, paper.episodes) == (1000, 20, 0.002, 1)
    assert (paper.candidates, paper.validation_episodes, paper.test_episodes) == (10, 30, 200)
    assert (paper.architecture, paper.algorithm) == ("uber-large", "generational")
    assert paper.environment.settings == AtariOptions(sticky_actions=0, max_steps=5000, frame_skip=4)


def test_the_ancestors_settings_are_block_free() -> None:
    ancestor = preset_configuration("cshenton")
    assert (ancestor.algorithm, ancestor.population, ancestor.parents) == ("block-free", 5000, 50)
    assert (ancestor.mutation_power, ancestor.candidates) == (0.005, 0)


def test_the_laptops_settings_use_sticky_actions_and_cut_idle_episodes_short() -> None:
    laptop = preset_configuration("laptop")
    assert (laptop.population, laptop.parents, laptop.mutation_power) == (200, 10, 0.005)
    assert (laptop.candidates, laptop.validation_episodes) == (5, 10)
    assert laptop.architecture == "nature-dqn"
    assert laptop.environment.settings == AtariOptions(sticky_actions=0.25, max_steps=1200)


def test_the_quick_run_ends_at_the_environments_mark_of_success() -> None:
    quick = preset_configuration("quick")
    assert (quick.environment.id, quick.architecture) == ("CartPole-v1", "mlp")
    assert quick.budget == Budget(target_score=475, generations=100)


def test_the_quick_run_is_too_small_to_succeed_by_its_first_random_networks() -> None:
    quick = preset_configuration("quick")
    assert (quick.population, quick.parents, quick.mutation_power, quick.hidden) == (16, 4, 0.01, [16])


def test_every_preset_is_whole_and_has_words_for_people() -> None:
    assert set(PRESETS) == set(PRESET_TEXTS) == set(get_args(Preset))
    for preset in PRESETS:
        configuration = preset_configuration(preset)
        assert RunConfiguration.model_validate_json(configuration.model_dump_json()) == configuration
        assert PRESET_TEXTS[preset].title
        assert PRESET_TEXTS[preset].description.endswith(".")


def test_a_preset_is_editable() -> None:
    assert preset_configuration("quick", population=10, parents=2).population == 10


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"population": 0}, "population", "greater than or equal to 2"),
        ({"population": 10**9}, "population", "less than or equal to 100000"),
        ({"parents": 17}, "parents", "parents (17) cannot exceed population (16): lower parents or raise population"),
        ({"candidates": 17}, "candidates", "candidates (17) cannot exceed population (16)"),
        ({"candidates": 1}, "candidates", "a single candidate would stay the elite for ever"),
        ({"mutation_power": float("nan")}, "mutation_power", "finite"),
        ({"mutation_power": -1}, "mutation_power", "greater than or equal to 0"),
        ({"seed": 2**32}, "seed", "less than or equal to 4294967295"),
        ({"hidden": [0]}, "hidden.0", "greater than or equal to 1"),
        ({"architecture": "resnet"}, "architecture", "'uber-large', 'nature-dqn' or 'mlp'"),
        ({"budget": {"frames": 0}}, "budget.frames", "greater than or equal to 1"),
        ({"popluation": 3}, "popluation", "Extra inputs are not permitted"),
    ],
)
def test_an_error_stands_beside_its_field(changes: dict[str, Any], field: str, said: str) -> None:
    messages = refusals("quick", **changes)
    assert list(messages) == [field]
    assert said in messages[field]


def test_a_block_free_run_only_evaluates() -> None:
    messages = refusals("cshenton", candidates=5, test_episodes=3, episodes=2)
    assert set(messages) == {"candidates", "test_episodes", "episodes"}
    assert all("block-free" in message for message in messages.values())


def test_sizes_may_be_as_large_as_the_population() -> None:
    assert preset_configuration("quick", population=5, parents=5, candidates=5).parents == 5


def test_options_are_written_out_with_their_defaults() -> None:
    assert Environment(id="ALE/Pong-v5").options == {
        "sticky_actions": 0.25,
        "frame_skip": 4,
        "max_steps": 5000,
        "minimal_actions": True,
    }
    assert Environment(id="CartPole-v1").options == {"max_steps": None}


def test_options_of_another_family_are_refused() -> None:
    with pytest.raises(ValidationError, match="sticky_actions"):
        Environment(id="CartPole-v1", options={"sticky_actions": 0.25})


def schema_fields(model: type[Value]) -> Iterator[tuple[str, dict[str, Any]]]:
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        definition = schema["$defs"][field["$ref"].removeprefix("#/$defs/")] if "$ref" in field else {}
        yield f"{model.__name__}.{name}", definition | field


@pytest.mark.parametrize("model", [RunConfiguration, Budget, AtariOptions, VectorOptions, Environment])
def test_every_field_has_title_help_source_and_a_unit_if_it_is_a_quantity(model: type[Value]) -> None:
    for name, field in schema_fields(model):
        assert {"title", "description", "source"} <= set(field), name
        assert field["description"].endswith("."), name
        kinds = {kind.get("type") for kind in field.get("anyOf", [field])}
        assert "unit" in field or not kinds & {"integer", "number"}, name
