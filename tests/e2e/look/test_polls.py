"""Every page that polls: nothing moves, nothing is lost, Back gives the whole page."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site
from playwright.sync_api import Browser, Response, expect
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth, client_of
from tests.e2e.look.catalogue import HALF_WAY, NOBODY, PAGES
from tests.e2e.look.catalogue import Page as Line
from tests.fixtures.audited import unaudited

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
SAMPLES = ("design", "design_page")
WATCH = """() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            window.shifts.push(entry.sources.map((s) => s.node?.id || s.node?.nodeName).join());
        }
    }).observe({ type: 'layout-shift', buffered: false });
}"""
TWO_FRAMES = """() => new Promise(
    (done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))
)"""


@pytest.fixture
def booth(live_server: LiveServer, engine: Browser) -> Iterator[Booth]:
    """In front of the full site."""
    with Booth(engine, live_server.url, worlds.make("full")) as made:
        yield made


def test_nothing_moves_over_two_polls_and_back_gives_the_whole_page(booth: Booth) -> None:
    faults = list[str]()
    for line, tab in _polling(booth):
        tab.evaluate("() => document.fonts.ready.then(() => true)")
        tab.evaluate(WATCH)
        quiet = _look(tab)
        if quiet.status not in (204, 286):
            faults.append(f"{line.label}: {quiet.status} while nothing was new")
        with unaudited():
            worlds.stir()
        told = _look(tab)
        # A page that waits for one answer names no version: what else is new is not its business.
        if "seen=" in told.url and told.status not in (200, 286):
            faults.append(f"{line.label}: {told.status} though something was new")
        tab.evaluate(TWO_FRAMES)
        faults += [f"{line.label}: {what} moved" for what in tab.evaluate("() => window.shifts")]
        tab.goto(f"{booth.address}/domains/")
        tab.go_back()
        if tab.locator("nav#nav").count() != 1 or tab.locator("h1").count() != 1:
            faults.append(f"{line.label}: Back gave a fragment")
        tab.close()
    assert not faults, "\n".join(faults)


@pytest.mark.long
def test_a_poll_after_sign_out_says_so_and_leaves_the_page(booth: Booth) -> None:
    faults = list[str]()
    for line, tab in _polling(booth):
        before = tab.locator("#main").inner_text()
        booth.context().clear_cookies(name=site.SESSION_COOKIE_NAME)
        _look(tab)
        expect(tab.locator("#strip-signed-out")).to_contain_text("You were signed out")
        if tab.locator("[name=password]").count():
            faults.append(f"{line.label}: a sign-in form stands in the page")
        if len(tab.locator("#main").inner_text()) < len(before) // 2:
            faults.append(f"{line.label}: the page is gone")
        tab.close()
    assert not faults, "\n".join(faults)


@pytest.mark.long
def test_figures_stay_while_the_server_is_away(booth: Booth) -> None:
    faults = list[str]()
    for line, tab in _polling(booth):
        words = tab.locator("h1").inner_text()
        booth.context().set_offline(True)
        for misses in (1, 2):
            with tab.expect_event("requestfailed"):
                tab.evaluate("() => htmx.trigger('[data-ma-poll]', 'ma:look')")
            tab.evaluate(TWO_FRAMES)
            if tab.locator("#strip-away").count() != misses - 1:
                faults.append(f"{line.label}: {misses} misses and the strip is wrong")
        if tab.locator("h1").inner_text() != words:
            faults.append(f"{line.label}: the figures are gone")
        booth.context().set_offline(False)
        tab.close()
    assert not faults, "\n".join(faults)


def _polling(booth: Booth) -> Iterator[tuple[Line, Tab]]:
    """Every page with a region that polls."""
    found = 0
    for line in PAGES:
        if line.route in SAMPLES or line.reader in (NOBODY, HALF_WAY):
            continue
        path = booth.address_of(line).removeprefix(booth.address)
        if b"data-ma-poll" not in client_of(line.reader).get(path).content:
            continue
        found += 1
        yield line, booth.open(line)
    assert found >= 6


def _look(tab: Tab) -> Response:
    """Poll now, and wait until what came is in its place."""
    asked = tab.locator("[data-ma-poll]").first.get_attribute("hx-get") or ""
    path = asked.partition("?")[0]
    with tab.expect_response(lambda answer: urlsplit(answer.url).path == path) as came:
        tab.evaluate("() => htmx.trigger('[data-ma-poll]', 'ma:look')")
    tab.wait_for_function("() => !document.querySelector('.htmx-request')")
    return came.value
