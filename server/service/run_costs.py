"""What a run has cost, what it may come to by its budget, and what a dollar bought. Pure."""

from collections.abc import Mapping
from typing import Any

from server.storage.costs import Spent
from server.views import RunCost


def cost_run(
    spent: Spent,
    core_hour_price: float | None,
    used: Mapping[str, float],
    budget: Mapping[str, Any],
    best: float | None,
) -> RunCost | None:
    """The costs of a run; None where nobody told a price.

    `used`: how much of each limit it has used, by the budget's own names; empty once it has ended: nothing is to come.
    """
    dollars = spent.dollars(core_hour_price)
    if dollars is None:
        return None
    share = max((amount / budget[name] for name, amount in used.items() if budget.get(name)), default=0.0)
    return RunCost(
        dollars=dollars,
        forecast=dollars / min(share, 1.0) if dollars and share else None,
        # A score below zero over more and more dollars would look better and better.
        score_per_dollar=best / dollars if dollars and best is not None and best > 0 else None,
    )
