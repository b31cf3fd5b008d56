"""Policies at play in the dashboard: elites generation by generation, several in step, videos that are not there."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.acceptance.processes import until
from tests.browser.conftest import PATIENCE_SECONDS, Faults
from tests.browser.platform import RECORD_SECONDS, Platform
from tests.browser.test_library import DOCUMENT, policies_of
from tests.browser.test_runs import SHORT

pytestmark = pytest.mark.timeout(300)
STEADY: dict[str, Any] = {
    **DOCUMENT,
    "environment": {"id": "Pendulum-v1", "options": {}},
    "architecture": {"name": "mlp", "inputs": 3, "hidden": [8], "actions": 1, "box": True},
}
"""A chain whose episodes all have 200 steps."""
IN_STEP_SECONDS = 0.5
"""Of two videos at single speed, on a busy machine."""


@pytest.fixture
def policy(platform: Platform) -> Iterator[dict[str, Any]]:
    """A policy of the library that plays for 200 steps."""
    brought: dict[str, Any] = platform.ask("POST", "/policies", {**STEADY, "name": "At play"})
    yield brought
    platform.ask("DELETE", f"/policies/{brought['id']}")


@pytest.fixture
def rollout(platform: Platform, policy: dict[str, Any]) -> dict[str, Any]:
    """Its recording."""
    return platform.record(policy["id"], 7)


def seconds(video: Locator) -> float:
    """Where the video is."""
    return float(video.evaluate("video => video.currentTime"))


def await_play(video: Locator, beyond: float = 0) -> None:
    """Waits until the video has played so far."""

    def has_played() -> bool:
        """the video plays"""
        return seconds(video) > beyond

    until(has_played, PATIENCE_SECONDS)


def test_a_slider_plays_each_generations_elite_in_step_with_the_curve(page: Page, platform: Platform) -> None:
    run = platform.create_run(**SHORT)
    platform.await_generation(run["id"], 2)
    until(lambda: platform.ask("GET", f"/runs/{run['id']}/elites")["items"][1:], PATIENCE_SECONDS)
    page.goto(f"/runs/{run['id']}")
    watch = page.get_by_role("region", name="Watch it learn")
    slider = watch.get_by_role("slider", name="Generation of the elite")
    curve = page.get_by_role("figure", name=re.compile("^Learning curve"))

    def mark() -> Any:
        return curve.evaluate("plot => plot.layout?.shapes?.at(-1)?.x0 ?? null")

    expect(slider).to_have_attribute("aria-valuetext", re.compile("^Generation 1"))
    until(lambda: mark() == 1, PATIENCE_SECONDS)
    slider.press("ArrowLeft")
    expect(watch).to_contain_text("Generation 0")
    expect(page).to_have_url(re.compile("watch=0"))
    until(lambda: mark() == 0, PATIENCE_SECONDS)
    video = watch.get_by_label(re.compile("^Median episode"))
    expect(video).to_be_visible(timeout=1000 * RECORD_SECONDS)  # Nobody has recorded it: whoever watches has it done.
    await_play(video)
    curve.evaluate("plot => plot.emit('plotly_click', { points: [{ x: 1 }] })")
    expect(watch).to_contain_text("Generation 1")
    expect(slider).to_have_value("1")
    until(lambda: mark() == 1, PATIENCE_SECONDS)
    newest = platform.ask("GET", f"/runs/{run['id']}/elites")["items"][1]
    recorded = platform.ask("GET", f"/policies/{newest['policy']}/rollouts")["items"]
    [median] = [each for each in recorded if each["label"] == "median"]
    expect(video).to_have_attribute("src", re.compile(median["id"]), timeout=1000 * RECORD_SECONDS)
    await_play(video)
    expect(page).to_have_url(re.compile("watch=1"))
    until(lambda: video.evaluate("video => video.ended"), PATIENCE_SECONDS)
    expect(watch.get_by_role("button", name="Play", exact=True)).to_be_visible()
    video.evaluate("video => { video.currentTime = 0; }")
    curve.evaluate("plot => plot.emit('plotly_click', { points: [{ x: 1 }] })")
    await_play(video)
    page.goto(page.url.replace("watch=1", "watch=0"))
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^Generation 0"))


def test_a_choice_stays_whatever_the_address_still_says_of_the_one_before(page: Page, platform: Platform) -> None:
    run = platform.create_run(**SHORT)
    platform.await_generation(run["id"], 2)
    page.goto(f"/runs/{run['id']}")
    slider = page.get_by_role("slider", name="Generation of the elite")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^Generation 1"))
    # In the very moment in which the address is given the first choice, another is made.
    slider.evaluate(
        """slider => {
            window.shown = [];
            const note = () => window.shown.push(slider.getAttribute("aria-valuetext").match(/\\d+/)[0]);
            new MutationObserver(note).observe(slider, { attributeFilter: ["aria-valuetext"] });
            const write = history.replaceState.bind(history);
            history.replaceState = (...given) => {
                write(...given);
                if (given[2].includes("watch=0")) document.querySelector("[aria-label='Elite after']").click();
            };
        }"""
    )
    slider.press("ArrowLeft")
    expect(page).to_have_url(re.compile("watch=1"))
    assert page.evaluate("window.shown") == ["0", "1"]


def test_keys_play_step_move_and_change_the_speed(page: Page, policy: dict[str, Any], rollout: dict[str, Any]) -> None:
    page.goto(f"/policies/{policy['id']}?rollout={rollout['id']}")
    player = page.get_by_role("group", name="Player")
    video = player.get_by_label(re.compile("^Episode asked for"))
    expect(player.get_by_role("button", name="Play", exact=True)).to_be_enabled()
    video.focus()
    page.keyboard.press(" ")
    await_play(video)
    page.keyboard.press(".")
    expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()
    stopped = seconds(video)
    page.keyboard.press(",")
    assert seconds(video) == pytest.approx(stopped - 1 / 60, abs=0.005)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert seconds(video) == pytest.approx(1, abs=0.005)
    page.keyboard.press("ArrowLeft")
    assert seconds(video) == 0
    for _ in range(5):
        page.keyboard.press(">")
    expect(player.get_by_role("radio", name="8×")).to_be_checked()
    assert video.evaluate("video => video.playbackRate") == 8
    for _ in range(9):
        page.keyboard.press("<")
    expect(player.get_by_role("radio", name="¼×")).to_be_checked()
    assert video.evaluate("video => video.playbackRate") == 0.25
    page.keyboard.press("End")
    assert seconds(video) == pytest.approx(video.evaluate("video => video.duration"), abs=0.05)
    player.get_by_role("radio", name="1×").check()
    player.get_by_role("slider", name="Place in the video").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert seconds(video) == pytest.approx(1, abs=0.005)
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    await_play(video)
    player.get_by_role("button", name="Pause", exact=True).click()
    stopped = seconds(video)
    page.keyboard.press("ArrowRight")
    assert seconds(video) == pytest.approx(stopped + 1, abs=0.005)
    page.keyboard.press(" ")
    await_play(video, stopped + 1)


def test_two_policies_play_in_step(
    page: Page, platform: Platform, policy: dict[str, Any], rollout: dict[str, Any]
) -> None:
    other = platform.ask("POST", "/policies", {**STEADY, "seeds": [5, 6], "name": "Beside it"})
    platform.record(other["id"], 8)
    page.goto(f"/policies/compare?id={policy['id']}&id={other['id']}")
    player = page.get_by_role("group", name="Players in step")
    videos = player.get_by_label(re.compile("^Episode asked for"))
    expect(videos).to_have_count(2)
    player.get_by_role("button", name="Play", exact=True).click()
    for place in range(2):
        await_play(videos.nth(place), 0.3)
    apart = "videos => Math.abs(videos[0].currentTime - videos[1].currentTime)"
    assert videos.evaluate_all(apart) < IN_STEP_SECONDS
    videos.nth(1).evaluate("video => { video.currentTime = 0; }")
    until(lambda: videos.evaluate_all(apart) < IN_STEP_SECONDS, PATIENCE_SECONDS)
    player.get_by_role("button", name="Pause").click()
    player.get_by_role("slider", name="Place in the video").fill("2")
    assert videos.evaluate_all("videos => videos.map(video => video.currentTime)") == [2, 2]
    platform.ask("DELETE", f"/policies/{other['id']}")


def test_a_video_that_was_evicted_is_made_again_while_one_waits(
    page: Page, platform: Platform, policy: dict[str, Any], rollout: dict[str, Any]
) -> None:
    platform.execute("DELETE FROM videos WHERE rollout_id = %s", rollout["id"])
    page.goto(f"/policies/{policy['id']}?rollout={rollout['id']}")
    player = page.get_by_role("group", name="Player")
    expect(player.get_by_role("status")).to_have_text("Video being made…")
    video = player.get_by_label(re.compile("^Episode asked for"))
    expect(video).to_be_visible(timeout=1000 * RECORD_SECONDS)
    player.get_by_role("button", name="Play", exact=True).click()
    await_play(video)


def test_a_page_that_knows_less_than_the_server_shows_the_video_all_the_same(
    page: Page, policy: dict[str, Any], rollout: dict[str, Any]
) -> None:
    def forget(route: Route) -> None:
        """The policy as it was before it was recorded."""
        reply = route.fetch()
        known = reply.json()
        known["rollouts"][0] |= {"state": "waiting", "video": False, "poster": False}
        route.fulfill(response=reply, json=known)

    page.route(re.compile(f"/api/v1/policies/{policy['id']}$"), forget)
    page.goto(f"/policies/{policy['id']}?rollout={rollout['id']}")
    player = page.get_by_role("group", name="Player")
    expect(player.get_by_label(re.compile("^Episode asked for"))).to_be_visible()


def test_a_damaged_video_is_said_to_be_damaged_and_made_again(
    page: Page, platform: Platform, faults: Faults, policy: dict[str, Any], rollout: dict[str, Any]
) -> None:
    faults.expect("Failed to load resource")
    platform.execute(
        "UPDATE videos SET mp4 = decode(repeat('00', size::int), 'hex'), "
        "sha256 = encode(sha256(decode(repeat('00', size::int), 'hex')), 'hex') WHERE rollout_id = %s",
        rollout["id"],
    )
    page.goto(f"/policies/{policy['id']}?rollout={rollout['id']}")
    player = page.get_by_role("group", name="Player")
    alert = player.get_by_role("alert")
    expect(alert).to_contain_text("it is damaged")
    player.get_by_role("button", name="Try again").click()
    expect(alert).to_contain_text("it is damaged")
    player.get_by_role("button", name="Make it again").click()
    video = player.get_by_label(re.compile("^Episode asked for"))
    expect(video).to_be_visible(timeout=1000 * RECORD_SECONDS)
    player.get_by_role("button", name="Play", exact=True).click()
    await_play(video)
    page.reload()
    player.get_by_role("button", name="Play", exact=True).click()
    await_play(video)


def test_a_recording_that_failed_says_why_and_is_tried_again(
    page: Page, viewer: Page, platform: Platform, policy: dict[str, Any], rollout: dict[str, Any]
) -> None:
    platform.execute("DELETE FROM videos WHERE rollout_id = %s", rollout["id"])
    platform.execute(
        "UPDATE rollouts SET state = 'failed', problem = 'It shows no pictures.' WHERE id = %s", rollout["id"]
    )
    address = f"/policies/{policy['id']}?rollout={rollout['id']}"
    viewer.goto(address)
    expect(viewer.get_by_role("group", name="Player").get_by_role("alert")).to_have_text("It shows no pictures.")
    expect(viewer.get_by_role("button", name="Try again")).to_have_count(0)
    page.goto(address)
    player = page.get_by_role("group", name="Player")
    expect(player.get_by_role("alert")).to_have_text("It shows no pictures.")
    player.get_by_role("button", name="Try again").click()
    expect(player.get_by_label(re.compile("^Episode asked for"))).to_be_visible(timeout=1000 * RECORD_SECONDS)


def test_an_ancestor_that_was_no_elite_is_recorded_and_plays(page: Page, platform: Platform) -> None:
    short = {"id": "CartPole-v1", "options": {"max_steps": 40}}
    many = {"generations": 30, "target_score": None}
    run = platform.create_run(**{**SHORT, "environment": short, "population": 12, "parents": 6, "budget": many})

    def with_lost_ancestor() -> str | None:
        """an elite with an ancestor that is not in the library"""
        for elite in policies_of(platform, run):
            line = platform.ask("GET", f"/policies/{elite['id']}/ancestors")["items"]
            if not all(each["policy"] for each in line):
                return str(elite["id"])
        return None

    page.goto(f"/policies/{until(with_lost_ancestor, RECORD_SECONDS)}")
    button = page.get_by_role("button", name=re.compile("^Record the ancestor")).first
    born = button.locator("xpath=ancestor::tr").get_by_role("rowheader").inner_text()
    button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{run['name']}, individual {born}")
    video = page.get_by_role("group", name="Player").get_by_label(re.compile("^Episode asked for"))
    expect(video).to_be_visible(timeout=1000 * RECORD_SECONDS)
    await_play(video)
    platform.ask("DELETE", page.url.split("/policies")[1].split("?")[0].join(["/policies", ""]))
