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
from tests.e2e.look.worlds import heard, meanwhile
from tests.integration.pages.world import PASSWORD

WIDE = ViewportSize(width=1440, height=900)
PATIENCE_MS = 120_000
"""A page of thousands of rows, on a machine that does much else."""
FILL_AND_SEND = """wrong => {
    const forms = [...document.querySelectorAll('main form[method=post]')];
    const holds = (form) => Object.keys(wrong).some((name) => form.elements.namedItem(name));
    const form = forms.find(holds) || forms[0];
    for (const field of form.elements) {
        if (!(field.name in wrong)) continue;
        if (['date', 'number'].includes(field.type)) field.type = 'text';
        if (field.type === 'checkbox') field.checked = field.value === wrong[field.name];
        else field.value = wrong[field.name];
    }
    form.submit();
}"""
"""The first form with one of these fields, else the first. Not by a click: the browser itself would
hold back a field that is required."""
COMPLAINTS = "main :is([role=alert], .ma-empty):visible"
"""Where a page says what is the matter: beside a form, or in the place of what was looked for."""
MINE = {"note": "Asked for by the library.", "digest": "f" * 64}
"""What somebody has written into a form, or seen beside it, when another one is faster."""
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
            context.set_default_timeout(PATIENCE_MS)
        self.noise: list[str] = []
        self.status = 0
        self.complaints: list[str] = []
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

    def open(
        self,
        page: Page,
        state: State = State.NORMAL,
        *,
        script: bool = True,
        tab: Tab | None = None,
    ) -> Tab:
        """A new tab with the page in this state, or this one, which has compiled what pages share.

        Afterwards `status` is what it answered, and `complaints` what it says that it did
        not say before the form was sent.
        """
        script = script and state is not State.NO_SCRIPT
        if tab is not None:
            # The page before would ask on, as nobody.
            tab.goto("about:blank")
        self.come_in(page.refused if state is State.REFUSED else page.reader, script=script)
        if state is not State.STALE:
            heard()
        if tab is None:
            tab = self.context(script=script).new_page()
        else:
            tab.set_viewport_size(WIDE)
        is_wrong = page.error if state is State.ERROR else ""
        self.status = _status(tab.goto(self.address_of(page) + is_wrong))
        before = [] if is_wrong else tab.locator(COMPLAINTS).all_inner_texts()
        if state is State.CONFLICT:
            meanwhile(page.route)
        if state is State.CONFLICT or (state is State.ERROR and not page.error):
            wrong = MINE if state is State.CONFLICT else page.wrong
            with tab.expect_navigation() as sent:
                tab.evaluate(FILL_AND_SEND, dict(wrong))
            self.status = _status(sent.value)
        after = tab.locator(COMPLAINTS).all_inner_texts()
        self.complaints = [text for text in after if text.strip() and text not in before]
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
