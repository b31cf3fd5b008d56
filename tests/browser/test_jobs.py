"""Tests of policies that people ask for in the dashboard: progress, other protocols, what cannot be asked."""

import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Faults
from tests.browser.platform import RECORD_SECONDS, Platform
from tests.browser.test_library import DOCUMENT

pytestmark = pytest.mark.timeout(240)
ATARI: dict[str, Any] = {
    **DOCUMENT,
    "environment": {"id": "ALE/Frostbite-v5", "options": {"max_steps": 40}},
    "architecture": {"name": "nature-dqn", "actions": 18},
    "seeds": [3, 4],
}


@pytest.fixture
def policy(platform: Platform) -> Iterator[dict[str, Any]]:
    """An imported policy."""
    # What was asked of a policy is known again when it comes back: each test needs one of its own.
    unheard = {"seeds": [secrets.randbelow(2**32) for _ in range(3)], "name": "To be tested"}
    brought: dict[str, Any] = platform.ask("POST", "/policies", {**DOCUMENT, **unheard})
    yield brought
    platform.ask("DELETE", f"/policies/{brought['id']}")


def jobs(page: Page) -> Locator:
    """What was asked for, the newest first."""
    return page.get_by_role("list", name="Jobs").get_by_role("listitem")


def ask_for(page: Page, episodes: int) -> None:
    """Asks for a test."""
    page.get_by_label("Test on episodes").fill(str(episodes))
    page.get_by_role("button", name="Test", exact=True).click()


def await_done(job: Locator) -> None:
    """Waits until the job is done."""
    expect(job).to_contain_text("Done", timeout=1000 * RECORD_SECONDS)


def test_a_policy_is_tested_on_request_with_its_progress_shown(page: Page, policy: dict[str, Any]) -> None:
    page.goto(f"/policies/{policy['id']}")
    ask_for(page, 5)
    job = jobs(page).first
    expect(job).to_contain_text("Test on 5 episodes")
    expect(job.get_by_role("progressbar")).to_be_visible()
    await_done(job)
    own = page.get_by_role("region", name="Protocol: the environment's own rules")
    expect(own.get_by_role("row", name=re.compile("^Asked for"))).to_contain_text("n 5")
    expect(own.get_by_role("img", name=re.compile("^Asked for: mean"))).to_be_visible()
    expect(page.get_by_role("banner").or_(page.locator("header")).filter(has_text="To be tested")).to_contain_text(
        "n 5"
    )


def test_scores_of_another_protocol_stand_apart(page: Page, platform: Platform, policy: dict[str, Any]) -> None:
    page.goto(f"/policies/{policy['id']}")
    page.get_by_text("Under another protocol").click()
    page.get_by_role("textbox", name="Longest episode").fill("6")
    ask_for(page, 3)
    job = jobs(page).first
    expect(job).to_contain_text("6 steps")
    expect(job).to_contain_text("another protocol")
    await_done(job)
    other = page.get_by_role("region", name="Protocol: 6 steps")
    expect(other).to_contain_text("another protocol than its own")
    expect(other.get_by_role("row", name=re.compile("^Asked for"))).to_contain_text("6.0")
    page.get_by_text("Under another protocol").click()
    ask_for(page, 4)
    await_done(jobs(page).filter(has_text="Test on 4 episodes"))
    groups = page.get_by_role("region", name=re.compile("^Protocol: "))
    expect(groups).to_have_count(2)
    expect(groups.first).to_contain_text("own rules")
    expect(groups.first.get_by_role("row", name=re.compile("^Asked for"))).to_contain_text("n 4")
    assert platform.ask("GET", f"/policies/{policy['id']}")["score"]["n"] == 4


def test_an_atari_policy_is_tested_without_sticky_actions_with_another_cap(page: Page, platform: Platform) -> None:
    policy = platform.ask("POST", "/policies", ATARI)
    page.goto(f"/policies/{policy['id']}")
    page.get_by_text("Under another protocol").click()
    sticky = page.get_by_role("textbox", name="Sticky actions")
    expect(sticky).to_have_value("0.25")
    expect(page.get_by_role("textbox", name="Longest episode")).to_have_value("40")
    sticky.fill("0")
    page.get_by_role("textbox", name="Longest episode").fill("30")
    page.get_by_label("Minimal actions").uncheck()
    ask_for(page, 2)
    job = jobs(page).first
    expect(job).to_contain_text("no sticky actions, 30 steps, all actions")
    await_done(job)
    expect(page.get_by_role("region", name="Protocol: no sticky actions, 30 steps, all actions")).to_contain_text("n ")
    platform.ask("DELETE", f"/policies/{policy['id']}")


def test_what_cannot_be_asked_is_said_beside_it(page: Page, faults: Faults, policy: dict[str, Any]) -> None:
    faults.expect("422")
    page.goto(f"/policies/{policy['id']}")
    episodes = page.get_by_label("Test on episodes")
    for wrong in ("0", "10001", "many"):
        episodes.fill(wrong)
        expect(page.get_by_role("alert")).to_have_text("A whole number from 1 to 10,000.")
        expect(page.get_by_role("button", name="Test", exact=True)).to_be_disabled()
    page.get_by_text("Under another protocol").click()
    cap = page.get_by_role("textbox", name="Longest episode")
    cap.fill("none at all")
    ask_for(page, 3)
    expect(page.get_by_text("This is not a number.")).to_be_visible()
    expect(jobs(page)).to_have_count(0)


def test_a_test_is_cancelled(page: Page, policy: dict[str, Any]) -> None:
    page.goto(f"/policies/{policy['id']}")
    ask_for(page, 10_000)
    page.get_by_role("button", name="Cancel: Test on 10,000 episodes").click()
    expect(jobs(page).first).to_contain_text("Cancelled")


def test_an_environment_that_no_worker_can_make_is_said_to_be_so(
    page: Page, platform: Platform, faults: Faults
) -> None:
    faults.expect("422")
    stranger = platform.ask("POST", "/policies", {**DOCUMENT, "environment": {"id": "Nowhere-v0", "options": {}}})
    page.goto(f"/policies/{stranger['id']}")
    ask_for(page, 3)
    expect(page.get_by_role("alert")).to_contain_text("No connected worker can make 'Nowhere-v0'")
    page.get_by_role("button", name="Record an episode").click()
    expect(page.get_by_text("No connected worker can make 'Nowhere-v0'")).to_have_count(2)
    platform.ask("DELETE", f"/policies/{stranger['id']}")
