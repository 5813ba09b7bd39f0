"""Two people who save at the same moment, each with a database connection of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from uuid import uuid4

import pytest

from mailadmin.audit.models import AuditEvent
from mailadmin.people.models import Person
from routing.core.findings import InvalidIntent
from routing.core.intent import ObjectKind
from routing.models import MailHost, RoutingObject
from routing.services.errors import ConflictingEdit
from routing.services.objects import save_object
from tests.integration.at_once import together
from tests.integration.pages import world


def at_once(people: Iterable[Person], write: Callable[[Person], object]) -> list[str]:
    """Each person writes in a thread, with a connection of its own; what each was told."""

    def one(person: Person) -> str:
        try:
            write(person)
        except ConflictingEdit as conflict:
            return f"conflict with {conflict.theirs.by}"
        except InvalidIntent as invalid:
            return ", ".join(finding.code for finding in invalid.findings)
        return "saved"

    return sorted(together([partial(one, person) for person in people]))


@pytest.fixture
def two(transactional_db: None) -> tuple[MailHost, dict[str, Person]]:
    """A list server and two editors, in rows that other connections see."""
    del transactional_db
    people = world.people()
    return world.list_server(), {name: people[name] for name in ("claire", "luc")}


def test_of_two_changes_at_once_one_wins_and_the_other_is_told(
    two: tuple[MailHost, dict[str, Person]],
) -> None:
    host, editors = two
    row = world.add_domain(host, "lists.example", editors["claire"])

    def change(person: Person) -> object:
        return save_object(
            identity=row.pk,
            version=1,
            server=host,
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key="lists.example",
            note=person.full_name,
            by=person,
        )

    said = at_once(editors.values(), change)

    row.refresh_from_db()
    assert (row.version, said) == (2, [f"conflict with {row.changed_by}", "saved"])
    assert row.note == row.changed_by


def test_of_two_new_objects_with_one_key_one_is_saved_and_the_other_is_told(
    two: tuple[MailHost, dict[str, Person]],
) -> None:
    host, editors = two

    said = at_once(editors.values(), lambda by: world.add_domain(host, "lists.example", by))

    assert said == ["key_taken", "saved"]
    assert RoutingObject.objects.count() == 1


def test_one_form_sent_twice_at_once_is_saved_once(
    two: tuple[MailHost, dict[str, Person]],
) -> None:
    host, editors = two
    identity = uuid4()

    def send(person: Person) -> object:
        return save_object(
            identity=identity,
            version=0,
            server=host,
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key="lists.example",
            by=person,
        )

    said = at_once([editors["claire"]] * 2, send)

    assert said == ["saved", "saved"]
    assert AuditEvent.objects.filter(action="virtual_domain.created").count() == 1
