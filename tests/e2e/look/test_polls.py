"""Every page that polls: nothing moves, nothing is lost, Back gives the whole page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings as site
from django.utils import timezone
from playwright.sync_api import Browser, Response, expect
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth, client_of
from tests.e2e.look.catalogue import HALF_WAY, NOBODY, ONE_OF_EACH, PAGES
from tests.e2e.look.catalogue import Page as Line
from tests.fixtures.audited import unaudited

pytestmark = pytest.mark.django_db(transaction=True)
SAMPLES = ("design", "design_page")
WATCH = """() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            window.shifts.push(...entry.sources.map((source) => {
                const { node, previousRect: from, currentRect: to } = source;
                const text = (node?.textContent || '').trim().replace(/\\s+/g, ' ').slice(0, 40);
                const way = `${from.x},${from.y} to ${to.x},${to.y}`;
                return `${node?.id || node?.nodeName} "${text}" ${way}`;
            }));
        }
    }).observe({ type: 'layout-shift', buffered: false });
}"""
MOVED_BY_AGES = """() => {
    const all = [...document.querySelectorAll('#main *')].filter((e) => !e.closest('svg'));
    const places = () => all.map((e) => e.getBoundingClientRect());
    const words = (e) => e.textContent.trim().replace(/\\s+/g, ' ').slice(0, 40);
    const begun = places();
    const found = [];
    for (const age of document.querySelectorAll('#main time[data-ma-age]')) {
        if (Date.now() - Date.parse(age.dateTime) > 3500e3) continue;
        const was = age.textContent;
        for (const text of ['now', '59\u00a0s ago', '59\u00a0min ago']) {
            age.textContent = text;
            const now = places();
            const moved = all.filter((e, at) =>
                Math.hypot(now[at].left - begun[at].left, now[at].top - begun[at].top) >= 3);
            if (moved.length) found.push(`${words(moved[0])} by ${words(age.parentElement)}`);
        }
        age.textContent = was;
    }
    return found;
}"""
"""Elements that an age younger than an hour moves as it runs on, or starts again."""

TWO_FRAMES = """() => new Promise(
    (done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))
)"""


@pytest.fixture
def booth(live_server: LiveServer, engine: Browser) -> Iterator[Booth]:
    """In front of the full site."""
    with Booth(engine, live_server.url, worlds.make("full")) as made:
        yield made


@pytest.mark.parametrize("lines", [ONE_OF_EACH, pytest.param(PAGES, marks=pytest.mark.long)])
def test_nothing_moves_over_two_polls_and_back_gives_the_whole_page(
    booth: Booth, lines: Sequence[Line]
) -> None:
    faults = list[str]()
    for line, tab in _polling(booth, lines):
        tab.evaluate("() => document.fonts.ready.then(() => true)")
        tab.evaluate(WATCH)
        quiet = _look(tab)
        if quiet.status not in (204, 286):
            faults.append(f"{line.label}: {quiet.status} while nothing was new")
        with _standing_at(timezone.now() + timedelta(seconds=1)):
            with unaudited():
                worlds.stir()
            told = _look(tab)
        # A page that waits for one answer names no version: what else is new is not its business.
        if "seen=" in told.url and told.status not in (200, 286):
            faults.append(f"{line.label}: {told.status} though something was new")
        tab.evaluate(TWO_FRAMES)
        faults += [f"{line.label}: {what} moved" for what in tab.evaluate("() => window.shifts")]
        faults += [f"{line.label}: {what} moved" for what in tab.evaluate(MOVED_BY_AGES)]
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


@contextmanager
def _standing_at(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield


def _polling(booth: Booth, lines: Sequence[Line] = PAGES) -> Iterator[tuple[Line, Tab]]:
    """Every page of them with a region that polls."""
    found = 0
    for line in lines:
        if line.route in SAMPLES or line.reader in (NOBODY, HALF_WAY):
            continue
        path = booth.address_of(line).removeprefix(booth.address)
        if b"data-ma-poll" not in client_of(line.reader).get(path).content:
            continue
        found += 1
        # The site's clock stands while a page is looked at: what turns late is no poll's doing.
        with _standing_at(timezone.now()):
            with unaudited():
                worlds.heard()
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
