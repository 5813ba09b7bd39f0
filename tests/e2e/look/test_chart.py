"""The chart of a spool: drawn from its figures, kept through a poll, there without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import PAGES
from tests.e2e.look.spooled import stir_spools
from tests.fixtures.audited import unaudited

pytestmark = pytest.mark.django_db(transaction=True)
LINE = next(page for page in PAGES if page.label == "spool")
INK = """() => {
    const canvas = document.querySelector('.ma-chart canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] > 250) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    }
    return seen.size;
}"""

TOPS = """() => {
    const { scales } = document.querySelector('.ma-chart').maChart;
    return { depth: scales.depth.max, age: scales.age.max };
}"""


@pytest.fixture
def booth(live_server: LiveServer, engine: Browser) -> Iterator[Booth]:
    with Booth(engine, live_server.url, worlds.make("full")) as made:
        yield made


def test_the_chart_is_drawn_and_stays_when_the_page_is_new(booth: Booth) -> None:
    tab = booth.open(LINE)
    expect(tab.locator(".ma-chart canvas")).to_have_count(1)
    expect(tab.locator(".ma-chart-picture")).to_have_count(0)
    assert tab.evaluate(INK) > 3, "the canvas is blank"
    tops = tab.evaluate(TOPS)
    assert 437 < tops["depth"] < 500, "the highest figure stands below the edge"
    assert 2200 < tops["age"] < 2600
    tab.evaluate("() => { document.querySelector('.ma-chart').dataset.mine = 'yes'; }")

    with unaudited():
        stir_spools()
    with tab.expect_response(lambda answer: "/series/" in answer.url) as loaded:
        tab.evaluate("() => htmx.trigger('#spool', 'ma:look')")
    assert loaded.value.status == 200

    expect(tab.locator(".ma-chart[data-mine] canvas")).to_have_count(1)
    expect(tab.locator(".ma-chart")).to_have_count(1)
    assert booth.noise == []


def test_updates_can_be_paused_and_go_on(booth: Booth) -> None:
    tab = booth.open(LINE)
    asked = list[str]()
    tab.on("request", lambda request: asked.append(request.url))
    tab.get_by_role("button", name="Pause updates").click()
    with unaudited():
        stir_spools()
    tab.evaluate("() => htmx.trigger('#spool', 'ma:look')")
    tab.wait_for_timeout(300)
    assert [url for url in asked if "/live/" in url] == []
    expect(tab.locator("[data-ma-fresh]")).to_have_text("Paused")
    with tab.expect_response(lambda answer: "/live/" in answer.url) as came:
        tab.get_by_role("button", name="Resume updates").click()
    assert came.value.status == 200
    expect(tab.get_by_role("button", name="Pause updates")).to_be_visible()


def test_the_figures_under_the_pointer_are_told(booth: Booth) -> None:
    tab = booth.open(LINE)
    expect(tab.locator(".ma-chart canvas")).to_have_count(1)
    tab.locator(".u-over").hover(position={"x": 40, "y": 60})
    expect(tab.locator(".ma-chart-tip")).to_contain_text("waiting")
    expect(tab.locator(".ma-chart-tip")).to_contain_text("a minute")


def test_without_a_script_the_picture_stands_and_leads_to_the_numbers(booth: Booth) -> None:
    tab: Tab = booth.open(LINE, script=False)
    expect(tab.locator(".ma-chart-picture path.ma-chart-area")).to_be_visible()
    tab.get_by_role("link", name="The same as a table").click()
    expect(tab.locator("h1")).to_contain_text("24 h")
    assert tab.locator("tbody tr").count() > 250
    assert tab.locator("tr", has_text="no scan").count() == 20


def test_a_cell_of_the_table_narrows_the_messages_without_a_script(booth: Booth) -> None:
    tab: Tab = booth.open(LINE, script=False)
    tab.locator(".ma-heat tbody tr", has_text="orange.fr").locator("td a").first.click()
    expect(tab.locator(".ma-chip", has_text="To orange.fr")).to_be_visible()
    expect(tab.locator(".ma-chip", has_text="Age under 5 min")).to_be_visible()
    assert {row.split("@")[1].split()[0] for row in _to(tab)} == {"orange.fr"}
    tab.get_by_role("link", name="Remove the filter To orange.fr").click()
    assert len({row.split("@")[1].split()[0] for row in _to(tab)}) > 1


def _to(tab: Tab) -> list[str]:
    return tab.locator(".ma-messages .ma-two .ma-muted").all_inner_texts()
