"""The form for a new run: what it generates, and what it says of mistakes."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Faults
from tests.browser.platform import Platform


def complaint(field: Locator) -> Locator:
    """What stands beside an invalid field: the first element that describes it."""
    expect(field).to_have_attribute("aria-invalid", "true")
    return field.page.locator(f"#{(field.get_attribute('aria-describedby') or '').split()[0]}")


def start(page: Page) -> None:
    page.get_by_role("button", name="Start run").click()


def test_every_field_of_the_schema_is_there_with_its_help(page: Page, platform: Platform) -> None:
    page.goto("/runs/new?preset=quick")
    page.get_by_text("Advanced").click()
    page.get_by_text("Options of the game").click()
    schema = platform.ask("GET", "/presets")["schema"]
    fields = schema["properties"] | schema["$defs"]["Budget"]["properties"]
    for name, field in fields.items():
        if name not in {"environment", "budget"}:
            shown = page.get_by_label(field["title"], exact=True)
            expect(shown).to_be_visible()
            described = page.locator(f"#{shown.get_attribute('aria-describedby')}")
            expect(described).to_contain_text(field["description"])
            expect(described).to_contain_text(field["source"])
    expect(page.get_by_label("Longest episode", exact=True)).to_be_visible()


def test_what_is_no_number_is_refused_beside_its_field(page: Page) -> None:
    page.goto("/runs/new?preset=quick")
    population, frames = page.get_by_label("Population", exact=True), page.get_by_label("Frames", exact=True)
    population.fill("many")
    expect(population).not_to_have_attribute("aria-invalid", "true")
    frames.fill("0.5")
    start(page)
    expect(complaint(population)).to_contain_text("not a number")
    expect(complaint(frames)).to_contain_text("whole number")
    expect(population).to_be_focused()
    population.fill("1")
    expect(complaint(population)).to_contain_text("from 2 to 100,000")
    population.fill("2e2")
    expect(population).not_to_have_attribute("aria-invalid", "true")


def test_the_servers_objections_stand_beside_their_fields(page: Page, faults: Faults) -> None:
    faults.expect("422")
    page.goto("/runs/new?preset=quick")
    population, parents = page.get_by_label("Population", exact=True), page.get_by_label("Parents", exact=True)
    population.fill("5")
    parents.fill("50")
    start(page)
    expect(complaint(parents)).to_contain_text("cannot exceed population")
    expect(parents).to_be_focused()
    page.get_by_role("button", name=re.compile("^Put Parents back to")).click()
    population.fill("64")
    page.get_by_role("combobox", name="Environment").fill("Nowhere-v0")
    page.get_by_role("combobox", name="Environment").press("Tab")
    start(page)
    expect(complaint(page.get_by_role("combobox", name="Environment"))).to_contain_text("Nowhere-v0")


def test_an_objection_to_a_folded_field_unfolds_it(page: Page, faults: Faults) -> None:
    faults.expect("422")
    page.goto("/runs/new?preset=quick")
    page.get_by_text("Advanced").click()
    algorithm = page.get_by_label("Algorithm", exact=True)
    algorithm.select_option("block-free")
    page.get_by_label("Test episodes", exact=True).fill("5")
    page.get_by_label("Candidates", exact=True).fill("0")
    page.get_by_text("Advanced").click()
    expect(algorithm).to_be_hidden()
    start(page)
    expect(complaint(page.get_by_label("Test episodes", exact=True))).to_be_visible()


def test_an_environment_is_chosen_with_the_keyboard_and_brings_its_network(page: Page) -> None:
    page.goto("/runs/new?preset=quick")
    expect(page.get_by_text(re.compile(r"environments on the connected workers"))).to_be_visible()
    chooser = page.get_by_role("combobox", name="Environment")
    chooser.fill("frostb")
    expect(page.get_by_role("option", name="ALE/Frostbite-v5")).to_be_visible()
    chooser.press("ArrowDown")
    chooser.press("Enter")
    expect(chooser).to_have_value("ALE/Frostbite-v5")
    expect(page.get_by_role("listbox", name="Environments")).to_be_hidden()
    expect(page.get_by_label("Network", exact=True)).to_have_value("nature-dqn")
    page.get_by_text("Options of the game").click()
    expect(page.get_by_label("Sticky actions", exact=True)).to_have_value("0.25")


def test_the_summary_counts_a_generations_episodes(page: Page) -> None:
    page.goto("/runs/new?preset=paper")
    summary = page.get_by_role("complementary", name="Summary")
    expect(summary).to_contain_text("1,500 episodes")
    page.get_by_label("Population", exact=True).fill("10k")
    expect(summary).to_contain_text("10.5k episodes")
    expect(summary).to_contain_text("after 1B frames")
