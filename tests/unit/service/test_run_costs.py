"""What a run has cost, and what it may come to."""

import pytest

from server.service.run_costs import cost_run
from server.storage.costs import UNSPENT, Spent
from server.views import RunCost

BUDGET = {"generations": 10, "frames": 1000, "seconds": None, "target_score": 50.0}
HOUR = 3600.0


def cost(
    spent: Spent, used: dict[str, float], budget: dict[str, float | None] = BUDGET, **more: float | None
) -> RunCost:
    found = cost_run(spent, more.get("price"), used, budget, more.get("best"))
    assert found is not None
    return found


def test_where_nobody_told_a_price_no_cost_is_told() -> None:
    assert cost_run(Spent(unpriced_seconds=2 * HOUR), None, {"frames": 500}, BUDGET, 100.0) is None


def test_the_servers_price_is_that_of_workers_without_one() -> None:
    spent = Spent(unpriced_seconds=2 * HOUR, paid=0.5)
    assert cost(spent, {}, price=3.0).dollars == 6.5
    assert cost(spent, {}).dollars == 0.5
    assert cost(UNSPENT, {}, price=0.0).dollars == 0.0


def test_the_forecast_goes_by_the_limit_that_is_nearest() -> None:
    spent = Spent(paid=0.5)
    assert cost(spent, {"frames": 500, "generations": 1}).forecast == pytest.approx(1.0)
    assert cost(spent, {"frames": 100, "generations": 2.5}).forecast == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("paid", "used", "budget"),
    [
        (1.0, {}, BUDGET),
        (1.0, {"frames": 0}, BUDGET),
        (1.0, {"frames": 5}, {"frames": None, "target_score": 50.0}),
    ],
    ids=["ended", "nothing played", "no limit but a score"],
)
def test_a_forecast_that_cannot_be_made_is_none(
    paid: float, used: dict[str, float], budget: dict[str, float | None]
) -> None:
    assert cost(Spent(paid=paid), used, budget).forecast is None


def test_before_anything_is_stored_nothing_is_forecast() -> None:
    assert cost(UNSPENT, {"frames": 5}, price=1.0).forecast is None


def test_what_is_past_its_budget_costs_no_less_than_it_did() -> None:
    assert cost(Spent(paid=1.0), {"frames": 1100}).forecast == 1.0


def test_a_dollar_buys_score_only_above_zero() -> None:
    assert cost(Spent(paid=0.5), {}, best=100.0).score_per_dollar == 200.0
    assert cost(Spent(paid=0.5), {}, best=-21.0).score_per_dollar is None
    assert cost(UNSPENT, {}, best=100.0, price=1.0).score_per_dollar is None
    assert cost(Spent(paid=0.5), {}).score_per_dollar is None


def test_of_two_readings_the_later_one_is_kept_which_is_never_smaller() -> None:
    assert Spent(1.0, 5.0).at_least(Spent(2.0, 4.0)) == Spent(2.0, 5.0)
