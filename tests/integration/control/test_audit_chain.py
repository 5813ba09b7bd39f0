"""The audit trail: one total order without gaps, and a chain that shows what was touched later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from mailadmin.audit.models import AuditEvent, AuditHead
from mailadmin.audit.queries import first_break
from mailadmin.audit.services import SETUP, Actor, Happened, last_number, record
from mailadmin.people.models import Person
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.models import MailHost, RoutingObject
from routing.services.hosts import save_mail_host
from routing.services.objects import save_object

WRITES = 25


@pytest.fixture
def events(db: None) -> list[AuditEvent]:
    """Five events with everything that an event can hold."""
    del db
    with transaction.atomic():
        return [record(by=Actor("zoë", "Zoë Ångström"), happened=happened(n)) for n in range(1, 6)]


def happened(number: int) -> Happened:
    return Happened(
        action="route.changed",
        subject=f"d{number}.example",
        object_id=uuid4(),
        host="listes",
        push=number,
        old={"next_hop": "", "hosts": ["a", "b"], "port": 25, "relay_target": None},
        new={"next_hop": "[ünïcode]", "hosts": [], "port": 2525, "enabled": True},
        digest="d" * 64,
        note="why",
    )


def write_domains(host: MailHost, writer: str, begin: threading.Barrier) -> None:
    """One of two writers; its connection is its own, as that of another process."""
    try:
        begin.wait()
        for number in range(WRITES):
            save_object(
                identity=uuid4(),
                version=0,
                server=host,
                kind=ObjectKind.VIRTUAL_DOMAIN,
                key=f"{writer}{number}.example",
                by=Actor(writer, writer),
            )
    finally:
        connection.close()


def test_two_writers_at_once_leave_no_gap_and_one_chain(transactional_db: None) -> None:
    host = save_mail_host(
        identity=None, name="listes", kind=HostKind.LIST_SERVER, position=0, by=SETUP
    )
    begin = threading.Barrier(2)
    writers = [
        threading.Thread(target=write_domains, args=(host, name, begin)) for name in ("a", "b")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    numbers = list(AuditEvent.objects.order_by("number").values_list("number", flat=True))
    authors = list(AuditEvent.objects.order_by("number").values_list("actor", flat=True))
    assert numbers == list(range(1, 2 * WRITES + 2))
    assert RoutingObject.objects.count() == 2 * WRITES
    assert {author: authors.count(author) for author in ("a", "b")} == {"a": WRITES, "b": WRITES}
    assert first_break() is None


def test_a_change_that_fails_takes_its_event_back(db: None) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(by=SETUP, happened=happened(1))
        raise ZeroDivisionError

    assert last_number() == 0
    assert first_break() is None


def test_an_event_outside_of_a_transaction_is_refused(transactional_db: None) -> None:
    with pytest.raises(transaction.TransactionManagementError, match="belongs to a change"):
        record(by=SETUP, happened=happened(1))


def test_the_chain_of_untouched_events_is_whole(events: list[AuditEvent]) -> None:
    assert [event.number for event in events] == [1, 2, 3, 4, 5]
    assert len({event.hash for event in events}) == 5
    assert first_break() is None


def test_an_empty_trail_is_whole(db: None) -> None:
    assert first_break() is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "somebody"),
        ("actor_name", "Somebody Else"),
        ("action", "route.created"),
        ("subject", "other.example"),
        ("object_id", None),
        ("host", "other"),
        ("push", None),
        ("old", None),
        ("new", {"next_hop": "[elsewhere]"}),
        ("digest", "e" * 64),
        ("note", ""),
        ("at", "2020-01-01T00:00:00Z"),
        ("hash", "f" * 64),
    ],
)
def test_a_change_of_any_column_is_found(
    events: list[AuditEvent], column: str, value: object
) -> None:
    AuditEvent.objects.filter(number=3).update(**{column: value})

    assert first_break() == 3


TAMPERINGS: dict[str, tuple[Callable[[], object], int]] = {
    "the first removed": (lambda: AuditEvent.objects.filter(number=1).delete(), 1),
    "one in the middle removed": (lambda: AuditEvent.objects.filter(number=4).delete(), 4),
    "the newest removed": (lambda: AuditEvent.objects.filter(number=5).delete(), 5),
    "all removed": (lambda: AuditEvent.objects.all().delete(), 1),
    "the head gone": (lambda: AuditHead.objects.all().delete(), 1),
    "the head turned back": (lambda: AuditHead.objects.update(number=4), 5),
    "the head's hash changed": (lambda: AuditHead.objects.update(hash="0" * 64), 5),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_missing_event_is_found(events: list[AuditEvent], what: str) -> None:
    tamper, expected = TAMPERINGS[what]
    tamper()

    assert first_break() == expected


def test_the_command_says_the_head_of_a_whole_trail(events: list[AuditEvent]) -> None:
    out = StringIO()
    call_command("check_audit", stdout=out)

    assert out.getvalue() == f"5 events, all as they were written.\nhead {events[-1].hash}\n"


def test_the_command_fails_at_the_first_broken_event(events: list[AuditEvent]) -> None:
    AuditEvent.objects.filter(number__in=[2, 4]).update(note="nothing happened")

    with pytest.raises(CommandError, match="broken at event #2") as failed:
        call_command("check_audit")

    assert failed.value.returncode == 1


def test_the_trail_outlives_its_subjects(db: None) -> None:
    with transaction.atomic():
        person = Person.objects.create(username="zoe", full_name="Zoe", password="!")
        record(by=SETUP, happened=Happened(action="person.created", subject="zoe"))
    with transaction.atomic():
        person.delete()
        record(by=SETUP, happened=Happened(action="person.deleted", subject="zoe"))

    assert list(AuditEvent.objects.values_list("subject", flat=True)) == ["zoe", "zoe"]
    assert first_break() is None
