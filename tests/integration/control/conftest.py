"""People, a list server that reported its facts, and one whose first push is live."""

from __future__ import annotations

import pytest

from mailadmin.audit.models import AuditEvent
from mailadmin.people.models import Person
from routing.models import MailHost, RelayTarget, RoutingObject
from tests.integration.pages import world


@pytest.fixture
def people(db: None) -> dict[str, Person]:
    """One person for each role by username; luc is editor and approver."""
    del db
    return world.people()


@pytest.fixture
def claire(people: dict[str, Person]) -> Person:
    """An editor."""
    return people["claire"]


@pytest.fixture
def listes(db: None) -> MailHost:
    """A list server whose agents have looked: nothing is released there, and it has no rows."""
    del db
    return world.list_server()


@pytest.fixture
def live(listes: MailHost) -> MailHost:
    """The list server with the demonstration's table live as its first revision."""
    world.imported(listes)
    return listes


class Trail:
    """What was written since the test began to look."""

    def __init__(self) -> None:
        self.before = self._last()

    def events(self) -> list[AuditEvent]:
        """The new events in order."""
        return list(AuditEvent.objects.filter(number__gt=self.before).order_by("number"))

    def actions(self) -> list[str]:
        """What they say was done."""
        return [event.action for event in self.events()]

    def only(self) -> AuditEvent:
        """The one new event."""
        (event,) = self.events()
        return event

    def again(self) -> None:
        """Look from here on."""
        self.before = self._last()

    def rows(self) -> tuple[int, int, int]:
        """Numbers of objects, relay targets and events: equal means that nothing was written."""
        counted = (RoutingObject, RelayTarget, AuditEvent)
        return tuple(model.objects.count() for model in counted)  # type: ignore[return-value]

    def _last(self) -> int:
        newest = AuditEvent.objects.order_by("-number").first()
        return newest.number if newest else 0


@pytest.fixture
def trail(db: None) -> Trail:
    """The events and rows that the test itself makes; ask for it after everything it stands on."""
    del db
    return Trail()
