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
        ("/policies", "library", None),
        ("/policies/compare", "compare", None),
        ("/policies/4dc8a37e3211b47a", "policy", "4dc8a37e3211b47a"),
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


def test_what_chains_share_is_laid_out_with_the_policies_in_lines(page: Page) -> None:
    nodes = [
        {"parent": None, "length": 2, "policies": []},
        {"parent": 0, "length": 4, "policies": ["b"]},
        {"parent": 0, "length": 3, "policies": ["a"]},
    ]
    laid = call(page, "lineage", "m.layOut(a[0])", nodes)
    assert laid["policies"] == ["b", "a"]
    assert [(place["x"], place["row"], place["under"]) for place in laid["places"]] == [
        (0.5, 0.5, 2),
        (1, 0, 1),
        (0.75, 1, 1),
    ]


def test_scores_of_different_protocols_never_share_an_axis(page: Page) -> None:
    episodes = [
        {"seed": 1, "score": 10, "source": "test", "protocol": "sticky"},
        {"seed": 2, "score": 30, "source": "validation", "protocol": "sticky"},
        {"seed": 3, "score": 500, "source": "test", "protocol": "plain"},
    ]
    summaries = [{"protocol": "plain", "mean": 500}, {"protocol": "sticky", "mean": 20}]
    groups = call(page, "scores", "m.byProtocol(a[0], a[1], 'sticky')", summaries, episodes)
    assert [(group["protocol"], group["isOwn"]) for group in groups] == [("sticky", True), ("plain", False)]
    assert [[each["mean"] for each in group["scores"]] for group in groups] == [[20], [500]]
    assert [row["scores"] for group in groups for row in group["rows"]] == [[10], [30], [500]]
    assert call(page, "scores", "m.rangeOf(a[0])", groups[0]["rows"]) == [10, 30]


def test_a_gain_is_what_a_mutation_added_to_its_parents_score(page: Page) -> None:
    ancestors = [
        {"generation": 2, "index": 0, "fitness": 90, "validation": {"mean": 80}},
        {"generation": 1, "index": 3, "fitness": 60, "validation": {"mean": 50}},
        {"generation": 0, "index": 5, "fitness": 70, "validation": None},
    ]
    assert call(page, "scores", "m.withGains(a[0]).map(({ gain }) => gain)", ancestors) == [30, -10, None]


def test_dots_of_equal_scores_are_stacked(page: Page) -> None:
    assert call(page, "scores", "m.dots([5, 1, 5], [1, 5])") == [
        {"x": 0, "level": 0},
        {"x": 1, "level": 0},
        {"x": 1, "level": 1},
    ]


@pytest.mark.parametrize(("step", "speed"), [(1, 2), (-1, 0.5), (5, 8), (-5, 0.25)])
def test_the_speed_of_a_player_stays_within_its_limits(page: Page, step: int, speed: float) -> None:
    assert call(page, "playback", "m.speedAfter(1, a[0])", step) == speed


def test_the_elite_played_is_that_of_the_generation_or_of_the_nearest_before(page: Page) -> None:
    items = [{"generation": number} for number in (0, 2, 5)]
    found = call(page, "watching", "[null, 0, 1, 2, 4, 9].map(number => m.nearest(a[0], number))", items)
    assert found == [2, 0, 0, 1, 1, 2]


def test_a_carried_elite_is_one_since_it_was_first_chosen(page: Page) -> None:
    items = [{"generation": number, "policy": policy} for number, policy in enumerate("abbcb")]
    assert call(page, "watching", "a[0].map((_, place) => m.since(a[0], place))", items) == [0, 1, 1, 3, 4]


def test_the_library_asks_for_what_the_address_says(page: Page) -> None:
    asked = call(page, "library", "m.wish({ q: 'frost', origin: 'nowhere', sort: 'name', tag: '' })")
    told = {key: value for key, value in asked.items() if value is not None}
    assert told == {"search": "frost", "sort": "name", "order": "asc"}
    assert call(page, "library", "[m.toggled({}, 'a'), m.toggled({ pick: 'a,b' }, 'a')]") == [
        {"pick": "a"},
        {"pick": "b"},
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [(184, "184 B"), (17_758_208, "17.8 MB"), (43_000, "43 kB"), (2.5e9, "2.5 GB")]
)
def test_sizes_have_a_unit(page: Page, value: float, shown: str) -> None:
    assert call(page, "format", "m.size(a[0])", value) == shown
