"""Ticked rows in a browser: the bar that follows them, by mouse and by keys, and none without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import PAGES

pytestmark = pytest.mark.django_db(transaction=True)
DOMAINS = next(page for page in PAGES if page.label == "domain-list")


@pytest.fixture
def booth(live_server: LiveServer, engine: Browser) -> Iterator[Booth]:
    """In front of the full site."""
    with Booth(engine, live_server.url, worlds.make("full")) as made:
        yield made


def ticks(tab: Tab) -> Locator:
    return tab.locator("input[name=pick]")


def ticked(tab: Tab) -> int:
    return tab.locator("input[name=pick]:checked").count()


def test_the_bar_comes_with_a_tick_says_how_many_and_leads_to_the_act(booth: Booth) -> None:
    tab = booth.open(DOMAINS)
    bar = tab.locator("#acts")
    expect(bar).to_be_hidden()

    ticks(tab).nth(1).check()
    expect(bar).to_be_in_viewport()
    ticks(tab).nth(4).click(modifiers=["Shift"])
    expect(bar.locator("[data-ma-selected]")).to_have_text("4 selected")
    expect(tab.locator("[data-ma-pick-all]")).to_have_js_property("indeterminate", True)

    tab.get_by_role("button", name="Add tags…").click()
    expect(tab.locator("#title")).to_have_text("Tag 4 virtual domains")
    tab.go_back()
    expect(bar.locator("[data-ma-selected]")).to_have_text("4 selected")

    tab.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    assert ticked(tab) == 0
    expect(ticks(tab).nth(1)).to_be_focused()
    assert booth.noise == []


def test_all_of_the_page_and_all_that_match_are_two_things(booth: Booth) -> None:
    tab = booth.open(DOMAINS)
    total = ticks(tab).count()
    tab.locator("[data-ma-pick-all]").check()
    said = tab.locator("[data-ma-selected]")
    expect(said).to_have_text(f"{total} selected")
    ticks(tab).nth(0).uncheck()
    expect(said).to_have_text(f"{total - 1} selected")
    tab.get_by_label(f"Select all {total} that match").check()
    expect(said).to_have_text(f"All {total} that match")
    tab.get_by_role("button", name="Set the note…").click()
    expect(tab.locator("#title")).to_have_text(f"Set the note of {total} virtual domains")


def test_keys_go_through_the_rows_and_tick_them(booth: Booth) -> None:
    tab = booth.open(DOMAINS)
    for key in "jxjxjxx":
        tab.keyboard.press(key)
    expect(tab.locator("[data-ma-selected]")).to_have_text("2 selected")
    ticks(tab).nth(0).focus()
    tab.keyboard.press("Space")
    tab.keyboard.press("j")
    expect(tab.locator("[data-ma-selected]")).to_have_text("1 selected")
    assert tab.evaluate("document.activeElement.tagName") == "A"


def test_without_a_script_the_same_form_stands_under_the_list(booth: Booth) -> None:
    tab = booth.open(DOMAINS, script=False)
    expect(tab.locator("#acts")).to_be_visible()
    expect(tab.get_by_role("button", name="Clear")).to_be_hidden()
    expect(tab.locator("[data-ma-pick-all]")).to_be_hidden()
    ticks(tab).nth(1).check()
    tab.get_by_role("button", name="Disable…").click()
    expect(tab.locator("#title")).to_contain_text("Disable conf.renater.fr")


def test_on_a_phone_rows_stay_in_sight_and_nothing_deletes(booth: Booth) -> None:
    tab = booth.open(DOMAINS)
    tab.set_viewport_size({"width": 390, "height": 844})
    ticks(tab).nth(1).check()
    bar = tab.locator("#acts")
    expect(bar).to_be_in_viewport()
    box = bar.bounding_box()
    assert box and box["height"] < 844 / 5
    expect(tab.get_by_role("button", name="Delete…")).to_be_hidden()
