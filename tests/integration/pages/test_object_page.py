"""The page of one object: the pushes that changed it, its history, and what is left of it."""

from __future__ import annotations

import re
from importlib import import_module
from uuid import uuid4

from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from routing.core.intent import ObjectKind
from routing.core.states import PushState
from routing.models import ConfigPush, RelayTarget, RoutingObject, TouchedObject
from routing.queries.touched import pushes_of
from routing.services.objects import delete_object, save_object, set_enabled
from routing.services.propose import propose, restore
from tests.fixtures.audited import unaudited
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text


def domain(key: str) -> RoutingObject:
    return RoutingObject.objects.get(key=key)


def disabled(site: Site, key: str) -> RoutingObject:
    row = domain(key)
    set_enabled(identity=row.pk, version=row.version, enabled=False, by=site.people["claire"])
    return row


def test_a_push_is_found_from_the_objects_that_it_changes_and_from_no_other(
    site: Site, waiting: ConfigPush
) -> None:
    (only,) = pushes_of(domain("conf.renater.fr").pk).newest
    assert (only.number, only.state) == (waiting.pk, PushState.PROVED)
    assert [(host.name, host.live_at) for host in only.hosts] == [("listes", None)]

    (first,) = pushes_of(domain("jres.org").pk).newest
    assert first.number == site.first.pk
    target = site.first.targets.get()
    assert [(host.name, host.live_at) for host in first.hosts] == [("listes", target.state_at)]


def test_a_picked_edit_is_in_its_push_and_one_that_waits_is_in_none(site: Site) -> None:
    picked, left = disabled(site, "jres.org"), disabled(site, "demo.sympa.org")
    push = world.proposed([picked.pk], site.people["claire"], "Disable jres.org")
    assert [found.number for found in pushes_of(picked.pk).newest] == [push.pk, site.first.pk]
    assert [found.number for found in pushes_of(left.pk).newest] == [site.first.pk]
    assert [found.number for found in pushes_of(picked.pk, limit=1).newest] == [push.pk]


def test_a_restore_touches_what_it_turns_back_and_nothing_else(site: Site) -> None:
    picked = disabled(site, "jres.org")
    push = world.proposed([picked.pk], site.people["claire"], "Disable jres.org")
    world.prove(push)
    world.approved(push, site.people["paul"])
    world.deploy_now(push)
    back = restore(revision=site.first.targets.get().revision, note="back", by=site.people["paul"])
    touched = TouchedObject.objects.filter(target__push=back)
    assert [item.object_id for item in touched] == [picked.pk]


def test_an_upgrade_finds_in_older_pushes_what_a_new_one_records(
    site: Site,
) -> None:
    """The migration reads frozen intents; proposing compares rows: two ways to one answer."""
    relay = world.add_relay("smtp2", site.people["claire"])
    added = world.add_domain(site.host, "new.example.org", site.people["claire"])
    gone = disabled(site, "jres.org")
    push = world.proposed([added.pk, gone.pk, relay.pk], site.people["claire"], "Three edits")
    world.prove(push)
    world.approved(push, site.people["paul"])
    world.deploy_now(push)
    back = restore(revision=site.first.targets.get().revision, note="back", by=site.people["paul"])
    recorded = set(TouchedObject.objects.values_list("target__push", "object_id"))
    assert {pk for pk, _ in recorded} == {site.first.pk, push.pk, back.pk}
    with unaudited():
        TouchedObject.objects.all().delete()
        import_module("routing.migrations.0006_fill_touched_objects").fill(apps, connection)
    assert set(TouchedObject.objects.values_list("target__push", "object_id")) == recorded


def test_a_new_relay_target_is_in_the_push_of_the_route_that_names_it(site: Site) -> None:
    relay, row = world.add_relay("smtp2", site.people["claire"]), domain(".")
    save_object(
        identity=row.pk,
        version=row.version,
        server=row.server,
        kind=ObjectKind.ROUTE,
        key=".",
        relay_target=relay.pk,
        by=site.people["claire"],
    )
    push = propose(
        picked=frozenset([row.pk]),
        title="By smtp2",
        guard_reason="agreed",
        by=site.people["claire"],
    )
    assert [found.number for found in pushes_of(relay.pk).newest] == [push.pk]
    assert "Pushes that changed it" in text(site.sign_in("vera").get("/relays/smtp2/"))
    left = RelayTarget.objects.get(name="smtp1")
    assert [found.number for found in pushes_of(left.pk).newest] == [site.first.pk]


def test_the_page_names_the_push_its_state_and_where_it_is_live(
    site: Site, waiting: ConfigPush
) -> None:
    client = site.sign_in("vera")
    page = text(client.get("/domains/jres.org/"))
    assert f"#{site.first.pk} Import of mailertable" in page
    assert re.search(r"listes</a>\s*<span[^>]*>live ", page)
    page = text(client.get("/domains/conf.renater.fr/"))
    assert f"#{waiting.pk} Add conf.renater.fr" in page
    assert "not live</span>" in page


def test_a_deleted_object_keeps_a_page_that_says_who_and_where_it_is_still_live(site: Site) -> None:
    row = domain("jres.org")
    delete_object(identity=row.pk, version=row.version, by=site.people["luc"])
    answer = site.sign_in("claire").get("/domains/jres.org/")
    assert answer.status_code == 200
    page = text(answer)
    assert "deleted by <strong>Luc Petit</strong>" in page
    assert "listes has it until a push without it is live." in page
    assert f"#{site.first.pk} Import of mailertable" in page
    assert f"act=undo&amp;pick={row.pk.hex}.0" in page
    removed = text(site.sign_in("claire").get("/domains/?state=removed"))
    assert '/domains/jres.org/?server=listes"' in removed


def test_one_that_was_never_live_is_gone_and_one_that_never_was_is_not_found(site: Site) -> None:
    row = world.add_domain(site.host, "brief.example", site.people["claire"])
    delete_object(identity=row.pk, version=row.version, by=site.people["claire"])
    client = site.sign_in("claire")
    answer = client.get("/domains/brief.example/")
    assert answer.status_code == 410
    assert answer["Cache-Control"] == "private, no-cache", "it may be added again"
    assert "No mail host has the virtual domain any more." in text(answer)
    assert "/domains/add/?key=brief.example&amp;server=listes" in text(answer)
    assert client.get("/routes/brief.example/").status_code == 404
    assert client.get("/domains/never.example/").status_code == 404


def test_history_goes_on_across_a_delete(site: Site) -> None:
    row = world.add_domain(site.host, "again.example", site.people["claire"])
    delete_object(identity=row.pk, version=row.version, by=site.people["luc"])
    world.add_domain(site.host, "again.example", site.people["claire"])
    page = text(site.sign_in("vera").get("/domains/again.example/"))
    assert re.search(r"Luc Petit</strong> deleted an earlier virtual domain", page)
    assert re.search(r"Claire Martin</strong> created it</span>", page)


def test_history_says_old_and_new(site: Site) -> None:
    row = domain("jres.org")
    for note in ("first", "second"):
        row.refresh_from_db()
        save_object(
            identity=row.pk,
            version=row.version,
            server=row.server,
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key=row.key,
            note=note,
            by=site.people["luc"],
        )
    assert "note first → second" in text(site.sign_in("vera").get("/domains/jres.org/"))


def test_more_pushes_than_the_card_shows_are_told_and_all_are_one_step_away(site: Site) -> None:
    row, client = domain("jres.org"), site.sign_in("vera")
    assert "not shown here" not in text(client.get("/domains/jres.org/"))
    with unaudited():
        for _ in range(60):
            target = site.first.targets.get()
            push, target.pk, target.holds_host = site.first, None, False
            push.pk, push.form_token = None, None
            push.save(force_insert=True)
            target.push = push
            target.save(force_insert=True)
            TouchedObject.objects.create(target=target, object_id=row.pk)
    page = text(client.get("/domains/jres.org/"))
    assert "41 older ones are not shown here." in page and "All 61 pushes that changed it" in page
    found = client.get(f"/pushes/?object={row.pk}").context["pushes"]
    assert (len(found.rows), found.count_words) == (50, "")
    assert [chip.label for chip in found.chips] == ["Changing: jres.org"]
    assert found.pager.summary == "1 to 50 of 61"
    assert not client.get(f"/pushes/?object={uuid4()}").context["pushes"].rows
    assert client.get("/pushes/?object=nonsense").context["pushes"].pager.summary.endswith("of 61")


def test_the_pushes_of_an_object_are_found_along_an_index(site: Site) -> None:
    found = domain("jres.org").pk
    with CaptureQueriesContext(connection) as asked:
        assert pushes_of(found).newest
    assert len(asked) == 2
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        if not sqlite:
            cursor.execute("SET LOCAL enable_seqscan = off")
        for query in asked:
            cursor.execute(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + query["sql"])
            plan = " ".join(str(line) for line in cursor.fetchall())
            along = "SEARCH routing_touchedobject" if sqlite else "object_once_per_target"
            assert along in plan and "SCAN" not in plan, plan
