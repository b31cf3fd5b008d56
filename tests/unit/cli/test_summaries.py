"""Runs in words."""

from typing import Any

from cli.output import dollars
from cli.summaries import describe_cost, describe_run, describe_runs
from server.views import RunCost
from tests.unit.cli.test_following import FROSTBITE, run

COST = RunCost(dollars=0.0123, forecast=1.5, score_per_dollar=81234.0)


def document(**changes: Any) -> dict[str, Any]:
    """A run as the server tells it."""
    shown: dict[str, Any] = run("k3f9x2", "running", FROSTBITE).model_dump(mode="json")
    return {**shown, "configuration": {"population": 5}, **changes}


def test_with_a_price_it_tells_dollars_forecast_and_score() -> None:
    assert dict(describe_cost(COST)) == {
        "cost": "$0.012",
        "forecast": "about $1.50 by its budget's end",
        "points a dollar": "81.2k",
    }
    assert "cost             $0.012\n" in describe_run(document(cost=COST.model_dump()))


def test_what_cannot_be_told_yet_is_left_out() -> None:
    assert describe_cost(RunCost(dollars=0.0, forecast=None, score_per_dollar=None)) == [("cost", "$0.00")]


def test_without_a_price_no_cost_is_told() -> None:
    assert "cost" not in describe_run(document())
    assert "cost" not in describe_runs([document()])


def test_a_list_tells_costs_once_a_run_has_one() -> None:
    header, priced, unpriced = describe_runs([document(cost=COST.model_dump()), document()]).splitlines()
    assert header.endswith("cost")
    assert priced.endswith("$0.012")
    assert unpriced.endswith("–")


def test_dollars_are_told_to_the_cent_or_in_two_digits() -> None:
    assert [dollars(value) for value in (None, 0.0, 0.0000123, 0.05, 0.5, 1.0, 1234.567)] == [
        "–",
        "$0.00",
        "$0.000012",
        "$0.050",
        "$0.50",
        "$1.00",
        "$1,234.57",
    ]
