"""The first page in a browser: a look that finds the same replaces ages, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from mailadmin.wire.models import Agent
from routing.models import HostState
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import PAGES
from tests.fixtures.audited import unaudited
from tests.integration.pages import world

pytestmark = pytest.mark.django_db(transaction=True)
HOME = next(page for page in PAGES if page.route == "home")
LETTERS = """() => [...document.querySelectorAll('.ma-topology-picture text')].map((e) => {
    const { left, right, top, bottom } = e.getBoundingClientRect();
    const size = parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a;
    return { text: e.textContent, size, left, right, top, bottom };
}).filter((found) => found.text)"""
LEADING = 3
"""Lines of text may come that near: a box of letters holds room above and below them."""


def _overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    across = one["left"] < other["right"] and other["left"] < one["right"]
    down = one["top"] < other["bottom"] - LEADING and other["top"] < one["bottom"] - LEADING
    return across and down


def _looked(moment: timedelta) -> None:
    """The agents look again and find the same."""
    with unaudited():
        Agent.objects.update(last_seen_at=timezone.now() + moment)
        HostState.objects.update(
            deploy_at=timezone.now() + moment, spool_at=timezone.now() + moment
        )


def _poll(tab: Tab) -> int:
    with tab.expect_response(lambda answer: "seen=" in answer.url) as came:
        tab.evaluate("() => htmx.trigger('[data-ma-poll]', 'ma:look')")
    tab.wait_for_function("() => !document.querySelector('.htmx-request')")
    return came.value.status


def test_a_look_that_finds_the_same_leaves_focus_scroll_and_the_page(
    live_server: LiveServer, engine: Browser
) -> None:
    with unaudited():
        world.people()
        world.imported(world.list_server())
    with Booth(engine, live_server.url, {}) as booth:
        tab = booth.open(HOME)
        tab.set_viewport_size({"width": 390, "height": 500})
        age = tab.locator("#age-agents time")
        panel = tab.locator(".ma-panel", has=tab.locator("#age-agents"))
        panel.focus()
        panel.evaluate("(element) => { element.kept = 'the same element'; }")
        tab.evaluate("() => window.scrollTo(0, 300)")
        before = age.get_attribute("datetime")
        scrolled = tab.evaluate("() => window.scrollY")
        assert scrolled > 0
        _looked(timedelta(seconds=1))
        assert _poll(tab) == 200
        expect(age).not_to_have_attribute("datetime", before or "")
        assert panel.evaluate("(element) => element.kept") == "the same element"
        expect(panel).to_be_focused()
        assert tab.evaluate("() => window.scrollY") == scrolled
        # The page sends what it shows now: there is nothing new.
        assert _poll(tab) == 204
        with unaudited():
            HostState.objects.update(kept_total=3)
        assert _poll(tab) == 200
        expect(tab.locator("#need-kept-listes")).to_be_visible()
        assert not booth.noise


@pytest.mark.parametrize(("servers", "width"), [(1, 1440), (6, 1440), (20, 1440), (6, 1920)])
def test_the_picture_is_readable(
    servers: int, width: int, live_server: LiveServer, engine: Browser
) -> None:
    """As the browser draws it: letters of 13 px, and no words that lie on others."""
    with unaudited():
        world.people()
        for at in range(servers):
            host = world.list_server(f"lists{at}", at)
            lines = [f"d{key}.lists{at}.example\tesmtp:[127.0.0.1]" for key in range(3)]
            lines += [f"h{at}.example\tesmtp:[h{at}.example]"] * (at % 2)
            lines += [f"f{at}.example\terror:5.1.2 gone"] * (at % 3 == 0)
            lines += [f"r{at}.example\tesmtp:[smtp{at % 4}.renater.fr]"]
            lines += [f".\tesmtp:[smtp{at % 3}.renater.fr]"] * (at % 5 != 4)
            world.imported(host, "\n".join(lines) + "\n")
    with Booth(engine, live_server.url, {}) as booth:
        tab = booth.open(HOME)
        tab.set_viewport_size({"width": width, "height": 900})
        tab.evaluate("() => document.fonts.ready.then(() => true)")
        found = tab.evaluate(LETTERS)
        assert len(found) > 12
        assert min(text["size"] for text in found) >= 13
        for one, other in combinations(found, 2):
            assert not _overlap(one, other), (one, other)
        tab.set_viewport_size({"width": 390, "height": 900})
        expect(tab.locator(".ma-topology-picture")).to_be_hidden()
        expect(tab.locator("#topology-words")).to_be_visible()


def test_under_the_pointer_a_source_keeps_its_arrows_and_the_others_step_back(
    live_server: LiveServer, engine: Browser
) -> None:
    with unaudited():
        world.people()
        for at in range(2):
            host = world.list_server(f"lists{at}", at)
            world.imported(host, f"d.lists{at}.example\tesmtp:[127.0.0.1]\n.\tesmtp:[smtp{at}]\n")
    with Booth(engine, live_server.url, {}) as booth:
        tab = booth.open(HOME)
        sources = tab.locator(".ma-source")
        assert sources.count() == 2
        sources.first.locator("a").hover()
        expect(sources.first.locator(".ma-arrow").first).to_have_css("opacity", "1")
        expect(sources.last.locator(".ma-arrow").first).to_have_css("opacity", "0.15")
        tab.locator("#title").hover()
        expect(sources.last.locator(".ma-arrow").first).to_have_css("opacity", "1")
