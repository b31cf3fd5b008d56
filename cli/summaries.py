"""Runs in words: a table of many, all there is of one."""

import json
from collections.abc import Sequence
from typing import Any

from cli.output import MISSING, amount, best_score, dollars, duration, fields, mean_score, score, table
from cli.progress import progress_line
from server.views import RunCost, RunSummary

HEADER = ("id", "run", "state", "environment", "generation", "best", "elite", "mean", "frames", "time")


def read_summary(document: dict[str, Any]) -> RunSummary:
    """The run that the server told of."""
    return RunSummary.model_validate(document, extra="ignore")


def describe_runs(documents: Sequence[dict[str, Any]]) -> str:
    """One line a run; with costs where any has one."""
    runs = [read_summary(document) for document in documents]
    rows = [_row(run) for run in runs]
    if all(run.cost is None for run in runs):
        return table(HEADER, rows)
    costs = [dollars(run.cost.dollars if run.cost else None) for run in runs]
    return table((*HEADER, "cost"), [(*row, cost) for row, cost in zip(rows, costs, strict=True)])


def describe_run(detail: dict[str, Any]) -> str:
    """The run with its configuration."""
    run = read_summary(detail)
    lines = [("id", run.id), ("environment", run.environment_id), ("network", run.architecture_name)]
    lines += [("preset", run.preset or MISSING)]
    lines += [("created", f"{run.created_at:%Y-%m-%d %H:%M:%S} UTC"), ("time", duration(run.active_seconds))]
    lines += [("frames", f"{run.frames:,} ({amount(run.frames)})"), ("best", best_score(run))]
    lines += [("elite", mean_score(run.elite))] if run.elite else []
    lines += describe_cost(run.cost) if run.cost else []
    lines += [(name, json.dumps(value)) for name, value in detail["configuration"].items()]
    return f"{progress_line(run)}\n\n{fields(lines)}"


def describe_cost(cost: RunCost) -> list[tuple[str, str]]:
    """Dollars so far and by the budget's end, and what one bought."""
    lines = [("cost", dollars(cost.dollars))]
    lines += [] if cost.forecast is None else [("forecast", f"about {dollars(cost.forecast)} by its budget's end")]
    lines += [] if cost.score_per_dollar is None else [("points a dollar", amount(cost.score_per_dollar))]
    return lines


def _row(run: RunSummary) -> tuple[str, ...]:
    numbers = (str(run.generation), best_score(run), mean_score(run.elite), score(run.mean), amount(run.frames))
    return (run.id, run.name, run.state, run.environment_id, *numbers, duration(run.active_seconds))
