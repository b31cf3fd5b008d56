"""Runs in the dashboard: begun in the form, watched, steered, listed."""

import re
from functools import partial
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from evolution.chains import read_chain
from tests.acceptance.processes import until
from tests.browser.conftest import PATIENCE_SECONDS, Faults
from tests.browser.platform import Platform

LONG = {"population": 64, "budget": {"generations": 1000, "target_score": None}}
"""A run that goes on for as long as any test."""
SHORT = {
    "population": 4,
    "parents": 2,
    "candidates": 2,
    "validation_episodes": 2,
    "budget": {"generations": 2, "target_score": None},
}
"""A run of a few seconds."""


def generations(page: Page) -> Locator:
    """The generations shown in the table, as its row headers."""
    return page.get_by_role("table", name="Generations and their elites").get_by_role("rowheader")


def points(page: Page) -> int:
    """Points of the elite's drawn curve."""
    curve = page.get_by_role("figure", name="Learning curve")
    return int(curve.evaluate("plot => plot.data?.find(({ name }) => name === 'elite, validated')?.x.length ?? 0"))


def test_without_runs_the_list_says_how_to_start_one(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    expect(page.get_by_text("neuroevo run create")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="New run").click()
    expect(page.get_by_role("radio", name="CartPole in seconds")).to_be_checked()


def test_a_run_is_begun_in_the_form_and_its_curve_grows_without_reload(page: Page) -> None:
    page.goto("/runs")
    page.get_by_role("banner").get_by_role("link", name="New run").click()
    page.get_by_role("radio", name="CartPole in seconds").check()
    page.get_by_label("Name", exact=True).fill("Grown in a browser")
    page.get_by_label("Target score", exact=True).fill("")
    page.get_by_label("Generations", exact=True).fill("1k")
    page.get_by_role("button", name="Start run").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grown in a browser")
    expect(page).to_have_url(re.compile(r"/runs/grown-in-a-browser-[a-z0-9]{6}$"))
    page.evaluate("window.isTheSamePage = true")
    expect(generations(page).first).to_be_visible()
    until(lambda: points(page) > 0, PATIENCE_SECONDS)
    drawn, listed = points(page), generations(page).count()
    until(lambda: points(page) > drawn and generations(page).count() > listed, PATIENCE_SECONDS)
    assert page.evaluate("window.isTheSamePage")


def test_a_run_is_paused_resumed_and_stopped(page: Page, platform: Platform) -> None:
    run = platform.create_run(**LONG)
    page.goto(f"/runs/{run['id']}")
    controls = page.get_by_role("group", name="Controls")
    controls.get_by_role("button", name="Pause").click()
    expect(controls.get_by_role("button", name="Resume")).to_be_visible()
    assert platform.ask("GET", f"/runs/{run['id']}")["state"] == "paused"
    controls.get_by_role("button", name="Resume").click()
    expect(controls.get_by_role("button", name="Pause")).to_be_visible()
    controls.get_by_role("button", name="Stop").click()
    dialog = page.get_by_role("dialog", name="Stop")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(controls.get_by_role("button", name="Stop")).to_be_focused()
    controls.get_by_role("button", name="Stop").click()
    dialog.get_by_role("button", name="Stop the run").click()
    expect(controls.get_by_role("button", name="Stop")).to_be_hidden()
    assert platform.ask("GET", f"/runs/{run['id']}")["state"] == "stopped"


def test_what_others_do_to_a_run_is_shown_without_reload(page: Page, platform: Platform) -> None:
    run = platform.create_run(**LONG)
    page.goto("/runs")
    row = page.get_by_role("row", name=re.compile(run["name"]))
    expect(row).to_contain_text("Running")
    platform.ask("POST", f"/runs/{run['id']}/pause")
    expect(row).to_contain_text("Paused")
    platform.ask("PATCH", f"/runs/{run['id']}", {"name": "renamed elsewhere"})
    expect(page.get_by_role("link", name="renamed elsewhere")).to_be_visible()
    platform.ask("DELETE", f"/runs/{run['id']}")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()


def test_a_run_is_renamed_and_given_another_budget(page: Page, platform: Platform, faults: Faults) -> None:
    run = platform.create_run(**LONG)
    page.goto(f"/runs/{run['id']}")
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Edit")
    dialog.get_by_label("Name", exact=True).fill("long-haul")
    dialog.get_by_label("Frames", exact=True).fill("2B")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("long-haul")
    assert platform.ask("GET", f"/runs/{run['id']}")["configuration"]["budget"]["frames"] == 2_000_000_000


def test_a_clone_begins_with_the_configuration_of_its_origin(page: Page, platform: Platform) -> None:
    origin = platform.create_run(population=40, mutation_power=0.03, seed=5)
    page.goto(f"/runs/{origin['id']}")
    page.get_by_role("link", name="Clone").click()
    expect(page.get_by_label("Population", exact=True)).to_have_value("40")
    expect(page.get_by_label("Mutation power", exact=True)).to_have_value("0.03")
    page.get_by_label("Population", exact=True).fill("50")
    page.get_by_role("button", name="Start the clone").click()
    expect(page.get_by_text("cloned from")).to_be_visible()
    clone = platform.ask("GET", f"/runs/{page.url.rsplit('-', 1)[1]}")
    assert (clone["cloned_from"], clone["configuration"]["population"]) == (origin["id"], 50)
    assert clone["configuration"]["mutation_power"] == 0.03
    assert clone["configuration"]["seed"] != 5


def test_a_deleted_run_is_gone(page: Page, platform: Platform, faults: Faults) -> None:
    run = platform.create_run(**LONG)
    page.goto(f"/runs/{run['id']}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete the run").click()
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    faults.expect("404")
    page.goto(f"/runs/{run['id']}")
    expect(page.get_by_role("heading", name="There is no such run")).to_be_visible()


def test_of_many_runs_all_are_searched_and_more_are_drawn_when_they_are_scrolled_to(
    page: Page, platform: Platform
) -> None:
    run = platform.create_run(**SHORT)
    until(lambda: platform.ask("GET", f"/runs/{run['id']}")["state"] == "finished", PATIENCE_SECONDS)
    platform.execute(
        "INSERT INTO runs SELECT (jsonb_populate_record(run, jsonb_build_object('id', 'zz' || n, 'name', 'copy ' || n))"
        ").* FROM runs AS run, generate_series(1001, 1149) AS n WHERE id = %s",
        run["id"],
    )
    page.goto("/runs")
    rows = page.get_by_role("row")
    expect(rows).to_have_count(1 + 100)
    page.get_by_role("searchbox", name="Search runs").fill("copy 1001")
    expect(rows).to_have_count(1 + 1)
    page.get_by_role("searchbox", name="Search runs").fill("")
    page.mouse.wheel(0, 100_000)
    expect(rows).to_have_count(1 + 150)


def test_a_page_asks_for_each_thing_once(page: Page, platform: Platform) -> None:
    run = platform.create_run(**SHORT)
    until(lambda: platform.ask("GET", f"/runs/{run['id']}")["state"] == "finished", PATIENCE_SECONDS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto(f"/runs/{run['id']}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_role("rowheader").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    for part in ("", "/generations", "/elites", "/figures/learning"):
        assert asked.count(f"/api/v1/runs/{run['id']}{part}") == 1, part


def test_an_elites_chain_is_copied_as_a_document(page: Page, platform: Platform) -> None:
    run = platform.create_run(**SHORT)
    platform.await_generation(run["id"], 2)
    page.goto(f"/runs/{run['id']}")
    page.get_by_role("button", name="Copy the elite's chain of generation 1").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    chain = read_chain(page.evaluate("navigator.clipboard.readText()"))
    elite = platform.ask("GET", f"/runs/{run['id']}/generations?order=desc&limit=1")["items"][0]
    assert list(chain.seeds) == elite["elite_seeds"]
    page.get_by_role("tab", name="Best seeds").click()
    page.get_by_role("button", name="Copy the chain of rank 1").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    best = platform.ask("GET", f"/runs/{run['id']}/best?top=1")["items"][0]
    assert list(read_chain(page.evaluate("navigator.clipboard.readText()")).seeds) == best["document"]["seeds"]


def test_a_generation_opens_into_its_individuals_the_best_first(page: Page, platform: Platform) -> None:
    run = platform.create_run(**SHORT)
    platform.await_generation(run["id"], 2)
    page.goto(f"/runs/{run['id']}?tab=configuration")
    expect(page.get_by_role("row", name=re.compile("^Population 4 individuals"))).to_be_visible()
    page.get_by_role("tab", name="Configuration").press("ArrowRight")
    page.get_by_role("link", name="Generation 1: its individuals").click()
    expect(page).to_have_url(re.compile("generation=1"))
    individuals = page.get_by_role("table", name="Individuals by rank")
    rows = individuals.get_by_role("row").filter(has=page.get_by_role("rowheader"))
    expect(rows.first.get_by_role("cell").first).to_have_text("1")
    shown = platform.ask("GET", f"/runs/{run['id']}/generations/1/individuals")["items"]
    expect(rows).to_have_count(len(shown))
    page.get_by_role("link", name="Generation before").click()
    expect(page.get_by_role("heading", name="Generation 0")).to_be_visible()
    page.get_by_role("link", name="All generations").click()
    expect(page.get_by_role("tab", name="Generations")).to_be_visible()


def test_the_address_holds_which_curve_is_shown(page: Page, platform: Platform) -> None:
    run = platform.create_run(**SHORT)
    platform.await_generation(run["id"], 2)
    for figure, axis in [("Learning", "Time"), ("Spread", "Frames"), ("Speed", "Generations")]:
        page.goto(f"/runs/{run['id']}")
        page.get_by_role("radio", name=figure, exact=True).check()
        page.get_by_role("radio", name=axis, exact=True).check()
        page.goto(page.url)
        expect(page.get_by_role("radio", name=figure, exact=True)).to_be_checked()
        expect(page.get_by_role("radio", name=axis, exact=True)).to_be_checked()
        plot = page.get_by_role("figure", name=re.compile("over 2 generations"))
        until(partial(plot.evaluate, "plot => plot.data?.length > 0"), PATIENCE_SECONDS)


def test_the_address_holds_search_filter_and_order_of_the_list(page: Page, platform: Platform) -> None:
    names = ["bravo", "alpha", "charlie"]
    runs = [platform.ask("POST", "/runs", {"preset": "quick", "name": name, "configuration": LONG}) for name in names]
    platform.ask("POST", f"/runs/{runs[0]['id']}/pause")
    table = page.get_by_role("table", name="Runs")
    page.goto("/runs")
    expect(table.get_by_role("rowheader")).to_contain_text(["charlie", "alpha", "bravo"])
    page.get_by_role("button", name="Run", exact=True).click()
    expect(table.get_by_role("rowheader")).to_contain_text(["alpha", "bravo", "charlie"])
    expect(page.get_by_role("columnheader", name="Run")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("radio", name="Paused 1").check()
    expect(table.get_by_role("rowheader")).to_have_count(1)
    page.goto(page.url)
    expect(table.get_by_role("rowheader")).to_contain_text(["bravo"])
    page.get_by_role("radio", name=re.compile("^All")).check()
    page.get_by_role("searchbox", name="Search runs").fill("char")
    expect(table.get_by_role("rowheader")).to_contain_text(["charlie"])
    page.get_by_role("searchbox", name="Search runs").fill("nothing like it")
    page.get_by_role("button", name="Show all runs").click()
    expect(table.get_by_role("rowheader")).to_have_count(3)
