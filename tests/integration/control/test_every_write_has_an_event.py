"""The watch that fails a write without an event sees one, wherever it hides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from mailadmin.audit.services import SETUP, Happened, record
from mailadmin.people.models import Person
from routing.models import HostState, MailHost
from tests.fixtures.audited import EVENTS, OURS, UnauditedWrite, Watch, needs_event, unaudited

HAPPENED = Happened(action="mail_host.created", subject="listes")


@pytest.fixture(
    params=[
        pytest.param(False, marks=pytest.mark.django_db, id="in the test's transaction"),
        pytest.param(True, marks=pytest.mark.django_db(transaction=True), id="with real commits"),
    ]
)
def broken(request: pytest.FixtureRequest, audited: Watch) -> Iterator[Watch]:
    """The watch of a test that breaks the rule, in both ways in which tests use the database."""
    assert connection.in_atomic_block is not request.param
    yield audited
    audited.end()
    audited.found.clear()


def add_host(name: str = "listes") -> MailHost:
    return MailHost.objects.create(name=name, kind="list_server")


def says(watch: Watch) -> list[str]:
    watch.end()
    return watch.found


def test_a_write_outside_of_a_transaction_is_refused(broken: Watch) -> None:
    with pytest.raises(UnauditedWrite, match="INSERT routing_mailhost: outside of any"):
        add_host()
    if connection.in_atomic_block:  # Django holds any database error for a broken transaction
        connection.set_rollback(False)

    assert not MailHost.objects.exists()
    assert len(says(broken)) == 1


def test_a_transaction_without_an_event_is_rolled_back(broken: Watch) -> None:
    without = "INSERT routing_mailhost: in a transaction without an audit event"
    with pytest.raises(UnauditedWrite, match=without), transaction.atomic():
        add_host()

    assert not MailHost.objects.exists()


def test_an_event_in_another_transaction_does_not_count(broken: Watch) -> None:
    with transaction.atomic():
        record(by=SETUP, happened=HAPPENED)
    with pytest.raises(UnauditedWrite), transaction.atomic():
        add_host()
    with transaction.atomic():
        record(by=SETUP, happened=HAPPENED)

    assert len(says(broken)) == 1


def test_an_event_that_was_rolled_back_does_not_count(broken: Watch) -> None:
    with pytest.raises(UnauditedWrite), transaction.atomic():
        add_host()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            record(by=SETUP, happened=HAPPENED)
            raise ZeroDivisionError

    assert len(says(broken)) == 1


def test_a_write_that_was_rolled_back_needs_no_event(broken: Watch) -> None:
    with transaction.atomic(), pytest.raises(ZeroDivisionError), transaction.atomic():
        add_host()
        raise ZeroDivisionError

    assert says(broken) == []


def test_a_write_in_a_savepoint_needs_an_event_around_it(broken: Watch) -> None:
    with transaction.atomic():
        with transaction.atomic():
            add_host()
        record(by=SETUP, happened=HAPPENED)
    with pytest.raises(UnauditedWrite), transaction.atomic(), transaction.atomic():
        add_host("other")

    assert [host.name for host in MailHost.objects.all()] == ["listes"]


def test_a_bulk_write_is_seen_though_it_has_no_savepoint(broken: Watch) -> None:
    with suppress(UnauditedWrite):
        MailHost.objects.bulk_create([MailHost(name="listes", kind="list_server")])

    assert says(broken) == ["INSERT routing_mailhost: in a transaction without an audit event"]


def test_a_swallowed_refusal_is_still_told(broken: Watch) -> None:
    with suppress(DatabaseError):
        add_host()

    assert says(broken) == ["INSERT routing_mailhost: outside of any transaction"]


def test_updates_and_deletes_are_seen(broken: Watch) -> None:
    with unaudited():
        host = add_host()
    for act in (
        lambda: MailHost.objects.filter(pk=host.pk).update(note="x"),
        lambda: MailHost.objects.filter(pk=host.pk).delete(),
    ):
        with pytest.raises(UnauditedWrite), transaction.atomic():
            act()

    # With a host go rows of other tables that hang on it.
    told = [text.split(":")[0].split(", ") for text in says(broken)]
    assert [words[-1] for words in told] == ["UPDATE routing_mailhost", "DELETE routing_mailhost"]


def test_rows_that_a_test_makes_itself_say_so(broken: Watch) -> None:
    with unaudited():
        host = add_host()
        HostState.objects.create(host=host)

    assert says(broken) == []


def test_telemetry_is_free_and_nothing_beside_it(broken: Watch) -> None:
    with unaudited():
        person = Person.objects.create(username="claire", full_name="Claire", password="!")
    mine = Person.objects.filter(pk=person.pk)

    mine.update(last_login=timezone.now())
    with pytest.raises(UnauditedWrite):
        mine.update(last_login=timezone.now(), is_active=False)

    assert len(says(broken)) == 1


@pytest.mark.parametrize(
    ("sql", "write"),
    [
        ('INSERT OR IGNORE INTO "routing_pusheditor" ("a") VALUES (%s)', "INSERT"),
        ('UPDATE "routing_configpush" SET "version" = ("routing_configpush"."version" + 1)', ""),
        ('UPDATE "routing_configpush" SET "version" = 1, "state" = %s WHERE "x" = 1', "UPDATE"),
        ('UPDATE "routing_pushtarget" SET "attempt_id" = NULL WHERE "state" = %s', ""),
        ('UPDATE "wire_agent" SET "public_key" = %s WHERE "id" = %s', "UPDATE"),
        ('DELETE FROM "people_heldrole" WHERE "id" IN (%s)', "DELETE"),
        ('SELECT "routing_mailhost"."id" FROM "routing_mailhost"', ""),
        ('INSERT INTO "django_session" ("session_key") VALUES (%s)', ""),
    ],
)
def test_a_statement_is_read_by_table_and_column(sql: str, write: str) -> None:
    assert needs_event(sql).split(" ")[0] == write


def test_every_model_of_ours_is_watched() -> None:
    mine = [
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.split(".")[0] in ("mailadmin", "routing", "spools")
    ]

    assert {t for t in mine if not t.startswith(OURS)} == {
        *(EVENTS, "audit_audithead", "audit_auditpass")
    }


def test_the_watch_is_on_in_each_test_with_a_database(db: None) -> None:
    del db
    assert [w for w in connection.execute_wrappers if isinstance(w, Watch)]
