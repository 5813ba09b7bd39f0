"""A site with people and one list server that runs the demo table, and clients that are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


@pytest.fixture(autouse=True)
def static_files(settings: Settings, tmp_path: Path) -> None:
    """Static files come from where they lie; whitenoise warns when the collected place is missing."""
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def site(db: None) -> Site:
    """Six people and the list server `listes` with its first push live."""
    del db
    made, host = world.people(), world.list_server()
    return Site(made, host, world.imported(host))


@pytest.fixture
def waiting(site: Site) -> ConfigPush:
    """Claire's push that adds conf.renater.fr and waits for approval."""
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    return world.prove(world.proposed([row.pk], site.people["claire"], "Add conf.renater.fr"))
