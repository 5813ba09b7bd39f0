"""The database is stopped under an open page: figures and what was typed stay where they are."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from deploy.sandbox.postgresql import throw_away_server
from tests.integration.pages.web import running
from tests.integration.pages.world import PASSWORD

KEY = "typed.example"


def test_open_pages_keep_what_they_hold_until_the_database_is_back(
    scratch: Path, small_postgresql: Path, desk: BrowserContext
) -> None:
    with (
        throw_away_server(scratch, small_postgresql) as server,
        running(scratch, server.url) as web,
    ):
        form, figures = _signed_in(desk, web.address), desk.new_page()
        form.goto(f"{web.address}/domains/add/")
        form.locator("[name=key]").fill(KEY)
        figures.goto(web.address)
        shown = figures.locator("#main").inner_text()
        server.stop()

        form.get_by_role("button", name="Add domain").click()
        expect(form.locator("#strip-not-saved")).to_contain_text("The database does not answer.")
        assert form.locator("[name=key]").input_value() == KEY
        for misses in (1, 2):
            _look(figures)
            expect(figures.locator("#strip-away")).to_have_count(misses - 1)
        expect(figures.locator("#strip-away")).to_contain_text("The database does not answer.")
        assert figures.locator("#main").inner_text()[:40] == shown[:40]

        server.start()
        _look(figures)
        expect(figures.locator("#strip-away")).to_have_count(0)
        form.get_by_role("button", name="Add domain").click()
        expect(form.get_by_role("heading", level=1)).to_contain_text(KEY)


def test_without_javascript_the_form_is_sent_again_from_the_page_that_says_so(
    scratch: Path, small_postgresql: Path, desk: BrowserContext
) -> None:
    assert desk.browser is not None
    plain = desk.browser.new_context(java_script_enabled=False)
    with (
        throw_away_server(scratch, small_postgresql) as server,
        running(scratch, server.url) as web,
    ):
        page = _signed_in(plain, web.address)
        page.goto(f"{web.address}/domains/add/")
        page.locator("[name=key]").fill(KEY)
        server.stop()
        page.get_by_role("button", name="Add domain").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("does not answer")
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("does not answer")
        server.start()
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(KEY)
    plain.close()


def _signed_in(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(f"{address}/sign-in/")
    page.get_by_label("Name", exact=True).fill("claire")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".ma-person")).to_be_visible()
    return page


def _look(page: Page) -> None:
    """Poll now, and wait for what comes."""
    with page.expect_response(lambda answer: "seen=" in answer.url):
        page.evaluate("() => htmx.trigger('[data-ma-poll]', 'ma:look')")
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
