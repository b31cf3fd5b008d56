"""What is remembered of what workers tell of environments."""

import pytest
from pydantic import ValidationError

from evolution.environments import DiscreteActions, Environment, EnvironmentDescription
from server.service import descriptions
from server.service.descriptions import PROBLEM_LENGTH, Descriptions


def told(id: str, problem: str | None = None) -> EnvironmentDescription:
    return EnvironmentDescription(
        environment=Environment(id=id),
        engine="e",
        observation_shape=[4],
        actions=DiscreteActions(n=2),
        frames_per_second=50,
        deterministic=True,
        architectures=["mlp"],
        problem=problem,
    )


def test_of_ever_more_descriptions_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptions, "MOST_KEPT", 3)
    known = Descriptions()
    known.learn([told("first"), told("second"), told("third")])
    known.learn([told("first", "It broke")])
    known.learn([told("fourth")])

    found = {id: known.find(Environment(id=id), "e") for id in ("first", "second", "third", "fourth")}
    assert [id for id, description in found.items() if description] == ["first", "third", "fourth"]
    assert known.trouble("first", "e") == "It broke"


def test_a_long_problem_is_cut() -> None:
    known = Descriptions()
    known.learn([told("a", "x" * 2 * PROBLEM_LENGTH)])
    found = known.find(Environment(id="a"), "e")
    assert found is not None
    assert found.problem == "x" * PROBLEM_LENGTH


@pytest.mark.parametrize(
    "change",
    [
        {"observation_shape": [1] * 9},
        {"observation_shape": [-1]},
        {"observation_shape": [10**300]},
        {"architectures": ["a"] * 101},
        {"actions": {"kind": "discrete", "n": 10**30}},
        {"actions": {"kind": "discrete", "n": 2, "meanings": ["a"] * 1001}},
        {"actions": {"kind": "box", "low": [0.0] * 1001, "high": [1.0]}},
    ],
)
def test_a_description_has_bounds(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EnvironmentDescription.model_validate(told("a").model_dump(mode="json") | change)
