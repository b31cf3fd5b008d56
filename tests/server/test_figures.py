"""The figures: pure functions from closed generations."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

import frontend
from server.figures import FIGURES, FigureName, Theme, XAxis
from server.figures.axes import MAX_POINTS, thin
from server.figures.speed import speeds_of
from server.figures.theme import PALETTES
from server.views import GenerationView, ScoreSummary

NAMES: list[FigureName] = ["learning", "spread", "speed"]
AXES: list[XAxis] = ["generation", "frames", "time", "cost"]


def generation(number: int, **changes: Any) -> GenerationView:
    score = 100.0 + number
    values = {
        "number": number,
        "closed_at": datetime(2024, 1, 1, tzinfo=UTC),
        "frames": 1000 * (number + 1),
        "seconds": 10.0 * (number + 1),
        "cost": 0.5 * (number + 1),
        "episodes": 50,
        "best": score + 50,
        "mean": score,
        "median": score - 5,
        "sd": 20.0,
        "quartile_low": score - 20,
        "quartile_high": score + 20,
        "worst": score - 50,
        "elite_index": 3,
        "elite_born": (number, 3),
        "elite_carried": False,
        "elite_length": 2,
        "elite_seeds": [1, 2],
        "validation": ScoreSummary(mean=score + 30, sd=8.0, n=10, distinct=9),
        "test": None,
        "late": 0,
    }
    return GenerationView.model_validate(values | changes)


def generations(count: int, **changes: Any) -> list[GenerationView]:
    return [generation(number, **changes) for number in range(count)]


def trace(figure: go.Figure, name: str) -> Any:
    return next(each for each in figure.data if each.name == name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("x", AXES)
@pytest.mark.parametrize("count", [0, 1, 2, 61, 2500])
def test_every_figure_survives_every_length_of_run(name: FigureName, x: XAxis, count: int) -> None:
    figure = FIGURES[name](generations(count), None, x, "dark")

    drawn = json.loads(figure.to_json())
    assert set(drawn) == {"data", "layout"}
    assert "NaN" not in figure.to_json()
    assert all(len(each["x"]) <= MAX_POINTS for each in drawn["data"])


@pytest.mark.parametrize("name", NAMES)
def test_a_run_without_generations_says_so(name: FigureName) -> None:
    figure = FIGURES[name]([])

    assert not figure.data
    assert figure.layout.annotations[0].text == "No generation has closed yet"


def test_the_learning_curve_draws_best_mean_median_spread_and_the_validated_elite() -> None:
    figure = FIGURES["learning"](generations(3))

    assert [each.name for each in figure.data if each.name] == [
        "middle half", "best", "mean", "median", "elite, validated",
    ]  # fmt: skip
    assert list(trace(figure, "elite, validated").y) == [130, 131, 132]
    assert list(trace(figure, "best").y) == [150, 151, 152]


def test_the_elite_shows_its_spread_and_number_of_episodes() -> None:
    elite = trace(FIGURES["learning"](generations(3, elite_born=(1, 3), elite_carried=True)), "elite, validated")

    assert list(elite.error_y.array) == [8, 8, 8]
    assert elite.customdata[0] == "± 8 (10 episodes, 9 distinct, bred in 1 and carried)"


def test_the_spread_of_many_elites_is_a_band() -> None:
    figure = FIGURES["learning"](generations(100))

    assert trace(figure, "elite ± sd").y[0] == 138
    assert trace(figure, "elite, validated").error_y.array is None


def test_an_elite_of_one_episode_has_no_spread() -> None:
    one = ScoreSummary(mean=7.0, sd=None, n=1, distinct=1)

    elite = trace(FIGURES["learning"](generations(2, validation=one)), "elite, validated")

    assert list(elite.error_y.array) == [0, 0]
    assert elite.customdata[0].startswith("(1 episodes")


def test_without_validation_no_elite_is_drawn() -> None:
    figure = FIGURES["learning"](generations(3, validation=None))

    assert "elite, validated" not in [each.name for each in figure.data]


def test_a_tested_elite_is_drawn() -> None:
    figure = FIGURES["learning"](generations(2, test=ScoreSummary(mean=9.0, sd=1.0, n=200, distinct=30)))

    assert list(trace(figure, "elite, tested").y) == [9, 9]


@pytest.mark.parametrize(
    ("x", "values", "title"),
    [
        ("generation", [0, 1, 2], "generation"),
        ("frames", [1000, 2000, 3000], "frames"),
        ("time", [10, 20, 30], "time without pauses (seconds)"),
        ("cost", [0.5, 1, 1.5], "cost (US dollars)"),
    ],
)
def test_the_x_axis_is_generations_frames_time_or_cost(x: XAxis, values: list[float], title: str) -> None:
    figure = FIGURES["learning"](generations(3), x=x)

    assert list(trace(figure, "best").x) == values
    assert figure.layout.xaxis.title.text == title


@pytest.mark.parametrize("name", NAMES)
def test_without_a_price_a_figure_by_cost_says_how_to_set_one(name: FigureName) -> None:
    figure = FIGURES[name](generations(3, cost=None), x="cost")

    assert not figure.data
    assert "set NEUROEVO_CORE_HOUR_PRICE" in figure.layout.annotations[0].text


def test_generations_before_the_first_price_have_no_place_on_the_axis_of_costs() -> None:
    figure = FIGURES["learning"]([generation(0, cost=None), generation(1), generation(2)], x="cost")

    assert list(trace(figure, "best").x) == [None, 1, 1.5]


def test_long_times_are_shown_in_longer_units() -> None:
    figure = FIGURES["speed"]([generation(0, seconds=3600.0), generation(1, seconds=7200.0)], x="time")

    assert list(figure.data[0].x) == [1, 2]
    assert figure.layout.xaxis.title.text == "time without pauses (hours)"


def test_speed_is_the_frames_of_a_generation_by_its_own_seconds() -> None:
    rows = [generation(0, frames=100, seconds=10.0), generation(1, frames=400, seconds=20.0)]

    assert speeds_of(rows) == [10, 30]


def test_speed_is_unknown_where_no_time_passed_or_the_generation_before_is_missing() -> None:
    rows = [generation(5, seconds=20.0), generation(6, seconds=20.0)]

    assert speeds_of(rows) == [None, None]


def test_few_generations_are_boxes_and_many_a_fan() -> None:
    assert isinstance(FIGURES["spread"](generations(60)).data[0], go.Box)
    assert isinstance(FIGURES["spread"](generations(61)).data[0], go.Scatter)


def test_a_long_run_keeps_its_peaks_and_says_that_it_is_thinned() -> None:
    rows = generations(5000)
    rows[1234] = generation(1234, best=99_999.0)

    figure = FIGURES["learning"](rows)

    best = trace(figure, "best")
    assert max(best.y) == 99_999
    assert (best.x[0], best.x[-1]) == (0, 4999)
    assert "of 5,000 generations drawn" in figure.layout.annotations[0].text


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=400), st.integers(4, 50))
def test_thinning_keeps_ends_and_extremes_and_the_limit(values: list[float | None], limit: int) -> None:
    kept = thin([values], limit)

    assert kept == sorted(set(kept))
    assert len(kept) <= max(limit, 4)
    assert {0, len(values) - 1} <= set(kept)
    known = [value for value in values if value is not None]
    drawn = [values[row] for row in kept]
    assert not known or {max(known), min(known)} <= set(drawn)


def test_a_readers_zoom_outlasts_an_update_but_not_another_axis() -> None:
    draw: Callable[..., go.Figure] = FIGURES["learning"]

    assert draw(generations(2)).layout.uirevision == draw(generations(3)).layout.uirevision
    assert draw(generations(2)).layout.uirevision != draw(generations(2), x="frames").layout.uirevision


@pytest.mark.parametrize(("theme", "place"), [("light", 0), ("dark", 1)])
def test_the_figures_have_the_dashboards_colours(theme: Theme, place: int) -> None:
    css = (Path(str(frontend.__file__)).parent / "styles" / "tokens.css").read_text()
    tokens = {name: pair for name, *pair in re.findall(r"--([a-z]+): light-dark\((#\w+), (#\w+)\)", css)}

    for name in ("surface", "ink", "muted", "line", "accent", "second"):
        assert getattr(PALETTES[theme], name) == tokens[name][place]
