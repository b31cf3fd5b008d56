"""The dashboard's pure modules, run where they run: in the browser."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.platform import Platform

FIELD = {"optional": True, "minimum": None, "maximum": None, "above": None, "below": None}
"""Of a number: no limits."""


@pytest.fixture(scope="module")
def page(browser: Browser, platform: Platform) -> Page:
    """A blank page of the server's origin."""
    page = browser.new_page(base_url=platform.url)
    page.goto("/static/favicon.svg")
    return page


def call(page: Page, module: str, expression: str, *arguments: Any) -> Any:
    """What an expression over the module `m` and the arguments `a` gives."""
    return page.evaluate(
        f"async a => {{ const m = await import('/static/{module}.js'); return {expression}; }}", arguments
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (9999, "9,999"),
        (10_000, "10k"),
        (999_999, "1M"),
        (1_340_221, "1.34M"),
        (10**9, "1B"),
        (0.25, "0.25"),
        (-12_345, "-12.3k"),
    ],
)
def test_counts_are_shortened_to_three_digits(page: Page, value: float, shown: str) -> None:
    assert call(page, "format", "m.compact(a[0])", value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (125, "2 min 5 s"), (7500, "2 h 5 min"), (190_000, "2 d 4 h")],
)
def test_spans_of_time_have_two_units_at_most(page: Page, seconds: float, shown: str) -> None:
    assert call(page, "format", "m.duration(a[0])", seconds) == shown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", 1000),
        ("1,000", 1000),
        ("10M", 10_000_000),
        ("1e9", 10**9),
        ("2k", 2000),
        ("1_000", 1000),
        ("-5", -5),
        ("", None),
    ],
)
def test_numbers_may_be_written_as_people_write_them(page: Page, text: str, value: int | None) -> None:
    field = {**FIELD, "kind": "integer", "unit": "frames"}
    assert call(page, "schema", "m.parse(a[0], a[1])", field, text) == {"value": value, "problem": None}


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("10 min", 600), ("2h", 7200), ("1.5 d", 129_600), ("30 s", 30)]
)
def test_spans_of_time_may_have_a_unit(page: Page, text: str, seconds: float) -> None:
    field = {**FIELD, "kind": "number", "unit": "s", "above": 0}
    assert call(page, "schema", "m.parse(a[0], a[1])", field, text) == {"value": seconds, "problem": None}


@pytest.mark.parametrize("text", ["many", "1.5", "0", "1M", "12 apples", "--3"])
def test_what_no_field_can_take_is_told(page: Page, text: str) -> None:
    field = {**FIELD, "kind": "integer", "unit": None, "optional": False, "minimum": 1, "maximum": 1000}
    assert call(page, "schema", "m.parse(a[0], a[1]).problem", field, text)


def test_the_form_sends_what_was_changed_and_an_environment_whole(page: Page, platform: Platform) -> None:
    presets = platform.ask("GET", "/presets")
    configuration = next(preset["configuration"] for preset in presets["items"] if preset["name"] == "laptop")
    sent = page.evaluate(
        """async ([schema, configuration]) => {
            const [{ open, choose, chooseEnvironment, patch }, { fieldsOf }] = await Promise.all(
                [import('/static/form.js'), import('/static/schema.js')]);
            const form = open(schema, fieldsOf(schema), configuration);
            const none = patch(form);
            const changed = choose(choose(form, 'population', 300), 'budget.frames', 1e6);
            return [none, patch(changed), patch(chooseEnvironment(form, 'CartPole-v1'))];
        }""",
        [presets["schema"], configuration],
    )
    assert sent == [
        {},
        {"population": 300, "budget": {"frames": 10**6}},
        {"environment": {"id": "CartPole-v1", "options": {"max_steps": None}}, "architecture": "mlp"},
    ]


def test_the_time_left_is_that_of_the_limit_reached_first(page: Page) -> None:
    budget = {"generations": 100, "frames": 2_000_000, "seconds": None, "target_score": 500}
    run = {"generation": 10, "frames": 1_000_000, "active_seconds": 60, "elite": {"mean": 250}}
    limited = {**run, "configuration": {"budget": budget}}
    endless = {**run, "configuration": {"budget": dict.fromkeys(budget)}}
    assert call(page, "budget", "m.secondsLeft(a[0])", limited) == pytest.approx(60)
    assert call(page, "budget", "m.budgetProgress(a[0]).map(row => row.fraction)", limited) == [0.5, 0.5, 0.1]
    assert call(page, "budget", "m.secondsLeft(a[0])", endless) is None


def test_attempts_to_reach_a_lost_server_grow_apart_up_to_a_limit(page: Page) -> None:
    delays = call(page, "live", "[1, 2, 3, 4, 10, 50].map(failures => m.backOff(failures, () => 0.5))")
    assert delays == [500, 1000, 2000, 4000, 15_000, 15_000]
    assert call(page, "live", "[m.backOff(1, () => 0), m.backOff(1, () => 1)]") == [375, 625]


def test_events_renew_what_is_kept_and_others_leave_it_alone(page: Page) -> None:
    run = {"id": "a", "name": "x"}
    assert call(page, "store", "m.reduce(m.EMPTY, { type: 'run.changed', run: a[0] }).runs", run) == {"a": run}
    assert (
        call(page, "store", "m.reduce(m.withRuns(m.EMPTY, [a[0]]), { type: 'run.deleted', run_id: 'a' }).runs", run)
        == {}
    )
    assert call(page, "store", "m.reduce(m.EMPTY, { type: 'something.new' }) === m.EMPTY")


@pytest.mark.parametrize(
    ("path", "page_name", "id"),
    [
        ("/", "runs", None),
        ("/runs/", "runs", None),
        ("/runs/new", "new-run", None),
        ("/runs/k3f9x2", "run", "k3f9x2"),
        ("/runs/brave-otter-k3f9x2", "run", "k3f9x2"),
        ("/workers", "workers", None),
        ("/elsewhere", "not-found", None),
    ],
)
def test_addresses_name_pages(page: Page, path: str, page_name: str, id: str | None) -> None:
    assert call(page, "router", "m.parseRoute(a[0], '?x=frames')", path) == {
        "page": page_name,
        "id": id,
        "query": {"x": "frames"},
    }


def test_a_runs_address_is_readable_whatever_its_name(page: Page) -> None:
    assert call(page, "router", "m.runPath({ id: 'k3f9x2', name: 'Größe & more!' })") == "/runs/gr-e-more-k3f9x2"
    assert call(page, "router", "m.runPath({ id: 'k3f9x2', name: '…' })") == "/runs/k3f9x2"
