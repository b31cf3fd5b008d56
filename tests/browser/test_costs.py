"""What a run costs, in the dashboard: of a worker with a price, and where nobody told one."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.acceptance.processes import until
from tests.browser.conftest import PATIENCE_SECONDS
from tests.browser.platform import Platform
from tests.browser.test_runs import LONG, SHORT


def figure(page: Page, name: str) -> Locator:
    """A key figure with its note, by its name."""
    return page.get_by_role("definition").filter(has=page.locator(f"xpath=preceding-sibling::dt[.='{name}']"))


def finished(platform: Platform) -> str:
    run: str = platform.create_run(**SHORT)["id"]
    until(lambda: platform.ask("GET", f"/runs/{run}")["state"] == "finished", PATIENCE_SECONDS)
    return run


def test_a_run_shows_its_cost_its_score_a_dollar_and_its_curve_by_cost(page: Page, platform: Platform) -> None:
    run = finished(platform)
    shown = platform.ask("GET", f"/runs/{run}")
    assert shown["cost"]["dollars"] > 0
    page.goto(f"/runs/{run}")
    expect(figure(page, "Cost")).to_contain_text("$")
    expect(figure(page, "Cost")).to_contain_text("points a dollar")
    page.get_by_role("radio", name="Cost", exact=True).check()
    plot = page.get_by_role("figure", name="Learning curve")
    costs = [row["cost"] for row in platform.ask("GET", f"/runs/{run}/generations")["items"]]
    drawn = "plot => plot.data?.find(({ name }) => name === 'best')?.x"
    until(lambda: plot.evaluate(drawn) == costs, PATIENCE_SECONDS)
    expect(page).to_have_url(re.compile("x=cost"))
    page.goto("/runs")
    expect(page.get_by_role("columnheader", name="Cost")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(shown["name"]))).to_contain_text("$")


def test_a_run_that_goes_on_tells_what_it_may_come_to(page: Page, platform: Platform) -> None:
    run = platform.create_run(**LONG)["id"]
    page.goto(f"/runs/{run}")
    expect(figure(page, "Cost")).to_contain_text(re.compile(r"about \$[\d,.]+ by its budget's end"))


def test_without_a_price_no_cost_is_shown_and_a_link_to_its_curve_says_how_to_set_one(
    page: Page, platform: Platform
) -> None:
    run = finished(platform)
    for table in ("runs", "generations"):
        platform.execute(f"UPDATE {table} SET unpriced_seconds = 1, paid = 0")
    page.goto(f"/runs/{run}?x=cost")
    expect(page.get_by_text("No price for a core-hour is known")).to_be_visible()
    expect(figure(page, "Time")).to_be_visible()
    expect(figure(page, "Cost")).to_be_hidden()
    expect(page.get_by_role("radio", name="Time", exact=True)).to_be_visible()
    expect(page.get_by_role("radio", name="Cost", exact=True)).to_be_hidden()
    page.goto("/runs")
    expect(page.get_by_role("columnheader", name="Frames")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Cost")).to_be_hidden()
