"""Signed out, cut off or pressed twice: a form leaves its page only to be saved, and once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence

import pytest
from django.conf import settings as site
from playwright.sync_api import Browser, Locator, Route, expect
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from mailadmin.audit.models import AuditEvent
from routing.models import VirtualDomain
from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import PAGES, Page, State, looked_at
from tests.e2e.look.worlds import kept
from tests.integration.pages.world import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
KEY = "typed.example"
FORMS = "main form[method=post]"
TYPED = {
    "key": "twice.example",
    "name": "twice",
    "hosts": "twice.renater.fr",
    "reason": "Pressed twice.",
    "login": "claire",
    "password": PASSWORD,
}
SOON, LATE = 2.0, 20.0
"""How long a second and a first request may take to leave, s."""
ANEW = ("person.link_made",)
"""Done anew by each press: a link is told once, so the last one is shown and no other works."""
ANEW_ON = {"mfa-generate-recovery-codes": "person.factors_changed"}
"""The same of a page where the event alone does not tell it: recovery codes are told once too."""
SHORT = ("domain-add", "push-approver")
SAMPLES = ("design", "design_page")


@pytest.fixture
def booth(live_server: LiveServer, engine: Browser) -> Iterator[Booth]:
    """In front of the full site."""
    with Booth(engine, live_server.url, worlds.make("full")) as made:
        yield made


def test_who_was_signed_out_keeps_what_was_typed_and_saves_it_after_signing_in_again(
    booth: Booth,
) -> None:
    tab = _typed(booth)
    booth.context().clear_cookies(name=site.SESSION_COOKIE_NAME)
    _add(tab).click()
    expect(tab.locator("#strip-signed-out")).to_contain_text("You were signed out.")
    expect(tab.locator("#main")).to_contain_text("Add")
    expect(tab.locator("[name=password]")).to_have_count(0)
    assert tab.locator("[name=key]").input_value() == KEY
    assert not VirtualDomain.objects.filter(key=KEY).exists()

    with booth.context().expect_page() as opened:
        tab.locator("#strip-signed-out a").click()
    other = opened.value
    other.get_by_label("Name", exact=True).fill("claire")
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.locator(".ma-person")).to_be_visible()
    _add(tab).click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text(KEY)
    assert VirtualDomain.objects.get(key=KEY).changed_by == "Claire Martin"


def test_a_server_that_is_away_takes_nothing_from_a_form(booth: Booth) -> None:
    tab = _typed(booth)
    booth.context().set_offline(True)
    _add(tab).click()
    expect(tab.locator("#strip-not-saved")).to_contain_text("the server did not answer")
    assert tab.locator("[name=key]").input_value() == KEY
    booth.context().set_offline(False)
    _add(tab).click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text(KEY)


def test_a_page_of_one_person_does_not_act_for_another(booth: Booth) -> None:
    tab = _typed(booth)
    booth.come_in("luc")
    _add(tab).click()
    expect(tab.locator("#strip-not-saved")).to_contain_text("luc is signed in now")
    assert tab.locator("[name=key]").input_value() == KEY
    assert not VirtualDomain.objects.filter(key=KEY).exists()


def test_a_slow_network_sends_a_form_once_however_often_it_is_pressed(booth: Booth) -> None:
    tab, held, sent = _typed(booth), list[Route](), list[str]()
    tab.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    tab.route("**/session/", lambda route: held.append(route))
    with tab.expect_request("**/session/"):
        _add(tab).click(click_count=2)
    expect(_add(tab)).to_have_attribute("aria-busy", "true")
    _add(tab).click()
    for route in held:
        route.continue_()
    expect(tab.get_by_role("heading", level=1)).to_contain_text(KEY)
    assert len(sent) == 1
    assert VirtualDomain.objects.filter(key=KEY).count() == 1


def test_pressed_twice_without_javascript_it_is_done_once(
    live_server: LiveServer, engine: Browser
) -> None:
    _all_once(live_server, engine, [page for page in PAGES if page.label in SHORT])
    assert AuditEvent.objects.count() > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_form_of_every_page_pressed_twice_does_one_thing(
    live_server: LiveServer, engine: Browser
) -> None:
    pages = [p for p, _ in looked_at(State.NORMAL) if p.route and p.route not in SAMPLES]
    _all_once(live_server, engine, pages)


def _typed(booth: Booth) -> Tab:
    tab = booth.open(next(page for page in PAGES if page.label == "domain-add"))
    tab.locator("[name=key]").fill(KEY)
    return tab


def _add(tab: Tab) -> Locator:
    return tab.get_by_role("button", name="Add domain", exact=True)


def _all_once(server: LiveServer, engine: Browser, pages: Sequence[Page]) -> None:
    """Press each form of these pages once and, in the same site again, twice: the same events."""
    names = worlds.make("full")
    again, faults, wrote = kept(names), list[str](), 0
    for page in pages:
        for number in _forms(server, engine, page, names):
            once, *twice = (
                _events(server, engine, page, number, again(), presses=presses, script=script)
                for presses, script in ((1, False), (2, False), (2, True))
            )
            wrote += bool(once)
            faults += [
                f"{page.label} form {number}, script {script}: {events} instead of {once}"
                for script, events in zip((False, True), twice, strict=True)
                if events != once and not _is_anew(page, events)
            ]
    assert wrote >= len(pages) // 4
    assert not faults, "\n".join(faults)


def _is_anew(page: Page, events: Sequence[str]) -> bool:
    return bool(events) and {*events} <= {*ANEW, ANEW_ON.get(page.label, "")}


def _forms(
    server: LiveServer, engine: Browser, page: Page, names: Mapping[str, object]
) -> list[int]:
    """Which forms of a page can be pressed: the others are off, or ask for what nobody typed."""
    with Booth(engine, server.url, names) as booth:
        tab = booth.open(page, script=False)
        return [
            number
            for number in range(tab.locator(FORMS).count())
            if _filled(tab, number) is not None
        ]


def _filled(tab: Tab, number: int) -> Locator | None:
    """Unfold and fill a form; its button, unless it cannot be pressed."""
    form = tab.locator(FORMS).nth(number)
    if form.locator("[name=credential]").count():
        return None  # Sent by a key of somebody's, not by a press.
    for summary in form.locator("xpath=ancestor::details[not(@open)]/summary").all():
        summary.click()
    for name, words in TYPED.items():
        field = form.locator(f"[name={name}]:not([type=hidden])")
        if field.count() == 1 and not field.input_value():
            field.fill(words)
    button = form.locator("button").last
    if button.count() == 0 or not button.is_visible() or button.get_attribute("aria-disabled"):
        return None
    return button if form.evaluate("form => form.noValidate || form.checkValidity()") else None


def _events(
    server: LiveServer,
    engine: Browser,
    page: Page,
    number: int,
    names: Mapping[str, object],
    *,
    presses: int,
    script: bool,
) -> list[str]:
    """What is written when a form is pressed."""
    with Booth(engine, server.url, names) as booth:
        before = AuditEvent.objects.count()
        tab = booth.open(page, script=script)
        button = _filled(tab, number)
        assert button is not None
        sent = _pressed(tab, button, presses)
        if len(sent) != (1 if script else presses):
            return [f"{presses} presses, script {script}: sent {len(sent)} times"]
    # The server may still be at the request that the second press took the browser away from.
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join()
    return list(AuditEvent.objects.order_by("number").values_list("action", flat=True)[before:])


def _pressed(tab: Tab, button: Locator, presses: int) -> list[Route]:
    """Press a button, each time after the server did what the press before asked for and before
    its answer is seen: of two clicks at once a browser drops the first, and sends one request.
    """
    sent = list[Route]()
    tab.route("**", lambda asked: _hold(asked, sent))
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    for press in range(presses):
        # By the mouse: a locator would wait for the answer that is held back.
        tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        ends = time.monotonic() + (SOON if press else LATE)
        while len(sent) <= press and time.monotonic() < ends:
            tab.wait_for_timeout(50)
        if len(sent) > press:
            sent[press].fetch(max_redirects=0)
    return sent


def _hold(asked: Route, sent: list[Route]) -> None:
    if asked.request.method == "POST":
        sent.append(asked)
    else:
        asked.continue_()
