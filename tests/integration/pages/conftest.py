"""A site with people and one list server that runs the demo table, and signed-in browsers."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from mailadmin.people.models import Person
from routing.models import ConfigPush, MailHost
from tests.integration.pages import world


@dataclass(frozen=True, slots=True)
class Site:
    """What the fixture made."""

    people: dict[str, Person]
    host: MailHost
    first: ConfigPush

    def sign_in(self, username: str) -> Client:
        """A browser of this person."""
        client = Client()
        client.force_login(self.people[username])
        return client


class _Inputs(HTMLParser):
    """The named inputs of the form with one address, with the values that they have at first."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.inside, self.values = action, False, dict[str, str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.inside = found.get("action") == self.action
        if tag == "input" and self.inside and found.get("name"):
            self.values[str(found["name"])] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"


def form_of(answer: Any, action: str) -> dict[str, str]:
    """What a browser would send of a page's form if nobody typed anything."""
    inputs = _Inputs(action)
    inputs.feed(text(answer))
    assert inputs.values, f"the page has no form for {action}"
    del inputs.values["csrfmiddlewaretoken"]
    return inputs.values


def text(answer: Any) -> str:
    """A page as text."""
    return str(answer.content.decode())


@pytest.fixture(autouse=True)
def static_files(settings: Settings, tmp_path: Path) -> None:
    """Nothing is collected in tests, and whitenoise warns when the place is not there."""
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def site(db: None) -> Site:
    """Six people and the list server `listes` with its first push live."""
    del db
    return Site(*world.small())


@pytest.fixture
def waiting(site: Site) -> ConfigPush:
    """Claire's push that adds conf.renater.fr and waits for approval."""
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    return world.prove(world.proposed([row.pk], site.people["claire"], "Add conf.renater.fr"))
