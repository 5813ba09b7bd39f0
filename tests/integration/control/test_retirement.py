"""Retiring a domain: every step on and back is an edit with its event, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from mailadmin.people.models import Person
from routing.core.edits import Op
from routing.core.findings import InvalidIntent
from routing.core.retirement import RetireStep, refusal
from routing.models import MailHost, Retirement, RoutingObject
from routing.queries.pending import standing
from routing.queries.retirement import Retiring, due, retirements, retiring_of
from routing.queries.touched import pushes_of
from routing.services.errors import ConflictingEdit, NotAllowed
from routing.services.objects import delete_object, save_object, set_enabled
from routing.services.retirement import Wanted, take_step
from tests.fixtures.audited import unaudited
from tests.integration.control.conftest import Trail
from tests.integration.pages import world

MANAGED, DRAINING, REJECTING, GONE = RetireStep
TEXT = refusal("5.1.6", "This domain has moved to example.org")
Go = Callable[..., None]


@pytest.fixture
def jres(live: MailHost) -> RoutingObject:
    """A virtual domain that is live."""
    return RoutingObject.objects.get(server=live, key="jres.org")


@pytest.fixture
def go(jres: RoutingObject, claire: Person) -> Go:
    """Take a step as the page shows things now."""

    def taken(to: RetireStep, by: Person = claire, **given: Any) -> None:
        take_step(identity=jres.pk, wanted=seen(jres, to, **given), by=by)

    return taken


def seen(row: RoutingObject, to: RetireStep, **given: Any) -> Wanted:
    now = RoutingObject.objects.filter(pk=row.pk).first()
    mark = Retirement.objects.filter(object_id=row.pk).first()
    first = {"version": now.version if now else 0, "seen": mark.version if mark else 0}
    return Wanted(to=to, **(first | given))


def sight(row: RoutingObject) -> Retiring:
    found = retiring_of(row.pk, pushes_of(row.pk).newest)
    assert found is not None
    return found


def test_draining_writes_no_key_and_needs_no_push(
    go: Go, jres: RoutingObject, trail: Trail
) -> None:
    go(DRAINING, next_on=date(2027, 1, 31), note="moves to forums")

    assert trail.actions() == ["retirement.began"]
    assert trail.only().new == {
        "step": "draining",
        "next_on": "2027-01-31",
        "note": "moves to forums",
    }
    assert jres.pk not in standing().edits
    now = sight(jres)
    assert (now.step, now.live, now.is_live) == (DRAINING, DRAINING, True)
    assert now.live_at == now.mark.began_at


def test_each_step_is_an_edit_that_a_push_takes_to_the_server(
    go: Go, jres: RoutingObject, claire: Person, people: dict[str, Person]
) -> None:
    go(DRAINING)
    go(REJECTING, text=TEXT)

    row = RoutingObject.objects.get(pk=jres.pk)
    assert (row.kind, row.mailer, row.next_hop) == ("route", "error", TEXT)
    assert standing().edits[jres.pk].op is Op.UPDATE
    assert (sight(jres).step, sight(jres).live) == (REJECTING, DRAINING)
    push = pushed(jres, claire, people["paul"])
    assert push.title == "Reject"
    assert (sight(jres).live, sight(jres).live_at) == (REJECTING, push.targets.get().state_at)

    go(GONE)
    assert (sight(jres).step, sight(jres).live) == (GONE, REJECTING)
    pushed(jres, claire, people["paul"])
    assert (sight(jres).live, sight(jres).is_live) == (GONE, True)
    assert retirements() == ()


def pushed(row: RoutingObject, by: Person, approver: Person) -> Any:
    push = world.prove(world.proposed([row.pk], by, "Reject"))
    world.approved(push, approver, at_once=False)
    return world.deploy_now(push)


def test_every_step_goes_back_to_what_was(go: Go, jres: RoutingObject, trail: Trail) -> None:
    with unaudited():
        RoutingObject.objects.filter(pk=jres.pk).update(note="ours", tags="paris")
    for step in (DRAINING, REJECTING, GONE):
        go(step, text=TEXT if step is REJECTING else "")
    assert not RoutingObject.objects.filter(pk=jres.pk).exists()

    go(REJECTING)
    row = RoutingObject.objects.get(pk=jres.pk)
    assert (row.key, row.mailer, row.next_hop) == ("jres.org", "error", TEXT)
    assert (row.note, row.tags) == ("ours", "paris")
    go(DRAINING)
    assert RoutingObject.objects.get(pk=jres.pk).kind == "virtual_domain"
    assert jres.pk not in standing().edits
    go(MANAGED)
    assert not Retirement.objects.exists()
    assert trail.actions() == [
        "retirement.began",
        "route.changed",
        "retirement.moved",
        "route.deleted",
        "retirement.moved",
        "route.created",
        "retirement.moved",
        "virtual_domain.changed",
        "retirement.moved",
        "retirement.ended",
    ]


def test_planning_makes_nobody_an_editor_of_the_domain(
    go: Go, jres: RoutingObject, claire: Person, people: dict[str, Person]
) -> None:
    go(DRAINING, by=people["luc"], note="his plan")
    go(REJECTING, text=TEXT)

    push = world.proposed([jres.pk], claire)
    assert {editor.username for editor in push.editors.all()} == {"claire"}


def test_the_same_step_sent_twice_is_done_once(go: Go, jres: RoutingObject, trail: Trail) -> None:
    first = seen(jres, DRAINING, note="once")
    go(DRAINING, note="once")
    go(DRAINING, version=first.version, seen=first.seen, note="once")
    assert trail.actions() == ["retirement.began"]

    second = seen(jres, REJECTING, text=TEXT)
    go(REJECTING, text=TEXT)
    trail.again()
    go(REJECTING, text=TEXT, version=second.version, seen=second.seen)
    assert trail.actions() == []


def test_another_day_or_other_words_are_saved_where_it_stands(
    go: Go, jres: RoutingObject, trail: Trail
) -> None:
    go(DRAINING)
    go(REJECTING, text=TEXT)
    stands = sight(jres).mark.step_at
    trail.again()

    go(REJECTING, text=refusal("5.1.2", "Gone"), next_on=date(2027, 2, 1))
    assert trail.actions() == ["route.changed", "retirement.planned"]
    assert RoutingObject.objects.get(pk=jres.pk).next_hop == "5.1.2:550 Gone"
    assert sight(jres).mark.step_at == stands
    trail.again()
    go(REJECTING, next_on=None)
    assert trail.actions() == ["retirement.planned"]


def test_who_saw_another_object_or_plan_is_told_who_was_faster(
    go: Go, jres: RoutingObject, people: dict[str, Person]
) -> None:
    luc = people["luc"]
    go(DRAINING)
    old = seen(jres, REJECTING, text=TEXT)
    go(DRAINING, by=luc, note="wait for March")
    with pytest.raises(ConflictingEdit) as error:
        go(REJECTING, text=TEXT, version=old.version, seen=old.seen)
    assert error.value.theirs.by == "Luc Petit"
    assert error.value.theirs.values["note"] == "wait for March"

    noted(jres, luc)
    with pytest.raises(ConflictingEdit) as error:
        go(REJECTING, text=TEXT, version=old.version)
    assert error.value.theirs.values["note"] == "kept"
    delete_object(identity=jres.pk, version=old.version + 1, by=luc)
    with pytest.raises(ConflictingEdit):
        go(DRAINING, version=old.version)
    assert sight(jres).step is GONE


def noted(row: RoutingObject, by: Person) -> None:
    save_object(
        identity=row.pk,
        version=row.version,
        server=row.server,
        kind="virtual_domain",  # type: ignore[arg-type]  # as it is stored
        key=row.key,
        note="kept",
        by=by,
    )


def test_no_step_is_skipped_and_only_a_domain_in_use_is_retired(
    go: Go, jres: RoutingObject, claire: Person, live: MailHost, trail: Trail
) -> None:
    before = trail.rows()
    with pytest.raises(NotAllowed, match=r"jres.org is managed now"):
        go(REJECTING, text=TEXT)
    with pytest.raises(NotAllowed, match=r"jres.org is managed now"):
        go(GONE)
    host = RoutingObject.objects.get(key="host.renater.fr")
    with pytest.raises(NotAllowed, match="Only a virtual domain"):
        take_step(identity=host.pk, wanted=seen(host, REJECTING, text=TEXT), by=claire)
    with pytest.raises(NotAllowed, match="deleted"):
        take_step(identity=uuid4(), wanted=Wanted(to=DRAINING, version=0, seen=0), by=claire)
    assert trail.rows() == before

    set_enabled(identity=jres.pk, version=jres.version, enabled=False, by=claire)
    with pytest.raises(NotAllowed, match=r"jres.org is disabled. Enable it first"):
        go(DRAINING)
    assert not Retirement.objects.exists()


def test_a_text_that_sendmail_would_garble_is_refused_whole(
    go: Go, jres: RoutingObject, trail: Trail
) -> None:
    go(DRAINING)
    trail.again()
    before = trail.rows()
    with pytest.raises(InvalidIntent) as error:
        go(REJECTING, text='5.1.6:550 "moved" (to x)')
    assert {finding.code for finding in error.value.findings} == {"error_characters"}
    assert trail.rows() == before
    assert sight(jres).step is DRAINING


def test_a_domain_that_somebody_routed_by_hand_stands_at_no_step(
    go: Go, jres: RoutingObject, claire: Person
) -> None:
    go(DRAINING)
    save_object(
        identity=jres.pk,
        version=jres.version,
        server=jres.server,
        kind="route",  # type: ignore[arg-type]  # as it is stored
        key="jres.org",
        mailer="esmtp",
        next_hop="[new.example.org]",
        by=claire,
    )
    assert sight(jres).step is None
    go(REJECTING, text=TEXT)
    assert sight(jres).step is REJECTING


def test_a_key_that_another_object_took_is_not_taken_from_it(
    go: Go, jres: RoutingObject, claire: Person, live: MailHost
) -> None:
    for step in (DRAINING, REJECTING, GONE):
        go(step, text=TEXT if step is REJECTING else "")
    world.add_domain(live, "jres.org", claire)
    with pytest.raises(InvalidIntent) as error:
        go(REJECTING)
    assert [finding.code for finding in error.value.findings] == ["key_taken"]
    assert sight(jres).step is GONE


def test_a_planned_day_is_due_from_that_day_on_until_the_step_is_taken(
    go: Go, jres: RoutingObject
) -> None:
    day = date(2027, 1, 31)
    go(DRAINING, next_on=day)
    assert due(date(2027, 1, 30)) == ()
    assert [item.mark.key for item in due(day)] == ["jres.org"]
    assert [item.mark.key for item in due(date(2027, 3, 1))] == ["jres.org"]
    go(REJECTING, text=TEXT)
    assert due(day) == ()
