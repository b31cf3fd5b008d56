"""The library in the dashboard: found, filtered, marked, compared; a policy's page; documents brought and taken."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from evolution.chains import read_chain
from tests.acceptance.processes import until
from tests.browser.conftest import PATIENCE_SECONDS, Faults
from tests.browser.platform import Platform
from tests.browser.test_runs import LONG, SHORT

DOCUMENT = {
    "format": "philox-1",
    "architecture": {"name": "mlp", "inputs": 4, "hidden": [8], "actions": 2},
    "environment": {"id": "CartPole-v1", "options": {}},
    "seeds": [7, 11, 4_294_967_295],
    "power": 0.05,
    "name": "Brought from afar",
    "tags": ["borrowed"],
}
"""A chain that no run here bred."""
MISFIT = {
    "architecture": {"name": "nature-dqn", "actions": 6},
    "environment": {"id": "ALE/Frostbite-v5", "options": {"minimal_actions": False}},
}
"""Of a chain whose network has too few actions for its game."""
DROP = """([text, name, target]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, { type: 'application/json' }));
    for (const type of ['dragover', 'drop'])
        target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def cards(page: Page) -> Locator:
    """The policies shown."""
    return page.get_by_role("list", name="Policies", exact=True).get_by_role("article")


def policies_of(platform: Platform, run: dict[str, Any]) -> list[dict[str, Any]]:
    """The run's elites in the library, by generation."""
    items = platform.ask("GET", f"/policies?run={run['id']}&sort=created&order=asc")["items"]
    return list(items)


@pytest.fixture
def run(platform: Platform) -> dict[str, Any]:
    """A run with two generations whose elites are in the library."""
    run = platform.create_run(**SHORT)
    platform.await_generation(run["id"], 2)
    until(lambda: policies_of(platform, run), PATIENCE_SECONDS)
    return run


def drop(page: Page, text: str, name: str) -> None:
    """Drags a file onto the library."""
    place = page.get_by_role("region", name="Library").element_handle()
    page.evaluate(DROP, [text, name, place])


def test_the_library_shows_elites_with_score_and_origin(page: Page, platform: Platform, run: dict[str, Any]) -> None:
    first = policies_of(platform, run)[0]
    page.goto("/runs")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Library").click()
    page.get_by_role("searchbox", name="Search policies").fill(run["name"])
    expect(page).to_have_url(re.compile("q="))
    card = page.get_by_role("article", name=first["name"])
    expect(card).to_contain_text(f"n {first['score']['n']}")
    expect(card.get_by_role("link", name=run["name"], exact=True)).to_have_attribute("href", f"/runs/{run['id']}")
    card.get_by_role("link", name=first["name"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(first["name"])


def test_the_address_holds_filters_and_order(page: Page, platform: Platform, run: dict[str, Any]) -> None:
    page.goto("/policies")
    page.get_by_role("radio", name="From runs").check()
    page.get_by_label("Sort by").select_option(label="Name")
    page.get_by_role("button", name=re.compile("^Order: ascending")).click()
    page.get_by_label("Environment").select_option("CartPole-v1")
    page.goto(page.url)
    expect(page.get_by_role("radio", name="From runs")).to_be_checked()
    expect(page.get_by_label("Environment")).to_have_value("CartPole-v1")
    asked = "/policies?origin=run&environment=CartPole-v1&sort=name&order=desc"
    names = [policy["name"] for policy in platform.ask("GET", asked)["items"]]
    expect(cards(page).get_by_role("heading")).to_have_text(names)
    page.get_by_role("searchbox", name="Search policies").fill("nothing like it")
    page.get_by_role("button", name="Show all policies").click()
    expect(page.get_by_role("radio", name="All")).to_be_checked()


def test_filters_say_how_many_policies_each_choice_would_show(page: Page, platform: Platform) -> None:
    made = [
        platform.ask("POST", "/policies", {**DOCUMENT, "seeds": [seed, 77], "name": f"counted {seed}", "tags": tags})
        for seed, tags in enumerate([["rare", "often"], ["often"], ["often"]])
    ]
    page.goto("/policies?q=counted")
    expect(page.get_by_role("status").filter(has_text="3 policies")).to_be_visible()
    tags = page.get_by_label("Tag", exact=True)
    expect(tags.get_by_role("option")).to_have_text(["Any tag", "often (3)", "rare (1)"])
    expect(page.get_by_label("Environment").get_by_role("option")).to_have_text(["Any environment", "CartPole (3)"])
    expect(page.get_by_text("Imported 3")).to_be_visible()
    tags.select_option("rare")
    expect(page).to_have_url(re.compile("tag=rare"))
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="1 policy")).to_be_visible()
    expect(tags.get_by_role("option")).to_have_text(["Any tag", "often (3)", "rare (1)"])
    expect(page.get_by_text("Imported 1")).to_be_visible()
    for policy in made:
        platform.ask("DELETE", f"/policies/{policy['id']}")


def test_further_pages_come_when_one_scrolls(page: Page, platform: Platform) -> None:
    for seed in range(60):
        platform.ask("POST", "/policies", {**DOCUMENT, "seeds": [seed], "name": f"many {seed:02}", "tags": ["many"]})
    page.goto("/policies?tag=many&sort=name")
    expect(cards(page).first).to_have_accessible_name("many 00")
    page.mouse.move(600, 600)

    def is_whole() -> bool:
        """all sixty are listed"""
        page.mouse.wheel(0, 20_000)
        return cards(page).count() == 60

    until(is_whole, PATIENCE_SECONDS)
    for policy in platform.ask("GET", "/policies?tag=many&limit=100")["items"]:
        platform.ask("DELETE", f"/policies/{policy['id']}")


def test_a_document_is_dropped_named_tagged_taken_away_and_deleted(page: Page, platform: Platform) -> None:
    page.goto("/policies")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    drop(page, json.dumps(DOCUMENT), "chain.json")
    expect(page.get_by_role("heading", level=1)).to_have_text("Brought from afar")
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Edit")
    dialog.get_by_label("Name").fill("Renamed here")
    dialog.get_by_label("Tags").fill("kept, by hand")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Renamed here")
    expect(page.get_by_role("list", name="Tags").get_by_role("listitem")).to_have_text(["kept", "by hand"])
    page.get_by_role("button", name="Copy the chain").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert list(read_chain(page.evaluate("navigator.clipboard.readText()")).seeds) == DOCUMENT["seeds"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Download: Document").click()
    assert list(read_chain(Path(download.value.path()).read_text()).seeds) == DOCUMENT["seeds"]
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete the policy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")
    found = platform.ask("GET", "/policies?search=Renamed")["items"]
    assert found == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("no JSON", "JSON"),
        (json.dumps({**DOCUMENT, "format": "unheard-of"}), "unheard-of"),
        (json.dumps({**DOCUMENT, "seeds": [2**32]}), "seeds"),
        (json.dumps({**DOCUMENT, "seeds": [-1]}), "seeds"),
        (
            json.dumps({**DOCUMENT, **MISFIT}),
            "Its network has 6 actions, but ALE/Frostbite-v5 with all actions has 18",
        ),
        (" " * 1_000_001, "megabyte"),
    ],
)
def test_a_file_that_is_no_chain_is_refused_with_the_reason(
    page: Page, faults: Faults, document: str, said: str
) -> None:
    faults.expect("422", "400")
    page.goto("/policies")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    drop(page, document, "broken.json")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("broken.json")
    expect(alert).to_contain_text(said)
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_be_hidden()


def test_a_policys_page_tells_its_scores_size_and_ancestors(
    page: Page, platform: Platform, run: dict[str, Any]
) -> None:
    newest = policies_of(platform, run)[-1]
    detail = platform.ask("GET", f"/policies/{newest['id']}")
    page.goto(f"/policies/{newest['id']}")
    facts = page.get_by_role("region", name="Facts")
    expect(facts).to_contain_text(f"{detail['parameters']:,} weights")
    expect(facts).to_contain_text(f"{detail['weights_bytes']:,} B of weights from {detail['chain_bytes']:,} B of seeds")
    expect(facts).to_contain_text(detail["parameters_sha256"][:16])
    scores = page.get_by_role("region", name="Scores")
    expect(scores).to_contain_text(detail["scores"][0]["protocol"])
    expect(scores.get_by_role("img", name=re.compile("^Validation: mean"))).to_be_visible()
    ancestors = platform.ask("GET", f"/policies/{newest['id']}/ancestors")["items"]
    if len(ancestors) > 1:
        expect(page.get_by_role("table", name="Ancestors").get_by_role("rowheader")).to_have_count(len(ancestors))
    else:
        expect(page.get_by_role("region", name="Ancestors")).to_contain_text("first generation")


def test_marked_policies_are_compared_and_share_what_the_tree_says(page: Page, platform: Platform) -> None:
    beginnings = {"one": [1, 2, 3], "other": [1, 2, 4, 5], "third": [1, 9]}
    made = [
        platform.ask("POST", "/policies", {**DOCUMENT, "seeds": seeds, "name": name, "tags": ["kin"]})
        for name, seeds in beginnings.items()
    ]
    page.goto("/policies?tag=kin")
    for name in beginnings:
        page.get_by_role("checkbox", name=f"Compare {name}").check()
    page.get_by_role("link", name="Compare 3").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3 policies compared")
    expect(page.get_by_role("img", name=re.compile("^All 3 share their first 1 seed, 2 "))).to_be_visible()
    leaves = page.get_by_role("list", name="Policies by lineage").get_by_role("listitem")
    expect(leaves).to_have_count(3)
    for policy in made:
        platform.ask("DELETE", f"/policies/{policy['id']}")


def test_who_marks_more_than_can_be_compared_is_told_what_is_unmarked(page: Page, platform: Platform) -> None:
    policy = platform.ask("POST", "/policies", {**DOCUMENT, "seeds": [13], "name": "one more"})
    marked = [f"{number:016x}" for number in range(12)]
    page.goto(f"/policies?q=one+more&pick={','.join(marked)}")
    page.get_by_role("checkbox", name="Compare one more").check()
    expect(page.get_by_text("the one marked first is unmarked")).to_be_visible()
    expect(page).to_have_url(re.compile(f"{marked[11]}.*{policy['id'][:16]}"))
    expect(page).not_to_have_url(re.compile(marked[0]))
    page.get_by_role("checkbox", name="Compare one more").uncheck()
    expect(page.get_by_role("link", name="Compare 11")).to_be_visible()
    platform.ask("DELETE", f"/policies/{policy['id']}")


def test_a_new_elite_is_announced_and_shown_when_asked_for(page: Page, platform: Platform) -> None:
    page.goto("/policies?origin=run")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    platform.create_run(**LONG)
    page.get_by_role("button", name=re.compile("changed or new: show")).first.click()
    expect(cards(page).first).to_be_visible()


def test_what_is_not_there_is_said(page: Page, faults: Faults) -> None:
    faults.expect("404")
    page.goto("/policies/00000000")
    expect(page.get_by_role("heading", name="There is no such policy")).to_be_visible()
    page.get_by_role("link", name="Show all policies").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")
