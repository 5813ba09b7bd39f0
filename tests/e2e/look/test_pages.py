"""The site's own pages, fed by rows: both themes, every width, every kind of reader."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.conf import settings as site_settings
from django.db import transaction
from django.test import Client
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from mailadmin.people.models import Person
from routing.models import ConfigPush
from tests.e2e.shots import THEMES, axe_faults, dress, shoot_all, sideways
from tests.integration.pages import world

pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = (1440, 1100, 768, 390, 320)
PAGES = {
    "domains": "/domains/",
    "domain": "/domains/jres.org/",
    "domain-add": "/domains/add/",
    "domain-disable": "/domains/jres.org/disable/",
    "local-hosts": "/local-hosts/",
    "routes": "/routes/",
    "relays": "/relays/",
    "relay": "/relays/smtp1/",
    "relay-add": "/relays/add/",
    "foreign-lines": "/foreign-lines/",
    "mail-hosts": "/mail-hosts/",
    "mail-host": "/mail-hosts/listes/",
    "pushes": "/pushes/",
    "propose": "/pushes/propose/",
    "audit": "/audit/",
}


@dataclass(frozen=True, slots=True)
class Story:
    """Rows as they are after a morning's work: one push live, one waiting, one edit open."""

    people: dict[str, Person]
    live: ConfigPush
    waiting: ConfigPush


@pytest.fixture
def story(live_server: LiveServer) -> Story:
    """One list server with two pushes; an edit that nobody has proposed."""
    del live_server
    with transaction.atomic():
        people, host = world.people(), world.list_server()
        live = world.imported(host)
        row = world.add_domain(host, "conf.renater.fr", people["claire"])
        waiting = world.prove(world.proposed([row.pk], people["claire"], "Add conf.renater.fr"))
        world.add_domain(host, "events.renater.fr", people["claire"])
    return Story(people, live, waiting)


@pytest.fixture
def opened(story: Story, desk: BrowserContext, live_server: LiveServer) -> Page:
    """A page of nobody yet."""
    del story, live_server
    return desk.new_page()


def _as(page: Page, person: Person, address: str) -> None:
    client = Client()
    client.force_login(person)
    name = site_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])


def _holds(page: Page, name: str) -> None:
    for theme in THEMES:
        dress(page, theme=theme, width=1440)
        assert axe_faults(page) == [], f"{name} in {theme}"
    for width in WIDTHS:
        dress(page, theme="light", width=width)
        assert sideways(page) == 0, f"{name} at {width}"
    assert axe_faults(page) == [], f"{name} as a phone"
    shoot_all(page, name)


def test_every_page_holds_in_both_themes_and_at_every_width(
    story: Story, opened: Page, live_server: LiveServer, noise: list[str]
) -> None:
    _as(opened, story.people["claire"], live_server.url)
    for name, path in {**PAGES, "push-live": f"/pushes/{story.live.pk}/"}.items():
        answer = opened.goto(live_server.url + path)
        assert answer is not None and answer.status == 200, path
        _holds(opened, name)
    assert noise == []


def test_the_waiting_push_holds_for_its_author_and_for_an_approver(
    story: Story, opened: Page, live_server: LiveServer, noise: list[str]
) -> None:
    for username in ("claire", "paul"):
        _as(opened, story.people[username], live_server.url)
        opened.goto(f"{live_server.url}/pushes/{story.waiting.pk}/")
        _holds(opened, f"push-waiting-{username}")
    assert noise == []


def test_the_people_pages_hold_for_an_administrator(
    story: Story, opened: Page, live_server: LiveServer, noise: list[str]
) -> None:
    _as(opened, story.people["anne"], live_server.url)
    for name, path in {"people": "/people/", "person": "/people/claire/"}.items():
        opened.goto(live_server.url + path)
        _holds(opened, name)
    assert noise == []
