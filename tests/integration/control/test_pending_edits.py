"""Edits that are not live and who wrote them, from real rows, revisions and events."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from mailadmin.audit.services import CONTROL, SETUP, Actor, last_number
from mailadmin.people.models import Person
from routing.core.edits import Op
from routing.core.intent import ObjectKind
from routing.models import ConfigPush, MailHost, RelayTarget, RoutingObject
from routing.queries.editors import editors_of
from routing.queries.edits import host_edits, pending_edits
from routing.queries.revisions import live_revision
from routing.services.draft import preview
from routing.services.errors import NotAllowed
from routing.services.objects import delete_object, save_object, set_enabled
from routing.services.propose import propose, restore
from routing.services.relays import save_relay_target
from tests.integration.pages import world

VIRTUAL = ObjectKind.VIRTUAL_DOMAIN


def edits() -> dict[str, dict[str, Op]]:
    """What each list server has not live: operation by name."""
    return {part.host.name: {edit.name: edit.op for edit in part.edits} for part in pending_edits()}


def note(row: RoutingObject, text: str, by: Person) -> RoutingObject:
    """The same object with another note: nothing of it is rendered."""
    return save_object(
        identity=row.pk,
        version=row.version,
        server=row.server,
        kind=VIRTUAL,
        key=row.key,
        note=text,
        by=by,
    )


def rename(row: RoutingObject, key: str, by: Person) -> RoutingObject:
    """The same object with another key."""
    return save_object(
        identity=row.pk, version=row.version, server=row.server, kind=VIRTUAL, key=key, by=by
    )


def domain(key: str) -> RoutingObject:
    return RoutingObject.objects.get(key=key, kind=VIRTUAL)


def go_live(picked: RoutingObject, people: dict[str, Person]) -> ConfigPush:
    """Claire's push of one edit, approved by paul, on every host."""
    push = world.prove(world.proposed([picked.pk], people["claire"], "Only this"))
    return world.deploy_now(world.approved(push, people["paul"]))


def usernames(host: MailHost, row: RoutingObject) -> list[str]:
    return sorted(editor.username for editor in editors_of([row.pk], live_revision(host)))


def test_nothing_is_pending_when_the_rows_are_what_is_live(live: MailHost) -> None:
    assert pending_edits() == ()
    assert host_edits(live).edits == ()


def test_everything_is_pending_before_the_first_release(listes: MailHost, claire: Person) -> None:
    world.add_domain(listes, "lists.example", claire)

    assert edits() == {"listes": {"lists.example": Op.CREATE}}
    assert host_edits(listes).base is None


def test_each_kind_of_change_is_one_edit(live: MailHost, claire: Person) -> None:
    world.add_domain(live, "new.example", claire)
    set_enabled(identity=domain("jres.org").pk, version=1, enabled=False, by=claire)
    delete_object(identity=domain("demo.sympa.org").pk, version=1, by=claire)

    assert edits() == {
        "listes": {
            "new.example": Op.CREATE,
            "jres.org": Op.UPDATE,
            "demo.sympa.org": Op.DELETE,
        }
    }


def test_a_renamed_key_is_one_edit_of_one_object(live: MailHost, claire: Person) -> None:
    row = rename(domain("jres.org"), "jres.example", claire)

    (edit,) = host_edits(live).edits
    assert (edit.object_id, edit.op, edit.name) == (row.pk, Op.UPDATE, "jres.example")


def test_a_note_is_no_edit(live: MailHost, claire: Person) -> None:
    note(domain("jres.org"), "ask the board first", claire)

    assert pending_edits() == ()


def test_an_object_that_was_put_back_has_no_edit(live: MailHost, claire: Person) -> None:
    row = rename(domain("jres.org"), "jres.example", claire)
    rename(row, "jres.org", claire)

    assert pending_edits() == ()


def test_a_changed_relay_target_is_an_edit(live: MailHost, claire: Person) -> None:
    smtp1 = RelayTarget.objects.get()
    save_relay_target(
        identity=smtp1.pk, version=1, name="smtp1", hosts=smtp1.hosts, port=587, by=claire
    )

    assert edits() == {"listes": {"smtp1": Op.UPDATE}}


def test_a_relay_target_that_no_route_names_is_no_edit(live: MailHost, claire: Person) -> None:
    world.add_relay("smtp9", claire)

    assert pending_edits() == ()


def test_list_servers_come_in_order_of_activation(live: MailHost, claire: Person) -> None:
    first = world.list_server("aaa", 2)
    second = world.list_server("zzz", 1)
    for host in (first, second, live):
        world.add_domain(host, "new.example", claire)

    assert [part.host.name for part in pending_edits()] == ["listes", "zzz", "aaa"]


def test_the_editors_are_who_wrote_it_since_it_was_live(
    live: MailHost, people: dict[str, Person]
) -> None:
    row = rename(domain("jres.org"), "one.example", people["claire"])
    row = rename(row, "two.example", people["luc"])
    rename(row, "three.example", people["claire"])

    found = editors_of([row.pk], live_revision(live))
    assert {(editor.username, editor.name, editor.subject) for editor in found} == {
        ("claire", "Claire Martin", "three.example"),
        ("luc", "Luc Petit", "two.example"),
    }
    assert {editor.object_id for editor in found} == {row.pk}


def test_who_was_overwritten_is_an_editor_still(live: MailHost, people: dict[str, Person]) -> None:
    row = rename(domain("jres.org"), "one.example", people["luc"])
    rename(row, "jres.example", people["claire"])

    assert usernames(live, row) == ["claire", "luc"]


def test_who_deleted_it_is_an_editor(live: MailHost, claire: Person) -> None:
    row = domain("jres.org")
    delete_object(identity=row.pk, version=1, by=claire)

    assert usernames(live, row) == ["claire"]


@pytest.mark.parametrize("program", [CONTROL, SETUP])
def test_programs_are_no_editors(live: MailHost, program: Actor) -> None:
    row = domain("jres.org")
    save_object(identity=row.pk, version=1, server=live, kind=VIRTUAL, key="x.example", by=program)

    assert usernames(live, row) == []


def test_before_the_first_release_everybody_counts(listes: MailHost, claire: Person) -> None:
    row = world.add_domain(listes, "early.example", claire)

    assert usernames(listes, row) == ["claire"]


def test_what_went_live_is_nobodys_edit_any_more(live: MailHost, people: dict[str, Person]) -> None:
    row = world.add_domain(live, "conf.renater.fr", people["claire"])
    go_live(row, people)

    assert pending_edits() == ()
    assert usernames(live, row) == []

    rename(row, "news.renater.fr", people["luc"])
    assert usernames(live, row) == ["luc"]


def test_an_edit_that_was_not_picked_keeps_its_author(
    live: MailHost, people: dict[str, Person]
) -> None:
    """It is older than the live revision, which left it out: luc must not approve it later."""
    left = rename(domain("jres.org"), "left.example", people["luc"])
    go_live(world.add_domain(live, "picked.example", people["claire"]), people)
    go_live(world.add_domain(live, "another.example", people["claire"]), people)

    assert edits() == {"listes": {"left.example": Op.UPDATE}}
    assert usernames(live, left) == ["luc"]

    push = world.prove(world.proposed([left.pk], people["claire"], "What was left"))
    with pytest.raises(NotAllowed, match="You edited"):
        world.approved(push, people["luc"])


def test_an_edit_that_went_live_earlier_does_not_count_again(
    live: MailHost, people: dict[str, Person]
) -> None:
    row = world.add_domain(live, "conf.renater.fr", people["luc"])
    go_live(row, people)
    go_live(world.add_domain(live, "other.example", people["luc"]), people)
    rename(row, "news.renater.fr", people["claire"])

    assert usernames(live, row) == ["claire"]


def test_what_a_restore_took_back_is_its_authors_edit_again(
    live: MailHost, people: dict[str, Person]
) -> None:
    first, row = live_revision(live), world.add_domain(live, "conf.renater.fr", people["luc"])
    assert first is not None
    go_live(row, people)
    back = world.prove(restore(revision=first, note="it was wrong", by=people["claire"]))
    world.deploy_now(world.approved(back, people["paul"]))
    go_live(world.add_domain(live, "other.example", people["claire"]), people)

    assert edits() == {"listes": {"conf.renater.fr": Op.CREATE}}
    assert usernames(live, row) == ["luc"]


def test_a_relay_target_that_went_to_one_host_is_an_edit_of_its_author_on_the_other(
    live: MailHost, people: dict[str, Person]
) -> None:
    """One push for two hosts, of which only one names the relay target in what was picked."""
    other = world.list_server("other", 1)
    world.imported(other, "a.example\tesmtp:[127.0.0.1]\n.\tesmtp:[smtp2.renater.fr]\n")
    smtp2 = RelayTarget.objects.get(name="smtp2")
    save_relay_target(
        identity=smtp2.pk, version=1, name="smtp2", hosts=smtp2.hosts, port=587, by=people["luc"]
    )
    route = save_object(
        identity=uuid4(),
        version=0,
        server=live,
        kind=ObjectKind.ROUTE,
        key="big.example",
        relay_target=smtp2.pk,
        by=people["claire"],
    )
    domains = world.add_domain(other, "b.example", people["claire"])
    push = propose(
        picked=frozenset({route.pk, domains.pk}),
        title="One for each host",
        guard_reason="the second relay is ready",
        by=people["claire"],
    )
    world.deploy_now(world.approved(world.prove(push), people["paul"]))

    assert edits() == {"other": {"smtp2": Op.UPDATE}}
    (found,) = editors_of([smtp2.pk], live_revision(other))
    assert found.username == "luc"
    assert editors_of([smtp2.pk], live_revision(live)) == ()


def test_a_write_while_a_push_is_frozen_is_not_covered_by_it(
    live: MailHost, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are read before the push's transaction: luc's write comes between."""
    row = world.add_domain(live, "conf.renater.fr", people["claire"])

    def write_meanwhile(*, picked: frozenset[UUID]) -> object:
        drafts = preview(picked=picked)
        rename(row, "luc.example", people["luc"])
        return drafts

    with monkeypatch.context() as patch:
        patch.setattr("routing.services.propose.preview", write_meanwhile)
        push = world.prove(world.proposed([row.pk], people["claire"], "Add conf.renater.fr"))
    world.deploy_now(world.approved(push, people["paul"]))

    assert edits() == {"listes": {"luc.example": Op.UPDATE}}
    assert usernames(live, row) == ["luc"]


def test_the_revision_remembers_which_events_it_covers(live: MailHost, claire: Person) -> None:
    first = live_revision(live)
    row = world.add_domain(live, "conf.renater.fr", claire)
    before = last_number()
    revision = world.proposed([row.pk], claire, "Add conf.renater.fr").targets.get().revision

    assert first is not None
    assert (revision.first_event, revision.last_event) == (first.last_event + 1, before)
