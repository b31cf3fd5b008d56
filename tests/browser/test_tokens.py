"""The page of tokens, and what a browser that may only look is offered."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Faults, opened
from tests.browser.platform import Platform
from tests.browser.test_runs import SHORT


@pytest.fixture(autouse=True)
def _without_tokens(platform: Platform) -> Iterator[None]:
    yield
    for token in platform.ask("GET", "/tokens")["items"]:
        if token["state"] == "active":
            platform.ask("DELETE", f"/tokens/{token['id']}")


def test_a_token_is_made_shown_once_renewed_and_revoked(page: Page, platform: Platform) -> None:
    page.goto("/workers")
    page.get_by_role("link", name="Tokens").click()
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New token")
    dialog.get_by_role("textbox", name="Name").fill("the screen")
    dialog.get_by_role("radio", name="Worker").check()
    dialog.get_by_role("button", name="Make the token").click()

    shown = page.get_by_role("dialog", name="The secret of the screen")
    secret = shown.get_by_text(re.compile("^nevo_")).inner_text()
    shown.get_by_role("button", name="Copy the secret").click()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    shown.get_by_role("button", name="Done").click()
    row = page.get_by_role("row", name=re.compile("^the screen"))
    expect(row).to_contain_text("Valid")
    expect(page.get_by_text(secret)).to_have_count(0)

    row.get_by_role("button", name="New secret for the screen").click()
    page.get_by_role("button", name="Make a new secret").click()
    renewed = page.get_by_role("dialog", name="The new secret of the screen")
    assert renewed.get_by_text(re.compile("^nevo_")).inner_text() != secret
    renewed.get_by_role("button", name="Done").click()

    row.get_by_role("button", name="Revoke the screen").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(row).to_contain_text("Revoked")
    expect(row.get_by_role("button")).to_have_count(0)
    assert [each["state"] for each in platform.ask("GET", "/tokens")["items"] if each["kind"] == "token"] == ["revoked"]


def test_a_link_lets_one_browser_in(page: Page, browser: Browser, platform: Platform) -> None:
    page.goto("/tokens")
    page.get_by_role("button", name="Let a browser in").click()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_role("dialog", name="A link for one browser").get_by_text("code=").inner_text()
    with opened(browser, platform) as context:
        guest = context.new_page()
        guest.goto(link)
        expect(guest.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    with opened(browser, platform) as context:
        late = context.new_page()
        late.goto(link)
        expect(late.get_by_label("Or give a token")).to_be_visible()


@pytest.mark.usefixtures("context")
def test_a_browser_that_may_look_is_offered_nothing_that_it_may_not_do(viewer: Page, platform: Platform) -> None:
    run = platform.create_run(**SHORT)
    platform.await_generation(run["id"], 1)
    expect(viewer.get_by_role("link", name=run["name"])).to_be_visible()
    expect(viewer.get_by_role("link", name="New run")).to_have_count(0)
    viewer.get_by_role("link", name=run["name"]).click()
    expect(viewer.get_by_role("heading", level=1)).to_have_text(run["name"])
    for name in ("Pause", "Stop", "Edit", "Delete"):
        expect(viewer.get_by_role("button", name=name)).to_have_count(0)
    viewer.goto("/runs/new")
    expect(viewer.get_by_role("heading", name="Runs are begun by operators")).to_be_visible()
    viewer.goto("/policies")
    expect(viewer.get_by_role("article").first).to_be_visible()
    expect(viewer.get_by_role("button", name="Import")).to_have_count(0)
    expect(viewer.get_by_role("region", name="drop chain documents here")).to_have_count(0)
    viewer.goto("/workers")
    expect(viewer.get_by_role("heading", name="Workers", exact=True)).to_be_visible()
    expect(viewer.get_by_role("link", name="Tokens")).to_have_count(0)
    viewer.route("**/api/v1/session", lambda route: None)
    viewer.goto("/tokens")
    expect(viewer.get_by_role("status", name="Loading")).to_be_visible()
    viewer.unroute("**/api/v1/session")
    expect(viewer.get_by_role("heading", name="Tokens are the operators'")).to_be_visible()


def test_a_token_that_is_typed_lets_the_browser_in(
    stranger: BrowserContext, platform: Platform, faults: Faults
) -> None:
    faults.expect("401", "WebSocket")
    secret = platform.ask("POST", "/tokens", {"name": "typed", "role": "viewer"})["secret"]
    page = stranger.new_page()
    faults.watch(page, urlsplit(platform.url).netloc)
    page.goto("/runs")
    page.get_by_label("Or give a token").fill("guessed")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("A valid token is needed")
    page.get_by_label("Or give a token").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    (cookie,) = stranger.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert cookie["value"] != secret
