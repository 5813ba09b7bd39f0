"""Ticked messages and domains of a spool in a browser: held through polls, and without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import PAGES
from tests.e2e.look.spooled import stir_spools
from tests.fixtures.audited import unaudited

pytestmark = pytest.mark.django_db(transaction=True)
SPOOL = next(page for page in PAGES if page.label == "spool")


@pytest.fixture
def booth(live_server: LiveServer, engine: Browser) -> Iterator[Booth]:
    with Booth(engine, live_server.url, worlds.make("full")) as made:
        yield made


def test_ticks_outlast_polls_and_lead_to_the_question(booth: Booth) -> None:
    tab = booth.open(SPOOL)
    messages, domains = tab.locator("#flush-messages"), tab.locator("#flush-domains")
    expect(messages).to_be_hidden()
    tab.locator(".ma-messages input[name=message]").nth(0).focus()
    for key in ("Space", "j", "x"):
        tab.keyboard.press(key)
    expect(messages).to_be_in_viewport()
    expect(messages.locator("[data-ma-selected]")).to_have_text("2 selected")
    expect(domains).to_be_hidden()

    with unaudited():
        stir_spools()
    tab.evaluate("() => htmx.trigger('#spool', 'ma:look')")
    expect(tab.locator("[data-ma-fresh]")).to_have_text("Updates held while you edit")
    assert tab.locator(".ma-messages input[name=message]:checked").count() == 2

    messages.get_by_role("button", name="Clear").click()
    expect(messages).to_be_hidden()
    tab.locator("#title").focus()
    with tab.expect_response(lambda answer: "/live/" in answer.url) as came:
        tab.evaluate("() => htmx.trigger('#spool', 'ma:look')")
    assert came.value.status == 200
    tab.get_by_label("orange.fr", exact=True).check()
    expect(domains.locator("[data-ma-selected]")).to_have_text("1 selected")
    domains.get_by_role("button", name="Flush to the ticked domains by fallback…").click()
    expect(tab.locator(".ma-side button")).to_contain_text("Flush messages to orange.fr by")
    assert booth.noise == []


def test_without_a_script_the_same_forms_stand_under_the_rows(booth: Booth) -> None:
    tab = booth.open(SPOOL, script=False)
    for at in (0, 1):
        tab.locator(".ma-messages input[name=message]").nth(at).check()
    tab.get_by_role("button", name="Flush the ticked messages by fallback…").click()
    expect(tab.locator(".ma-side button")).to_contain_text("Flush 2 chosen messages by fallback")
