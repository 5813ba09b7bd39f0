"""A list server with the demonstration's table, and a DNS of its own."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from mailadmin.people.models import Person
from routing.models import MailHost
from tests.fixtures.nameserver import Zone
from tests.integration.dns.asked import as_it_should_be
from tests.integration.pages import world


@pytest.fixture
def claire(db: None) -> Person:
    del db
    people, _, _ = world.small()
    return people["claire"]


@pytest.fixture
def listes(claire: Person, zone: Zone, settings: Settings) -> MailHost:
    """The demonstration's table, and a DNS in which all is as it should be."""
    del claire
    settings.DNS_CHECKS, settings.DNS_SERVERS, settings.DNS_SECONDS = True, [zone.address], 5.0
    host = MailHost.objects.get()
    as_it_should_be(zone)
    return host
