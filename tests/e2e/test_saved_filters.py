"""Filters by name, walked by several people in real browsers: saved, renamed, shared, used by who
cannot change it, changed by two at once, told when what it names is gone, and deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as site
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from mailadmin.saved.models import SavedFilter
from routing.models import MailHost, RoutingObject
from tests.e2e.desk import STEP_MS, Desk
from tests.e2e.look import worlds
from tests.e2e.look.booth import client_of
from tests.e2e.shots import WIDTHS, axe_faults_in, dress, shoot_all, sideways
from tests.fixtures.audited import unaudited

pytestmark = pytest.mark.django_db(transaction=True)
SitDown = Callable[[str], Desk]


@pytest.fixture
def at_desk(live_server: LiveServer, engine: Browser) -> Iterator[SitDown]:
    """Somebody at a browser of their own, signed in, in front of the full site."""
    worlds.make("full")
    with unaudited():
        SavedFilter.objects.all().delete()
    contexts = []

    def sit_down(username: str) -> Desk:
        context = engine.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        context.set_default_timeout(STEP_MS)
        name = site.SESSION_COOKIE_NAME
        value = client_of(username).cookies[name].value
        context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        return Desk(context.new_page(), live_server.url)

    yield sit_down
    for context in contexts:
        context.close()


def test_a_filter_is_saved_shared_used_by_another_and_deleted(at_desk: SitDown) -> None:
    claire, vera = at_desk("claire"), at_desk("vera")

    saves(claire, "/domains/?q=jres&sort=-key", "Ours")
    renames(claire, "Ours", "JRES")
    expect(links(vera)).to_have_count(0)
    shares(claire, "JRES")
    uses_what_is_not_hers(vera)
    may_not_change_it(vera)
    deletes(claire, "JRES")
    expect(links(vera)).to_have_count(0)
    page = vera.open("/domains/?q=jres&sort=-key")
    expect(page.locator("main tr[data-ma-row]").first).to_contain_text("jres")


def test_a_viewer_keeps_filters_for_herself(at_desk: SitDown) -> None:
    vera = at_desk("vera")
    page = vera.open("/domains/?q=jres")
    open_menu(page)
    page.get_by_role("link", name="Save what is shown now…").click()
    expect(page.get_by_role("checkbox", name="Offer it to everybody")).to_be_disabled()
    expect(page.locator("main")).to_contain_text("Editors offer a filter to everybody")
    page.get_by_label("Name", exact=True).fill("Mine alone")
    vera.button("Save the filter").click()
    expect(page.locator("#saved-filters > summary")).to_have_text("Mine alone")
    expect(links(vera)).to_have_count(1)
    expect(links(at_desk("claire"))).to_have_count(0)


def test_two_who_change_one_filter_at_once_see_what_it_is_by_now(at_desk: SitDown) -> None:
    claire, anne = at_desk("claire"), at_desk("anne")
    saves(claire, "/domains/?q=jres", "Ours")
    shares(claire, "Ours")

    change(claire, "Ours")
    change(anne, "Ours")
    anne.page.get_by_label("Name", exact=True).fill("Of JRES")
    anne.button("Save the filter").click()
    expect(anne.page).to_have_url(re.compile(r"/domains/\?q=jres$"))
    claire.page.get_by_label("Name", exact=True).fill("Of Claire")
    claire.button("Save the filter").click()
    told = claire.page.locator(".ma-notices")
    expect(told).to_contain_text("it is called Of JRES and offered to everybody.")
    expect(claire.page.get_by_label("Name", exact=True)).to_have_value("Of Claire")
    is_fit_to_show(claire.page, "filter-changed-meanwhile")
    claire.button("Save the filter").click()
    expect(claire.page).to_have_url(re.compile(r"/domains/\?q=jres$"))

    change(anne, "Of Claire")
    deletes(claire, "Of Claire")
    anne.button("Save the filter").click()
    expect(anne.page.locator("main")).to_contain_text("There is no such page")
    expect(links(anne)).to_have_count(0)


def test_a_filter_whose_tag_and_server_are_gone_says_so(at_desk: SitDown) -> None:
    claire = at_desk("claire")
    saves(claire, "/domains/?server=lists2&tag=paris", "Paris on lists2")
    with unaudited():
        MailHost.objects.filter(name="lists2").update(retired_at="2026-01-01T00:00:00Z")
        for row in RoutingObject.objects.filter(tags__contains="paris"):
            row.tags = row.tags.replace("paris", "lyon")
            row.save(update_fields=["tags"])
            row.tagged.filter(word="paris").delete()

    page = claire.open("/domains/")
    open_menu(page)
    page.get_by_role("link", name="Paris on lists2").first.click()
    expect(page.locator("main")).to_contain_text("No list server lists2 is in service.")
    expect(page.locator("main")).to_contain_text("Nothing here has the tag paris.")
    expect(page.get_by_role("link", name="Clear filters")).to_be_visible()
    is_fit_to_show(page, "filter-gone")


def open_menu(page: Page) -> None:
    page.locator("#saved-filters > summary").click()
    expect(page.locator("#saved-filters .ma-menu-list")).to_be_visible()


def links(desk: Desk) -> Locator:
    """The saved filters that the list of domains offers this person now."""
    return desk.open("/domains/").locator("#saved-filters .ma-menu-row")


def change(desk: Desk, name: str) -> Page:
    page = desk.open("/domains/")
    open_menu(page)
    page.get_by_role("link", name=f"Change the filter {name}").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    return page


def saves(desk: Desk, address: str, name: str) -> None:
    page = desk.open(address)
    open_menu(page)
    page.get_by_role("link", name="Save what is shown now…").click()
    desk.button("Save the filter").click()
    expect(page.locator("main")).to_contain_text("Nothing is written here. Write a name.")
    page.get_by_label("Name", exact=True).fill(name)
    is_fit_to_show(page, "filter-new")
    desk.button("Save the filter").click()
    expect(page).to_have_url(desk.address + address)
    expect(page.locator("#saved-filters > summary")).to_have_text(name)


def renames(desk: Desk, name: str, other: str) -> None:
    page = change(desk, name)
    page.get_by_label("Name", exact=True).fill(other)
    desk.button("Save the filter").click()
    expect(page.locator("#saved-filters > summary")).to_have_text(other)


def shares(desk: Desk, name: str) -> None:
    page = change(desk, name)
    page.get_by_role("checkbox", name="Offer it to everybody").check()
    desk.button("Save the filter").click()
    expect(page.locator("#saved-filters > summary")).to_have_text(name)
    open_menu(page)
    expect(page.locator("#saved-filters")).to_contain_text("offered to everybody")
    is_fit_to_show(page, "filter-menu")


def uses_what_is_not_hers(desk: Desk) -> None:
    page = desk.open("/domains/")
    open_menu(page)
    menu = page.locator("#saved-filters")
    expect(menu).to_contain_text("of Claire Martin")
    expect(menu.get_by_role("link", name=re.compile("^Change the filter"))).to_have_count(0)
    menu.get_by_role("link", name=re.compile("^JRES")).click()
    expect(page).to_have_url(f"{desk.address}/domains/?q=jres&sort=-key")
    expect(page.get_by_role("searchbox")).to_have_value("jres")
    expect(page.locator("#saved-filters > summary")).to_have_text("JRES")


def may_not_change_it(desk: Desk) -> None:
    """By its address: the page says whose it is, and a form sent all the same does nothing."""
    row = SavedFilter.objects.get(name="JRES")
    page = desk.open(f"/filters/{row.pk}/")
    expect(page.locator("#form-reason")).to_have_text("It belongs to Claire Martin.")
    expect(desk.button("Save the filter")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("button", name=re.compile("^Delete"))).to_have_count(0)
    is_fit_to_show(page, "filter-of-another")
    page.get_by_label("Name", exact=True).fill("Taken")
    page.evaluate("() => document.querySelector('main form').submit()")
    expect(page.locator(".ma-notices")).to_contain_text("JRES belongs to Claire Martin.")
    row.refresh_from_db()
    assert (row.name, row.shared) == ("JRES", True)


def deletes(desk: Desk, name: str) -> None:
    page = change(desk, name)
    is_fit_to_show(page, "filter-change")
    desk.button(f"Delete the filter {name}").click()
    expect(page).to_have_url(f"{desk.address}/domains/")
    expect(page.locator("#saved-filters .ma-menu-row")).to_have_count(0)


def is_fit_to_show(page: Page, name: str) -> None:
    """In both themes, wide and as a phone: a picture, nothing sideways, nothing that axe minds."""
    shoot_all(page, name)
    for width in WIDTHS:
        assert list(axe_faults_in(page, width=width)) == [], (name, width)
        assert sideways(page) <= 0, (name, width)
    dress(page, theme="light", width=1440)
