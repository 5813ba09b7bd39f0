"""A security key of one's own, spoken to by the browser: added, refused, renamed and removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, expect
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import PAGES

pytestmark = pytest.mark.django_db(transaction=True)
KEY: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def adding(live_server: LiveServer, engine: Browser) -> Iterator[Tab]:
    """Claire's page that adds a key."""
    with Booth(engine, live_server.url, worlds.make("empty")) as booth:
        booth.come_in("claire")
        page = next(page for page in PAGES if page.route == "mfa_add_webauthn")
        tab = booth.context().new_page()
        tab.goto(booth.address_of(page))
        yield tab
        assert booth.noise == []


def plug_in(tab: Tab, **more: bool) -> CDPSession:
    """Give the browser a key, as the developers of Chromium made it for tests."""
    devtools = tab.context.new_cdp_session(tab)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY | more})
    return devtools


def test_a_key_is_added_renamed_and_removed(adding: Tab) -> None:
    plug_in(adding, hasUserVerification=True, isUserVerified=True)
    adding.get_by_role("textbox", name="Name").fill("On my ring")
    adding.get_by_label("It signs me in alone").check()
    adding.get_by_role("button", name="Add the key").click()
    expect(adding.get_by_role("heading", level=1)).to_contain_text("Recovery codes")

    adding.goto(adding.url.partition("/account/")[0] + "/account/2fa/webauthn/")
    expect(adding.get_by_role("row")).to_have_count(2)
    adding.get_by_label("Actions for On my ring").click()
    adding.get_by_role("link", name="Rename").click()
    adding.get_by_role("textbox", name="Name").fill("In the safe")
    adding.get_by_role("button", name="Rename the key").click()
    adding.get_by_label("Actions for In the safe").click()
    adding.get_by_role("link", name="Remove").click()
    adding.get_by_role("button", name="Remove the key").click()
    expect(adding.locator("main")).to_contain_text("No security keys yet")


def test_a_key_that_refuses_is_said_and_may_be_tried_again(adding: Tab) -> None:
    devtools = plug_in(adding, hasUserVerification=True, isUserVerified=False)
    adding.get_by_label("It signs me in alone").check()
    adding.get_by_role("button", name="Add the key").click()
    expect(adding.locator("#strip-key")).to_contain_text("Nothing was changed.")
    devtools.send("WebAuthn.disable")
    plug_in(adding, hasUserVerification=True, isUserVerified=True)
    adding.get_by_role("button", name="Add the key").click()
    expect(adding.get_by_role("heading", level=1)).to_contain_text("Recovery codes")
