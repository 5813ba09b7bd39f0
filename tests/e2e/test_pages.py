"""What only a browser shows: pages without JavaScript, ticks that answer at once, Back."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.desk import SignIn

DOMAIN = "plain.renater.fr"


def test_everything_can_be_done_without_javascript(sign_in: SignIn) -> None:
    claire = sign_in("claire", script=False)
    page = claire.open("/domains/add/")
    page.get_by_role("textbox", name="Domain", exact=True).fill(DOMAIN)
    claire.button("Add domain").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(DOMAIN)
    page = claire.open("/pushes/propose/")
    for tick in page.get_by_role("checkbox").all():
        tick.uncheck()
    claire.button("Show what the ticked edits change").click()
    expect(page.locator("#propose-reason")).to_have_text("Tick at least one edit.")
    page.get_by_role("checkbox", name=re.compile(DOMAIN)).check()
    claire.button("Show what the ticked edits change").click()
    expect(page.get_by_role("textbox", name="Title")).to_have_value(f"Add {DOMAIN}")
    expect(claire.button("Propose 1 edit")).to_be_visible()


def test_a_tick_shows_at_once_what_the_push_would_change(sign_in: SignIn) -> None:
    claire = sign_in("claire")
    page = claire.open("/pushes/propose/")
    ticks = page.get_by_role("checkbox")
    expect(ticks.first).to_be_checked()
    for number in range(ticks.count()):
        ticks.nth(number).uncheck()
        expect(ticks.nth(number)).not_to_be_checked()
    expect(page.locator("#propose-reason")).to_have_text("Tick at least one edit.")
    expect(page.get_by_role("table", name="Keys that change")).to_have_count(0)


def test_back_gives_a_whole_page_and_never_a_fragment(sign_in: SignIn) -> None:
    paul = sign_in("paul")
    page = paul.open("/pushes/1/")
    paul.open("/domains/?q=renater")
    page.go_back()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Push #1")
    page.go_forward()
    expect(page.get_by_role("searchbox")).to_have_value("renater")
