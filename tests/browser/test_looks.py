"""How the dashboard meets people: schemes, narrow screens, keyboards, strangers, workers, a server that is gone."""

import re
from urllib.error import HTTPError
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.acceptance.processes import until
from tests.browser.conftest import PATIENCE_SECONDS, Faults
from tests.browser.platform import WORKER, Platform
from tests.browser.test_runs import LONG, SHORT

NARROW: ViewportSize = {"width": 400, "height": 800}


def ground(page: Page) -> int:
    """How bright the page's ground is, from 0 to 765."""
    colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3])


def legend(page: Page) -> str:
    """The colour of the drawn figure's text."""
    figure = page.get_by_role("figure", name=re.compile("^Learning curve"))
    return str(figure.evaluate("plot => plot.layout?.template?.layout?.font?.color ?? ''"))


def test_a_stranger_is_told_how_to_be_let_in_and_the_link_does_it(
    stranger: BrowserContext, platform: Platform, faults: Faults
) -> None:
    page = stranger.new_page()
    faults.watch(page, urlsplit(platform.url).netloc)
    faults.expect("401", "WebSocket")
    page.goto("/runs")
    expect(page.get_by_role("heading", name="Open the link that neuroevo up printed")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    page.goto(platform.link)
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    assert "code" not in page.url
    page.goto("/workers")
    expect(page.get_by_role("heading", name="Workers", exact=True)).to_be_visible()


def test_the_scheme_follows_the_system_until_it_is_chosen_and_the_choice_is_kept(
    page: Page, platform: Platform
) -> None:
    run = platform.create_run(**SHORT)
    page.goto(f"/runs/{run['id']}")
    until(lambda: legend(page), PATIENCE_SECONDS)
    light = legend(page)
    assert ground(page) > 600
    page.emulate_media(color_scheme="dark")
    until(lambda: legend(page) != light, PATIENCE_SECONDS)
    assert ground(page) < 150
    page.get_by_role("button", name=re.compile("^Scheme: system")).click()
    page.get_by_role("button", name=re.compile("^Scheme: light. Switch to: dark")).wait_for()
    assert ground(page) > 600
    page.goto("/workers")
    assert ground(page) > 600
    page.get_by_role("button", name=re.compile("^Scheme: light")).click()
    page.get_by_role("button", name=re.compile("^Scheme: dark. Switch to: scheme of the system")).wait_for()
    page.emulate_media(color_scheme="light")
    assert ground(page) < 150


def test_no_page_scrolls_sideways_on_a_narrow_screen(page: Page, platform: Platform, faults: Faults) -> None:
    faults.expect("404")
    run = platform.create_run(**SHORT)
    platform.await_generation(run["id"], 2)
    page.set_viewport_size(NARROW)
    own = f"/runs/{run['id']}"
    paths = [
        "/runs",
        "/runs/new",
        own,
        f"{own}?tab=best",
        f"{own}?tab=configuration",
        f"{own}?generation=1",
        "/policies",
        f"/policies/{platform.ask('GET', '/policies?limit=1')['items'][0]['id']}",
        "/policies/compare",
        "/workers",
        "/tokens",
    ]
    for path in [*paths, "/nowhere"]:
        page.goto(path)
        expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} pixels too wide"


def test_the_keyboard_reaches_everything_and_tabs_move_with_arrows(page: Page, platform: Platform) -> None:
    run = platform.create_run(**LONG)
    page.goto("/runs")
    expect(page.get_by_role("link", name=run["name"])).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("link", name=run["name"]).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(run["name"])
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("tab", name="Generations").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Best seeds")).to_be_focused()
    expect(page.get_by_role("tab", name="Best seeds")).to_have_attribute("aria-selected", "true")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")


def test_workers_are_shown_with_what_they_play(page: Page, platform: Platform) -> None:
    run = platform.create_run(**LONG)
    page.goto("/workers")
    row = page.get_by_role("row", name=re.compile(f"^{WORKER}"))
    expect(row).to_contain_text("Working")
    expect(row.get_by_role("link", name=run["name"])).to_be_visible()
    page.get_by_text("Others").click()
    page.get_by_role("link", name="CartPole-v1").click()
    expect(page.get_by_role("combobox", name="Environment")).to_have_value("CartPole-v1")


def test_how_workers_went_is_shown_and_counted(page: Page, platform: Platform) -> None:
    announcement = {"host": "h", "version": "0", "slots": 1, "processor": "p", "engines": {}}
    described = {
        "environment": {"id": "CartPole-v1"},
        "engine": "none",
        "observation_shape": [4],
        "actions": None,
        "frames_per_second": 50,
        "deterministic": True,
        "architectures": [],
        "problem": "It cannot be made here.",
    }
    for name, why in (("spot-1", "preempted"), ("spot-2", "preempted"), ("ill", "crashed")):
        said = {"protocol": 1, "worker": {"id": str(uuid4()), "name": name}}
        reason = "OSError: no space left" if why == "crashed" else None
        # What describes an environment is answered at once: an empty request would wait.
        platform.ask("POST", "/batches", said | {"announcement": announcement, "descriptions": [described]})
        platform.ask("POST", "/batches/release", said | {"leases": [], "leaving": True, "why": why, "reason": reason})
    page.goto("/workers")
    expect(page.get_by_role("row", name=re.compile("^spot-1"))).to_contain_text("Preempted")
    ill = page.get_by_role("row", name=re.compile("^ill"))
    expect(ill).to_contain_text("Crashed")
    expect(ill).to_contain_text("OSError: no space left")
    expect(page.get_by_text("1 crashed, 2 preempted")).to_be_visible()


def test_a_worker_that_is_not_let_in_is_shown_with_what_to_do_while_one_looks(page: Page, platform: Platform) -> None:
    page.goto("/workers")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    said = {"protocol": 99, "worker": {"id": str(uuid4()), "name": "other"}, "leases": []}
    with pytest.raises(HTTPError, match="426"):
        platform.ask("POST", "/batches/release", said)
    table = page.get_by_role("region", name="Not let in")
    expect(table.get_by_role("row", name=re.compile("^127.0.0.1"))).to_contain_text("install the server's version")


def test_an_address_that_names_nothing_says_so(page: Page, faults: Faults) -> None:
    faults.expect("404")
    page.goto("/nowhere")
    expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    page.get_by_role("link", name="Show all runs").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


@pytest.mark.timeout(180)
def test_a_server_that_is_gone_is_announced_and_found_again(page: Page, platform: Platform, faults: Faults) -> None:
    faults.expect("ERR_CONNECTION", "WebSocket", "503")
    run = platform.create_run(**LONG)
    page.goto(f"/runs/{run['id']}")
    closed = page.get_by_role("table", name="Generations and their elites").get_by_role("rowheader")
    expect(closed.first).to_be_visible()
    alert = page.get_by_role("alert").filter(has_text="The server does not answer")
    with platform.without_server():
        expect(alert).to_be_visible()
        expect(closed.first).to_be_visible()
    known = platform.ask("GET", f"/runs/{run['id']}")["generation"]
    alert.get_by_role("button", name="Try now").or_(page.get_by_text("Live", exact=True)).first.click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(alert).to_be_hidden()
    # Not how many are shown: a page that was loaded again shows the newest fifty.
    until(lambda: int(closed.first.inner_text()) > known, PATIENCE_SECONDS)
