"""Saving relay targets, which all list servers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from mailadmin.people.models import Person
from routing.core.findings import InvalidIntent
from routing.core.intent import ObjectKind
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.queries.edits import pending_edits
from routing.services.errors import ConflictingEdit, NotAllowed
from routing.services.objects import save_object
from routing.services.relays import delete_relay_target, save_relay_target
from tests.integration.control.conftest import Trail
from tests.integration.pages import world

Save = Callable[..., RelayTarget]


@pytest.fixture
def save(claire: Person) -> Save:
    """Saves with what a test does not say: a new target of claire's."""

    def saved(**given: Any) -> RelayTarget:
        wanted: dict[str, Any] = {
            "identity": uuid4(),
            "version": 0,
            "name": "smtp9",
            "hosts": ["smtp9.renater.fr"],
            "port": 25,
            "by": claire,
        }
        return save_relay_target(**(wanted | given))

    return saved


def route(host: MailHost, key: str, target: UUID, by: Person) -> RoutingObject:
    return save_object(
        identity=uuid4(),
        version=0,
        server=host,
        kind=ObjectKind.ROUTE,
        key=key,
        relay_target=target,
        by=by,
    )


def test_a_new_target_has_its_hosts_in_order_and_an_event(save: Save, trail: Trail) -> None:
    row = save(name=" SMTP9 ", hosts=["B.renater.fr.", "a.renater.fr"], port=2525)

    event = trail.only()
    assert (row.name, row.hosts, row.version) == ("smtp9", ["b.renater.fr", "a.renater.fr"], 1)
    assert (event.action, event.subject, event.object_id) == (
        "relay_target.created",
        "smtp9",
        row.pk,
    )
    assert event.new == {
        "name": "smtp9",
        "hosts": ["b.renater.fr", "a.renater.fr"],
        "port": 2525,
        "note": "",
        "tags": "",
    }


def test_every_finding_is_told_at_once_and_nothing_is_written(
    save: Save, listes: MailHost, trail: Trail
) -> None:
    before = trail.rows()
    hosts = ["127.0.0.1", "twice.example", "twice.example", "listes.renater.fr", "a b"]
    with pytest.raises(InvalidIntent) as error:
        save(name="no_such name", hosts=hosts, port=0)

    found = {(finding.field, finding.subject) for finding in error.value.findings}
    assert {field for field, _ in found} == {"name", "hosts", "port"}
    assert {
        ("hosts", "127.0.0.1"),
        ("hosts", "twice.example"),
        ("hosts", "listes.renater.fr"),
        ("hosts", "a b"),
    } <= found
    assert all(finding.advice for finding in error.value.findings)
    assert trail.rows() == before


def test_no_finding_is_told_twice_for_two_list_servers(save: Save, listes: MailHost) -> None:
    world.list_server("other", 1)
    with pytest.raises(InvalidIntent) as error:
        save(hosts=[])

    assert [finding.code for finding in error.value.findings] == ["relay_empty"]


def test_a_name_is_taken_once(save: Save) -> None:
    save()
    with pytest.raises(InvalidIntent) as error:
        save(name="SMTP9", hosts=["other.renater.fr"])

    assert [finding.code for finding in error.value.findings] == ["relay_taken"]


def test_the_same_form_sent_twice_is_one_target_and_one_event(save: Save, trail: Trail) -> None:
    identity = uuid4()
    first, second = save(identity=identity), save(identity=identity)

    assert (first.pk, second.pk) == (identity, identity)
    assert trail.actions() == ["relay_target.created"]


def test_a_change_bumps_the_version_and_tells_old_and_new(save: Save, trail: Trail) -> None:
    row = save()
    trail.again()
    changed = save(identity=row.pk, version=1, port=587)

    event = trail.only()
    assert (changed.version, changed.port) == (2, 587)
    assert event.old is not None and event.new is not None
    assert (event.action, event.old["port"], event.new["port"]) == (
        "relay_target.changed",
        25,
        587,
    )


def test_a_conflict_shows_both_values_and_overwrites_nothing(
    save: Save, people: dict[str, Person], trail: Trail
) -> None:
    row = save()
    save(identity=row.pk, version=1, port=587, by=people["luc"])
    trail.again()
    with pytest.raises(ConflictingEdit) as error:
        save(identity=row.pk, version=1, port=2525)

    conflict = error.value
    assert (conflict.theirs.values["port"], conflict.yours.values["port"]) == (587, 2525)
    assert (conflict.theirs.by, conflict.yours.by) == ("Luc Petit", "Claire Martin")
    assert RelayTarget.objects.get().port == 587
    assert trail.events() == []


def test_saving_what_somebody_deleted_is_a_conflict(save: Save, claire: Person) -> None:
    row = save()
    delete_relay_target(identity=row.pk, version=1, by=claire)
    with pytest.raises(ConflictingEdit) as error:
        save(identity=row.pk, version=1, port=587)

    assert error.value.theirs.values == {"deleted": True}
    assert not RelayTarget.objects.exists()


def test_a_target_that_routes_name_stays_and_each_of_them_is_told(
    save: Save, listes: MailHost, claire: Person, trail: Trail
) -> None:
    row, other = save(), world.list_server("other", 1)
    route(listes, ".", row.pk, claire)
    route(other, "big.example", row.pk, claire)
    trail.again()
    with pytest.raises(NotAllowed) as error:
        delete_relay_target(identity=row.pk, version=1, by=claire)

    assert set(error.value.reasons) == {
        ". on listes names smtp9.",
        "big.example on other names smtp9.",
        "Send them another way first.",
    }
    assert RelayTarget.objects.exists()
    assert trail.events() == []


def test_deleting_is_real_and_twice_is_once(save: Save, claire: Person, trail: Trail) -> None:
    row = save()
    trail.again()
    delete_relay_target(identity=row.pk, version=1, by=claire)
    delete_relay_target(identity=row.pk, version=1, by=claire)

    assert not RelayTarget.objects.exists()
    assert trail.only().action == "relay_target.deleted"


def test_deleting_an_older_version_is_a_conflict(
    save: Save, people: dict[str, Person], trail: Trail
) -> None:
    row = save()
    save(identity=row.pk, version=1, port=587, by=people["luc"])
    trail.again()
    with pytest.raises(ConflictingEdit) as error:
        delete_relay_target(identity=row.pk, version=1, by=people["claire"])

    assert (error.value.yours.values, trail.events()) == ({"deleted": True}, [])


def test_a_change_is_an_edit_on_each_list_server_that_names_it(
    save: Save, live: MailHost, claire: Person
) -> None:
    other = world.list_server("other", 1)
    smtp1 = RelayTarget.objects.get(name="smtp1")
    route(other, ".", smtp1.pk, claire)
    save(identity=smtp1.pk, version=1, name="smtp1", hosts=["smtp1.renater.fr"], port=587)

    found = {part.host.name: {edit.name for edit in part.edits} for part in pending_edits()}
    assert found == {"listes": {"smtp1"}, "other": {".", "smtp1"}}
