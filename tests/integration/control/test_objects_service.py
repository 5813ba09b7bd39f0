"""Saving routing objects: everything wrong at once, nothing overwritten, sent twice is once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from mailadmin.audit.services import IMPORT
from mailadmin.people.models import Person
from routing.core.findings import InvalidIntent
from routing.core.intent import ObjectKind
from routing.models import HostState, MailHost, RelayTarget, RoutingObject, VirtualDomain
from routing.services.errors import ConflictingEdit
from routing.services.objects import delete_object, object_values, save_object, set_enabled
from tests.integration.control.conftest import Trail
from tests.integration.pages import world

Save = Callable[..., RoutingObject]


@pytest.fixture
def smtp1(claire: Person) -> RelayTarget:
    """A relay target that nothing names yet."""
    return world.add_relay("smtp1", claire)


@pytest.fixture
def save(listes: MailHost, claire: Person) -> Save:
    """Saves with what a test does not say: a new virtual domain of claire's."""

    def saved(**given: Any) -> RoutingObject:
        wanted: dict[str, Any] = {
            "identity": uuid4(),
            "version": 0,
            "server": listes,
            "kind": ObjectKind.VIRTUAL_DOMAIN,
            "key": "lists.example",
            "by": claire,
        }
        return save_object(**(wanted | given))

    return saved


def codes(error: pytest.ExceptionInfo[InvalidIntent]) -> set[str]:
    return {finding.code for finding in error.value.findings}


def test_a_new_object_has_version_one_and_an_event_with_its_values(
    save: Save, trail: Trail
) -> None:
    row = save(note="for the board")

    event = trail.only()
    assert (row.version, row.changed_by, row.enabled) == (1, "Claire Martin", True)
    assert (event.action, event.actor, event.subject) == (
        "virtual_domain.created",
        "claire",
        "lists.example",
    )
    assert (event.object_id, event.host) == (row.pk, "listes")
    assert event.old is None
    assert event.new == {
        "kind": "virtual_domain",
        "key": "lists.example",
        "enabled": True,
        "relay_target": None,
        "mailer": "",
        "next_hop": "",
        "note": "for the board",
        "tags": "",
    }


def test_a_program_may_be_the_author(save: Save, trail: Trail) -> None:
    save(by=IMPORT)

    assert (trail.only().actor, trail.only().actor_name) == ("import", "import")


@pytest.mark.parametrize(
    ("written", "stored"),
    [(" Lists.Example. ", "lists.example"), ("Bücher.example", "xn--bcher-kva.example")],
)
def test_a_key_is_stored_in_the_spelling_that_sendmail_compares(
    save: Save, written: str, stored: str
) -> None:
    assert save(key=written).key == stored


def test_every_finding_is_told_at_once_and_nothing_is_written(
    save: Save, listes: MailHost, smtp1: RelayTarget, trail: Trail
) -> None:
    before = trail.rows()
    with pytest.raises(InvalidIntent) as error:
        save(
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key=".not_full..example:25",
            relay_target=uuid4(),
            mailer="esmtp",
            next_hop="[a.example]",
        )

    assert codes(error) >= {"key_not_full", "value_not_wanted", "relay_unknown"}
    assert {finding.field for finding in error.value.findings} >= {"key", "next_hop"}
    assert all(finding.advice for finding in error.value.findings)
    assert trail.rows() == before


ROUTE: dict[str, Any] = {"kind": ObjectKind.ROUTE, "mailer": "esmtp", "next_hop": "[a.example]"}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an empty key": ({"key": "  "}, "key"),
    "a key with a port": ({"key": "lists.example:25"}, "key"),
    "a star": ({"key": "*.example"}, "key"),
    "a suffix for a domain": ({"key": ".example"}, "key"),
    "a suffix for a local host": ({"kind": ObjectKind.LOCAL_HOST, "key": ".example"}, "key"),
    "a domain with a next hop": ({"mailer": "esmtp", "next_hop": "[a.example]"}, "next_hop"),
    "a route without a way": ({"kind": ObjectKind.ROUTE}, "next_hop"),
    "an unknown mailer": (ROUTE | {"mailer": "uucp"}, "mailer"),
    "a mailer of ours": (ROUTE | {"mailer": "relay_smtp1"}, "mailer"),
    "a next hop with a port": (ROUTE | {"next_hop": "[a.example]:25"}, "next_hop"),
    "an error without its text": (ROUTE | {"mailer": "error", "next_hop": ""}, "next_hop"),
    "a relay target that is gone": ({"kind": ObjectKind.ROUTE, "relay_target": 1}, "relay_target"),
    "a disabled default": (ROUTE | {"key": ".", "enabled": False}, "enabled"),
    "a foreign line of two lines": (
        {"kind": ObjectKind.FOREIGN_LINE, "mailer": "esmtp", "next_hop": "a\nb"},
        "next_hop",
    ),
    "a foreign line to a relay target": (
        {"kind": ObjectKind.FOREIGN_LINE, "mailer": "esmtp", "next_hop": "a", "relay_target": 1},
        "relay_target",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_names_its_field_and_is_not_written(
    save: Save, trail: Trail, what: str
) -> None:
    given, field = WRONG[what]
    target = {"relay_target": UUID(int=1)} if "relay_target" in given else {}
    before = trail.rows()
    with pytest.raises(InvalidIntent) as error:
        save(**(given | target))

    assert field in {finding.field for finding in error.value.findings}
    assert trail.rows() == before


def test_a_key_is_taken_by_an_object_of_any_kind(save: Save) -> None:
    save()
    with pytest.raises(InvalidIntent) as error:
        save(kind=ObjectKind.ROUTE, mailer="esmtp", next_hop="[a.example]")

    assert codes(error) == {"key_taken"}
    assert "lists.example" in str(error.value)


def test_another_list_server_may_have_the_same_key(save: Save) -> None:
    save()
    save(server=world.list_server("other", 1))

    assert VirtualDomain.objects.filter(key="lists.example").count() == 2


def test_an_object_stays_on_its_list_server(save: Save, trail: Trail) -> None:
    row, other = save(), world.list_server("other", 1)
    trail.again()
    with pytest.raises(InvalidIntent) as error:
        save(identity=row.pk, version=1, server=other, note="moved")

    assert codes(error) == {"server_fixed"}
    assert trail.events() == []


def test_an_object_is_checked_before_its_host_has_reported(save: Save, listes: MailHost) -> None:
    HostState.objects.filter(host=listes).delete()

    assert save().key == "lists.example"
    with pytest.raises(InvalidIntent):
        save(key="*")


def test_the_same_form_sent_twice_is_one_object_and_one_event(save: Save, trail: Trail) -> None:
    identity = uuid4()
    first, second = save(identity=identity), save(identity=identity)

    assert (first.pk, second.pk, second.version) == (identity, identity, 1)
    assert trail.actions() == ["virtual_domain.created"]


def test_a_change_bumps_the_version_and_tells_old_and_new(save: Save, trail: Trail) -> None:
    row = save()
    trail.again()
    changed = save(identity=row.pk, version=1, key="news.example")

    event = trail.only()
    assert (changed.pk, changed.version, changed.key) == (row.pk, 2, "news.example")
    assert (event.action, event.subject) == ("virtual_domain.changed", "news.example")
    assert event.old is not None and event.new is not None
    assert {name for name in event.old if event.old[name] != event.new[name]} == {"key"}


def test_a_change_sent_twice_is_one_change(save: Save, trail: Trail) -> None:
    row = save()
    trail.again()
    save(identity=row.pk, version=1, note="why")
    again = save(identity=row.pk, version=1, note="why")

    assert again.version == 2
    assert trail.actions() == ["virtual_domain.changed"]


def test_a_kind_may_change_and_the_object_stays_the_same(save: Save, smtp1: RelayTarget) -> None:
    line = save(kind=ObjectKind.FOREIGN_LINE, mailer="esmtp", next_hop="hub.example")
    route = save(identity=line.pk, version=1, kind=ObjectKind.ROUTE, relay_target=smtp1.pk)

    assert (route.pk, route.kind, route.mailer, route.version) == (line.pk, "route", "", 2)


def test_a_conflict_shows_both_values_and_overwrites_nothing(
    save: Save, people: dict[str, Person], trail: Trail
) -> None:
    row = save()
    save(identity=row.pk, version=1, note="by luc", by=people["luc"])
    before = trail.rows()
    with pytest.raises(ConflictingEdit) as error:
        save(identity=row.pk, version=1, note="by claire")

    conflict = error.value
    assert (conflict.theirs.values["note"], conflict.yours.values["note"]) == (
        "by luc",
        "by claire",
    )
    assert (conflict.theirs.by, conflict.yours.by) == ("Luc Petit", "Claire Martin")
    assert conflict.theirs.at == RoutingObject.objects.get().changed_at
    assert RoutingObject.objects.get().note == "by luc"
    assert trail.rows() == before


def test_two_first_forms_with_one_identity_conflict(save: Save) -> None:
    identity = uuid4()
    save(identity=identity)
    with pytest.raises(ConflictingEdit):
        save(identity=identity, key="other.example")


def test_saving_what_somebody_deleted_is_a_conflict(save: Save, claire: Person) -> None:
    row = save()
    delete_object(identity=row.pk, version=1, by=claire)
    with pytest.raises(ConflictingEdit) as error:
        save(identity=row.pk, version=1, note="late")

    assert error.value.theirs.values == {"deleted": True}
    assert not RoutingObject.objects.exists()


def test_enabling_and_disabling_are_changes(save: Save, claire: Person, trail: Trail) -> None:
    row = save()
    trail.again()
    set_enabled(identity=row.pk, version=1, enabled=False, by=claire)
    set_enabled(identity=row.pk, version=1, enabled=False, by=claire)
    set_enabled(identity=row.pk, version=2, enabled=True, by=claire)

    row.refresh_from_db()
    assert (row.enabled, row.version) == (True, 3)
    news = [event.new for event in trail.events()]
    assert [new["enabled"] for new in news if new] == [False, True]


def test_disabling_an_older_version_is_a_conflict(save: Save, claire: Person) -> None:
    row = save()
    save(identity=row.pk, version=1, note="newer")
    with pytest.raises(ConflictingEdit):
        set_enabled(identity=row.pk, version=1, enabled=False, by=claire)

    assert RoutingObject.objects.get().enabled


def test_the_default_key_cannot_be_disabled(save: Save, claire: Person, smtp1: RelayTarget) -> None:
    row = save(kind=ObjectKind.ROUTE, key=".", relay_target=smtp1.pk)
    with pytest.raises(InvalidIntent) as error:
        set_enabled(identity=row.pk, version=1, enabled=False, by=claire)

    assert codes(error) == {"default_disabled"}


def test_an_object_that_a_new_rule_refuses_cannot_be_enabled(
    save: Save, claire: Person, smtp1: RelayTarget
) -> None:
    """Rows are judged again at each write, not only when they were made."""
    row = save(enabled=False)
    with pytest.raises(InvalidIntent):
        save(identity=row.pk, version=1, enabled=True, relay_target=smtp1.pk)

    assert not RoutingObject.objects.get().enabled


def test_deleting_is_real_and_twice_is_once(save: Save, claire: Person, trail: Trail) -> None:
    row = save()
    values = object_values(row)
    trail.again()
    delete_object(identity=row.pk, version=1, by=claire)
    delete_object(identity=row.pk, version=1, by=claire)

    event = trail.only()
    assert not RoutingObject.objects.exists()
    assert (event.action, event.old, event.new) == ("virtual_domain.deleted", values, None)


def test_deleting_an_older_version_is_a_conflict(
    save: Save, people: dict[str, Person], trail: Trail
) -> None:
    row = save()
    save(identity=row.pk, version=1, note="newer", by=people["luc"])
    trail.again()
    with pytest.raises(ConflictingEdit) as error:
        delete_object(identity=row.pk, version=1, by=people["claire"])

    assert error.value.yours.values == {"deleted": True}
    assert (error.value.theirs.by, trail.events()) == ("Luc Petit", [])
