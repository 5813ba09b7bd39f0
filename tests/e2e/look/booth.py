"""Opens a page of the catalogue in one of its states, in front of a site that runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from allauth.account.internal.userkit import user_id_to_str
from django.conf import settings as site
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Response, ViewportSize, WebError
from playwright.sync_api import Page as Tab

from mailadmin.people.models import Person
from tests.e2e.look.catalogue import HALF_WAY, NOBODY, Page, State
from tests.e2e.look.worlds import heard
from tests.integration.pages.world import PASSWORD

WIDE = ViewportSize(width=1440, height=900)
PATIENCE_MS = 120_000
"""A page of thousands of rows, on a machine that does much else."""
METHODS = "account_authentication_methods"


def client_of(username: str) -> Client:
    """A browser of somebody who gave the password just now: allauth asks again where none was."""
    person, client = Person.objects.get(username=username), Client()
    client.force_login(person)
    session = client.session
    session[METHODS] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session[f"{METHODS}_user"] = user_id_to_str(person)
    session.save()
    return client


class Booth:
    """One browser with JavaScript and one without; closes both at its end.

    `names` are those of the world that the site's database holds now.
    """

    def __init__(self, browser: Browser, address: str, names: Mapping[str, object]) -> None:
        self.address = address
        self.names = names
        self._with = browser.new_context(viewport=WIDE, reduced_motion="reduce")
        self._without = browser.new_context(
            viewport=WIDE, reduced_motion="reduce", java_script_enabled=False
        )
        for context in (self._with, self._without):
            context.set_default_navigation_timeout(PATIENCE_MS)
        self.noise: list[str] = []
        self.status = 0
        self._with.on("weberror", self._threw)
        self._with.on("console", lambda said: self._heard(said.type, said.text))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        self._with.close()
        self._without.close()

    def context(self, *, script: bool = True) -> BrowserContext:
        """The browser itself, to cut its network or clear its cookies."""
        return self._with if script else self._without

    def address_of(self, page: Page) -> str:
        """Where a page of the catalogue is in this world."""
        return self.address + page.path.format(**self.names)

    def open(self, page: Page, state: State = State.NORMAL, *, script: bool = True) -> Tab:
        """A new tab with the page in this state; its status is `status` afterwards."""
        script = script and state is not State.NO_SCRIPT
        self.come_in(page.refused if state is State.REFUSED else page.reader, script=script)
        if state is not State.STALE:
            heard()
        tab = self.context(script=script).new_page()
        address = self.address_of(page)
        if state is State.ERROR and page.error:
            address += page.error
        self.status = _status(tab.goto(address))
        if state is State.ERROR and not page.error:
            with tab.expect_navigation() as sent:
                # Not by a click: the browser itself would hold back a field that is required.
                tab.evaluate("() => document.querySelector('main form[method=post]').submit()")
            self.status = _status(sent.value)
        return tab

    def come_in(self, reader: str, *, script: bool = True) -> None:
        """Make this person the one who is signed in, without the sign-in page."""
        context = self.context(script=script)
        context.clear_cookies(name=site.SESSION_COOKIE_NAME)
        if reader == NOBODY:
            return
        if reader == HALF_WAY:
            client = Client()
            client.post("/sign-in/", {"login": "tess", "password": PASSWORD})
        else:
            client = client_of(reader)
        cookie = client.cookies[site.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": site.SESSION_COOKIE_NAME, "value": cookie, "url": self.address}]
        )

    def _threw(self, error: WebError) -> None:
        self.noise.append(str(error.error))

    def _heard(self, kind: str, text: str) -> None:
        # A page that is refused or not found is a line on the browser's console, and no fault.
        if kind == "error" and not text.startswith("Failed to load resource: the server responded"):
            self.noise.append(text)


def _status(answer: Response | None) -> int:
    return answer.status if answer is not None else 0
