"""A browser for the tests of pages, and somebody who is signed in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as site
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from mailadmin.audit.services import SETUP
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import create_person
from tests.e2e.desk import STEP_MS, Desk, come_in
from tests.e2e.desk import SignIn as ComeIn
from tests.e2e.shots import chromium
from tests.fixtures.sandbox import RunningSandbox

# Playwright keeps a loop in this thread; the ORM would refuse to work beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

SignIn = Callable[..., Page]
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def engine() -> Iterator[Browser]:
    """Debian's Chromium, one for the session."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def desk(engine: Browser) -> Iterator[BrowserContext]:
    """A browser without any cookie."""
    context = engine.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(STEP_MS)
    yield context
    context.close()


@pytest.fixture
def noise(desk: BrowserContext) -> list[str]:
    """What the browser's console complained about: a refused inline script or style, an error."""
    heard: list[str] = []
    desk.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    desk.on("weberror", lambda error: heard.append(str(error.error)))
    return heard


@pytest.fixture
def signed_in(live_server: LiveServer, desk: BrowserContext) -> SignIn:
    """Open a page as somebody with these roles: `signed_in("/design/", PersonRole.EDITOR)`."""

    def open_as(path: str, *roles: PersonRole, name: str = "Paul Leroy") -> Page:
        username = name.split()[0].lower()
        person = create_person(
            username=username, full_name=name, password=PASSWORD, roles=set(roles), by=SETUP
        )
        client = Client()
        client.force_login(person)
        cookie = client.cookies[site.SESSION_COOKIE_NAME].value
        desk.add_cookies(
            [{"name": site.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        page = desk.new_page()
        page.goto(f"{live_server.url}{path}")
        return page

    return open_as


@pytest.fixture
def sign_in(engine: Browser, running_sandbox: RunningSandbox) -> Iterator[ComeIn]:
    """Sign a demonstration account in to the running sandbox: `sign_in("claire")`."""
    contexts: list[BrowserContext] = []

    def open_as(username: str, *, script: bool = True) -> Desk:
        context = engine.new_context(
            viewport={"width": 1440, "height": 900}, java_script_enabled=script
        )
        contexts.append(context)
        return come_in(context, running_sandbox.address, username)

    yield open_as
    for context in contexts:
        context.close()
