"""The button that has a recording verified: a real worker replays its actions while one looks on."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import create_engine, text

from server.storage.database import driver_url
from tests.acceptance.processes import until
from tests.browser.conftest import PATIENCE_SECONDS
from tests.browser.platform import Platform
from tests.browser.test_library import DOCUMENT

SAME = "Verified: score, steps and final memory are exactly the same"


@pytest.fixture
def rollout(platform: Platform) -> Iterator[dict[str, Any]]:
    """A recorded episode of a policy that was brought."""
    policy = platform.ask("POST", "/policies", {**DOCUMENT, "seeds": [7, 12]})
    asked = platform.ask("POST", f"/policies/{policy['id']}/rollouts", {"seed": 5})

    def recorded() -> Any:
        """the episode is recorded, its video there"""
        shown = platform.ask("GET", f"/rollouts/{asked['id']}")
        return shown if shown["video"] else None

    yield until(recorded, PATIENCE_SECONDS)
    platform.ask("DELETE", f"/policies/{policy['id']}")


@contextmanager
def frozen(platform: Platform) -> Iterator[None]:
    """The worker stands still within."""
    platform._worker.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        platform._worker.send_signal(signal.SIGCONT)


def recordings(page: Page, rollout: dict[str, Any]) -> Locator:
    """The part of the policy's page that shows the recording."""
    page.goto(f"/policies/{rollout['policy']}?rollout={rollout['id']}")
    return page.get_by_role("region", name="Recordings")


def test_a_recording_is_verified_while_one_looks_on(page: Page, platform: Platform, rollout: dict[str, Any]) -> None:
    place = recordings(page, rollout)
    word = place.get_by_role("status", name="Verification")
    button = place.get_by_role("button", name="Verify", exact=True)
    with frozen(platform):
        button.click()
        expect(word).to_contain_text(re.compile("Waits for a worker|replays the actions"))
        expect(word.get_by_role("progressbar", name="Verification")).to_be_visible()
        expect(button).to_be_disabled()
    expect(word).to_contain_text(SAME)
    found = platform.ask("GET", f"/rollouts/{rollout['id']}")["verified"]
    expect(word.get_by_text(SAME)).to_have_attribute("title", re.compile(re.escape(f"engine {found['engine']}")))
    assert found["problem"] is None
    expect(place.get_by_role("button", name="Verify again")).to_be_enabled()
    page.reload()
    expect(word).to_contain_text(SAME)


def test_a_damaged_recording_is_told_in_words(page: Page, platform: Platform, rollout: dict[str, Any]) -> None:
    engine = create_engine(driver_url(platform._database_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE rollouts SET actions = 'nonsense' WHERE id = :id"), {"id": rollout["id"]})
    engine.dispose()
    place = recordings(page, rollout)
    place.get_by_role("button", name="Verify", exact=True).click()
    word = place.get_by_role("status", name="Verification")
    expect(word).to_contain_text("Not what it says: the actions do not replay the episode")
    expect(place).not_to_contain_text(SAME)


def test_what_is_not_recorded_offers_no_verification(page: Page, platform: Platform, rollout: dict[str, Any]) -> None:
    with frozen(platform):
        waiting = platform.ask("POST", f"/policies/{rollout['policy']}/rollouts", {"seed": 6})
        place = recordings(page, waiting)
        expect(place).to_contain_text("seed 6")
        expect(place.get_by_role("button", name=re.compile("^Verify"))).to_have_count(0)
    expect(place.get_by_role("button", name="Verify", exact=True)).to_be_enabled()
