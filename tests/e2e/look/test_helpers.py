"""What ma.js does, each on a sample page in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from mailadmin.people.roles import PersonRole
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)
ROLES = (PersonRole.ADMINISTRATOR, PersonRole.APPROVER)


def _look(page: Page) -> None:
    """Poll now instead of in 15 seconds."""
    page.evaluate("() => htmx.trigger('[data-ma-poll]', 'ma:look')")


def _theme(page: Page) -> str | None:
    return page.locator("html").get_attribute("data-bs-theme")


def test_the_theme_changes_at_once_and_the_server_remembers_it(signed_in: SignIn) -> None:
    page = signed_in("/design/", *ROLES)
    page.get_by_label("Colours").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark").click()
    assert _theme(page) == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-ma-theme") == "dark"
    assert _theme(page) == "dark"


def test_the_system_chooses_when_the_theme_is_auto(signed_in: SignIn) -> None:
    page = signed_in("/design/", *ROLES)
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_an_age_runs_on_without_the_server(signed_in: SignIn) -> None:
    page = signed_in("/design/", *ROLES)
    first = page.locator("time[data-ma-age]").first
    before = first.inner_text()
    expect(first).not_to_have_text(before, timeout=3000)


def test_a_poll_waits_while_somebody_types_in_its_region(signed_in: SignIn) -> None:
    page = signed_in("/design/push/", *ROLES)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "seen=" in sent.url else None)
    page.get_by_text("Refuse…").click()
    page.locator("#refuse-why").fill("Not on a Friday")
    _look(page)
    expect(page.locator("[data-ma-fresh]")).to_have_text("Updates held while you edit")
    assert asked == []
    assert page.locator("#refuse-why").input_value() == "Not on a Friday"


def test_a_poll_never_swaps_a_button_under_the_pointer(signed_in: SignIn) -> None:
    page = signed_in("/design/push/", *ROLES)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "seen=" in sent.url else None)
    page.locator("#approve-send").hover()
    _look(page)
    expect(page.locator("[data-ma-fresh]")).to_have_text("Updates held while you edit")
    assert asked == []
    page.locator("#push-title").hover()
    with page.expect_response("**seen=**"):
        _look(page)
    expect(page.locator("[data-ma-fresh]")).to_have_text("Live, every 15 s")


def test_a_poll_keeps_what_was_unfolded(signed_in: SignIn) -> None:
    page = signed_in("/design/push/", *ROLES)
    page.locator("#file-1 summary").click()
    with page.expect_response("**seen=**"):
        _look(page)
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    expect(page.locator("#file-1")).to_have_attribute("open", "")


def test_a_poll_after_sign_out_shows_a_strip_and_never_the_sign_in_form(
    signed_in: SignIn,
) -> None:
    page = signed_in("/design/push/", *ROLES)
    page.context.clear_cookies()
    _look(page)
    expect(page.locator("#strip-signed-out")).to_contain_text("You were signed out")
    expect(page.locator("#push-title")).to_be_visible()
    href = page.locator("#strip-signed-out a").get_attribute("href")
    assert href == "/sign-in/?next=%2Fdesign%2Fpush%2F"


def test_a_server_that_is_away_is_told_after_the_second_miss(signed_in: SignIn) -> None:
    page = signed_in("/design/push/", *ROLES)
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        _look(page)
    assert page.locator("#strip-away").count() == 0
    with page.expect_event("requestfailed"):
        _look(page)
    expect(page.locator("#strip-away")).to_be_visible()
    page.context.set_offline(False)
    _look(page)
    expect(page.locator("#strip-away")).to_have_count(0)


def test_keys_move_among_rows_and_can_be_switched_off(signed_in: SignIn) -> None:
    page = signed_in("/design/domains/", *ROLES)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[id='row-listes-demo.sympa.org']")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("[data-ma-route]")).to_be_focused()
    page.locator("#title").click()
    page.keyboard.press("f")
    expect(page.locator("[data-ma-search]")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("#title").click()
    page.keyboard.press("?")
    page.get_by_label("Use these keys in this browser").uncheck()
    page.keyboard.press("Escape")
    page.locator("[id='row-listes-jres.org']").focus()
    page.keyboard.press("k")
    expect(page.locator("[id='row-listes-jres.org']")).to_be_focused()


def test_a_form_is_sent_once_however_often_its_button_is_pressed(
    signed_in: SignIn, live_server: LiveServer
) -> None:
    page = signed_in("/design/push/", *ROLES)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    # The sample page takes no POST; what counts is how often the browser asks.
    with page.expect_response(lambda answer: answer.status == 405):
        page.evaluate(
            """() => {
            const button = document.querySelector('#approve-send');
            button.click(); button.click(); button.click();
        }"""
        )
    assert sent == [f"{live_server.url}/design/push/?"]


def test_a_disabled_button_keeps_its_place_in_the_tab_order_and_sends_nothing(
    signed_in: SignIn,
) -> None:
    page = signed_in("/design/push-author/", *ROLES)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    button = page.locator("#approve-send")
    button.focus()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert sent == []
    expect(page.locator("#approve-reason")).to_contain_text("can approve")


def test_the_navigation_of_a_phone_opens_and_gives_the_focus_back(signed_in: SignIn) -> None:
    page = signed_in("/design/", *ROLES)
    page.set_viewport_size({"width": 390, "height": 800})
    opener = page.get_by_role("button", name="Open the navigation")
    expect(page.locator("#nav a.ma-nav-link").first).not_to_be_visible()
    opener.click()
    expect(page.locator("#nav a.ma-nav-link").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#nav a.ma-nav-link").first).not_to_be_visible()
    expect(opener).to_be_focused()


def test_nothing_moves_over_two_polls(signed_in: SignIn) -> None:
    page = signed_in("/design/push/", *ROLES)
    page.evaluate("() => document.fonts.ready")
    page.evaluate(
        """() => {
        window.shifts = 0;
        new PerformanceObserver((list) => { window.shifts += list.getEntries().length; })
            .observe({ type: 'layout-shift', buffered: false });
    }"""
    )
    for _ in range(2):
        with page.expect_response("**seen=**"):
            _look(page)
        page.wait_for_function("() => !document.querySelector('.htmx-request')")
    assert page.evaluate("() => window.shifts") == 0
