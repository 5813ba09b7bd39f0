"""Findings of a large table are kept: read by a process of its own, and never silently old."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from mailadmin.asked import Asked
from mailadmin.audit.services import CONTROL, Happened, record
from mailadmin.people.models import Person
from routing.core.intent import ObjectKind
from routing.core.oddities import odd_lines
from routing.models import (
    FindingsPass,
    HostState,
    LineFinding,
    MailHost,
    RelayTarget,
    RoutingObject,
)
from routing.queries.edits import rows_intent
from routing.queries.findings import OddList, list_oddities
from routing.services import findings
from routing.services.findings import read_large, read_small, start_reading
from routing.services.objects import delete_object, save_object
from tests.integration.pages import world


def add_route(host: MailHost, key: str, by: Person, way: str = "") -> RoutingObject:
    """A route to a next hop, or to the relay target of the table, which is redundant."""
    relay = None if way else RelayTarget.objects.get(name="smtp1").pk
    return save_object(
        identity=uuid4(),
        version=0,
        server=host,
        kind=ObjectKind.ROUTE,
        key=key,
        relay_target=relay,
        mailer="esmtp" if way else "",
        next_hop=way,
        by=by,
    )


def read(now: datetime | None = None) -> int:
    """As if every table were large."""
    return read_large(now=now or timezone.now(), at_once=0)


def later() -> datetime:
    return timezone.now() + timedelta(hours=1)


def listed(**values: str) -> OddList:
    return list_oddities(Asked(place="/findings/", **values))  # type: ignore[arg-type]


def shown(found: OddList) -> list[tuple[str, str]]:
    return [(row.odd.kind.value, row.odd.item.key) for row in found.rows]


def test_what_is_kept_is_what_the_lines_say(live: MailHost, claire: Person) -> None:
    add_route(live, "a.example", claire)
    add_route(live, "b.example", claire, "[listes.renater.fr]")
    add_route(live, "c.example", claire, "[127.0.0.1]")

    assert read() == 1

    found = listed()
    facts, intent = HostState.objects.get(host=live).host_facts, rows_intent(live)
    assert facts is not None
    said = [(row.odd.item.id, row.odd.kind, row.odd.finding, row.odd.mend) for row in found.rows]
    now = [(odd.item.id, odd.kind, odd.finding, odd.mend) for odd in odd_lines(intent, facts)]
    assert len(said) == len(now) == 3
    assert set(said) == set(now)
    assert shown(found) == [
        ("loop", "b.example"),
        ("loopback", "c.example"),
        ("redundant", "a.example"),
    ]
    assert (found.total, dict(found.counts), found.as_of, found.unread) == (
        3,
        {"loop": 1, "loopback": 1, "redundant": 1},
        None,
        (),
    )


def test_after_a_write_the_old_ones_are_shown_with_their_age(
    live: MailHost, claire: Person
) -> None:
    row = add_route(live, "a.example", claire)
    read()
    at = FindingsPass.objects.get().at
    delete_object(identity=row.pk, version=1, by=claire)

    found = listed()
    assert (shown(found), found.as_of) == ([("redundant", "a.example")], at)
    assert read() == 0, "it was read a moment ago"
    assert read(later()) == 1
    found = listed()
    assert (shown(found), found.as_of) == ([], None)


def test_an_event_that_names_no_object_makes_nothing_old(live: MailHost, claire: Person) -> None:
    add_route(live, "a.example", claire)
    read()
    with transaction.atomic():
        record(by=CONTROL, happened=Happened(action="push.approved", subject="push #1", push=1))

    assert listed().as_of is None
    assert read(later()) == 0


def test_other_facts_or_another_trail_make_it_old(live: MailHost, claire: Person) -> None:
    add_route(live, "a.example", claire)
    read()
    state = HostState.objects.get(host=live)
    before = state.facts
    assert before is not None
    state.facts = before | {"class_w": ["elsewhere.example"]}
    state.save(update_fields=["facts"])
    assert listed().as_of is not None

    state.facts = before
    state.save(update_fields=["facts"])
    assert listed().as_of is None
    FindingsPass.objects.update(hash="of another trail")
    assert listed().as_of is not None
    FindingsPass.objects.update(number=F("number") + 1000)
    assert listed().as_of is not None


def test_what_stays_as_it_is_is_not_written_again(live: MailHost, claire: Person) -> None:
    add_route(live, "a.example", claire)
    gone = add_route(live, "b.example", claire)
    turned = add_route(live, "c.example", claire)
    read()
    before = dict(LineFinding.objects.values_list("key", "pk"))
    delete_object(identity=gone.pk, version=1, by=claire)
    save_object(
        identity=turned.pk,
        version=1,
        server=live,
        kind=ObjectKind.ROUTE,
        key="d.example",
        relay_target=turned.relay_target_id,
        by=claire,
    )
    read(later())

    after = dict(LineFinding.objects.values_list("key", "pk"))
    assert set(after) == {"a.example", "d.example"}
    assert after["a.example"] == before["a.example"]
    assert after["d.example"] != before["c.example"]
    assert FindingsPass.objects.get().counts == {"redundant": 2}


def test_a_reading_that_began_earlier_changes_nothing(
    live: MailHost, claire: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_route(live, "a.example", claire)
    true_rows = rows_intent

    def slowly(host: MailHost) -> object:
        """Another one begins and ends while these rows are judged."""
        intent = true_rows(host)
        monkeypatch.setattr(findings, "rows_intent", true_rows)
        add_route(live, "b.example", claire)
        read_small()
        return intent

    monkeypatch.setattr(findings, "rows_intent", slowly)
    read_small()

    assert [key for _, key in shown(listed())] == ["a.example", "b.example"]
    assert listed().as_of is None


def test_who_looks_reads_a_small_table_and_never_a_large_one(
    live: MailHost, claire: Person
) -> None:
    add_route(live, "a.example", claire)
    read_small(at_once=RoutingObject.objects.count() - 1)
    assert (listed().unread, listed().rows) == ((live.name,), ())
    assert not FindingsPass.objects.exists()

    read_small(at_once=RoutingObject.objects.count())
    assert (listed().unread, shown(listed())) == ((), [("redundant", "a.example")])


def test_a_reading_that_died_is_begun_again_and_no_sooner(live: MailHost) -> None:
    now = timezone.now()
    FindingsPass.objects.create(server=live, begun_at=now)

    assert read(now + timedelta(minutes=9)) == 0
    assert read(now + timedelta(minutes=11)) == 1


def test_filters_go_by_kind_server_and_text(live: MailHost, claire: Person) -> None:
    other = world.list_server("forums", 1)
    add_route(live, "a.example", claire)
    add_route(live, "b.example", claire, "[127.0.0.1]")
    add_route(other, "a.example", claire, "[127.0.0.1]")
    read()

    here = listed(also={"server": "forums"})  # type: ignore[arg-type]
    assert (shown(here), dict(here.counts), here.total) == (
        [("loopback", "a.example")],
        {"loopback": 1},
        3,
    )
    assert len(listed(state="loopback").rows) == 2
    assert shown(listed(text="SAME WAY")) == [("redundant", "a.example")]
    assert listed(state="no kind").rows == ()


def url_of_this_database() -> str:
    """For a process of its own."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return os.environ["MAILADMIN_DATABASE_URL"].replace("/mailadmin?", f"/{name}?")


@pytest.mark.django_db(transaction=True)
def test_the_worker_starts_a_process_that_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADMIN_DATABASE_URL", url_of_this_database())
    monkeypatch.setattr(findings, "AT_ONCE", 3)
    people, host = world.people(), world.list_server()
    world.imported(host)
    for number in range(4):
        add_route(host, f"r{number}.example", people["claire"])

    assert start_reading(now=timezone.now())
    assert not start_reading(now=timezone.now()), "one at a time"
    child = findings._Child.running
    assert child is not None
    assert child.wait(timeout=300) == 0

    assert len(shown(listed())) == 4
    assert not start_reading(now=later()), "nothing was written since"
    assert findings._Child.running is None
