"""Ticked rows of a list: a page that asks, what is done, and what is left alone."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import last_number
from routing.core.intent import ObjectKind
from routing.models import ConfigPush, RelayTarget, RoutingObject, TaggedObject
from routing.queries.edits import pending_edits
from routing.services.acts import Act
from routing.services.bulk_acts import do_act
from routing.services.objects import delete_object, save_object, set_enabled
from routing.views import bulk_acts as views
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text
from tests.integration.pages.test_bulk_add import paste, save
from tests.integration.pages.test_export import noted

LIVE = ("demo.sympa.org", "jres.org", "renater.fr")


def ask(client: Client, act: str, keys: tuple[str, ...] = (), **more: str) -> Any:
    """The page that asks."""
    rows = RoutingObject.objects.filter(key__in=keys)
    picks = [f"{row.pk.hex}.{row.version}" for row in rows]
    return client.get("/domains/~act/", {"act": act, "pick": picks, **more})


def do(client: Client, asked: Any, **more: str) -> Any:
    """Press its button."""
    shown = asked.context
    sent = {"act": str(shown["act"]), "token": str(shown["token"]), "chosen": shown["chosen"]}
    return client.post(shown["action"], sent | {"event": str(shown["event"])} | more)


def enabled() -> dict[str, bool]:
    """Of the domains."""
    return dict(RoutingObject.objects.filter(key__in=LIVE).values_list("key", "enabled"))


def test_the_page_says_what_becomes_of_the_mail_of_how_many(site: Site) -> None:
    world.add_domain(site.host, "sub.renater.fr", site.people["claire"])
    before = last_number()
    shown = text(ask(site.sign_in("claire"), "delete", ("jres.org", "sub.renater.fr")))
    assert "Delete 2 virtual domains" in shown
    assert "Mail for 2 of them on listes then goes to smtp1 by the . key." in shown
    assert last_number() == before


def test_ticked_rows_are_disabled_once_with_one_event_for_each(site: Site) -> None:
    client, before = site.sign_in("claire"), last_number()
    page = ask(client, "disable", ("jres.org", "renater.fr"))
    assert [do(client, page).status_code for _ in range(2)] == [302, 302]
    assert enabled() == {"demo.sympa.org": True, "jres.org": False, "renater.fr": False}
    events = AuditEvent.objects.filter(number__gt=before).values_list("action", flat=True)
    assert sorted(events) == ["bulk.saved", "virtual_domain.changed", "virtual_domain.changed"]
    do(client, ask(client, "enable", LIVE))
    assert set(enabled().values()) == {True}


def test_all_that_match_are_noted(site: Site) -> None:
    client = site.sign_in("claire")
    page = ask(client, "note", all="yes", q="re")
    assert "Set the note of 2 virtual domains" in text(page)
    do(client, page, note="moved in March")
    rows = RoutingObject.objects.filter(note="moved in March")
    assert sorted(row.key for row in rows) == ["jres.org", "renater.fr"]


def test_of_all_that_match_what_somebody_changed_meanwhile_is_left_alone_too(site: Site) -> None:
    client = site.sign_in("claire")
    page = ask(client, "disable", all="yes", q="re")
    assert page.context["chosen"] == "" and len(page.content) < 20_000
    noted(RoutingObject.objects.get(key="jres.org"), site, "mind this")
    world.add_domain(site.host, "re-new.example", site.people["luc"])
    answer = do(client, page)
    assert answer.status_code == 409 and "1 virtual domain is disabled." in text(answer)
    assert {item.key: item.why for item in answer.context["left"]} == {
        "jres.org": "Luc Petit changed it after this page was opened.",
        "re-new.example": "Luc Petit changed it after this page was opened.",
    }
    assert [key for key, on in enabled().items() if not on] == ["renater.fr"]
    assert "1 virtual domain is disabled." in text(client.get(do(client, page)["Location"]))


def test_all_that_match_without_the_moment_at_which_they_were_shown_is_asked_again(
    site: Site,
) -> None:
    client = site.sign_in("claire")
    page = ask(client, "disable", all="yes")
    for event in ("", "x", "-1"):
        answer = do(client, page, event=event)
        assert answer.status_code == 422 and "Send the page again." in text(answer)
    assert all(enabled().values())


def test_rows_that_change_alike_are_one_statement_and_each_has_its_version_and_event(
    site: Site,
) -> None:
    client = site.sign_in("claire")
    names = "\n".join(f"d{n:02}.alike.example" for n in range(60))
    save(client, paste(client, names))
    do(client, ask(client, "tag", keys=("d07.alike.example",)), tags="own")
    page, before = ask(client, "tag", all="yes", q="alike"), last_number()
    with CaptureQueriesContext(connection) as asked:
        do(client, page, tags="shared")
    rows = RoutingObject.objects.filter(key__contains="alike")
    said = {(row.version, row.tags, row.changed_by, row.enabled, row.kind) for row in rows}
    assert said == {
        (2, "shared", "Claire Martin", True, "virtual_domain"),
        (3, "own shared", "Claire Martin", True, "virtual_domain"),
    }
    writes = [q["sql"] for q in asked if q["sql"].startswith('UPDATE "routing_routingobject"')]
    assert len(writes) == 2
    assert last_number() == before + 61
    assert TaggedObject.objects.filter(word="shared").count() == 60


def test_more_than_can_be_done_at_once_is_said_before_anything_is_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_AT_ONCE", 2)
    answer = ask(site.sign_in("claire"), "tag", all="yes")
    assert answer.status_code == 422 and "More than 2 match." in text(answer)


def test_what_somebody_changed_meanwhile_is_left_alone_and_told(site: Site) -> None:
    client = site.sign_in("claire")
    page = ask(client, "delete", LIVE)
    noted(RoutingObject.objects.get(key="jres.org"), site, "mind this")
    gone = RoutingObject.objects.get(key="renater.fr")
    delete_object(identity=gone.pk, version=gone.version, by=site.people["luc"])
    answer = do(client, page)
    assert answer.status_code == 409
    left = {item.key: item.why for item in answer.context["left"]}
    assert left["jres.org"] == "Luc Petit changed it after this page was opened."
    assert left["renater.fr"] == "Somebody deleted it meanwhile."
    assert "1 virtual domain is deleted." in text(answer)
    assert list(enabled()) == ["jres.org"]


def test_edits_are_undone_whatever_they_were(site: Site) -> None:
    client, by = site.sign_in("claire"), site.people["claire"]
    world.add_domain(site.host, "new.example.org", by)
    for key in ("jres.org", "renater.fr"):
        row = RoutingObject.objects.get(key=key)
        noted(row, site, f"note of {key}")
    row = RoutingObject.objects.get(key="jres.org")
    set_enabled(identity=row.pk, version=row.version, enabled=False, by=by)
    gone = RoutingObject.objects.get(key="renater.fr")
    delete_object(identity=gone.pk, version=gone.version, by=by)
    shown = text(client.get("/domains/jres.org/"))
    assert "Undo the edit" in shown and "act=undo" in shown
    assert do(client, ask(client, "undo", all="yes", state="edited")).status_code == 302
    assert do(client, ask(client, "undo", all="yes", state="removed")).status_code == 302
    assert pending_edits() == ()
    back = RoutingObject.objects.get(key="renater.fr")
    assert (back.pk, back.note) == (gone.pk, "note of renater.fr")
    assert AuditEvent.objects.filter(note="edit undone").count() == 3


def test_an_edit_in_a_push_is_not_undone(site: Site, waiting: ConfigPush) -> None:
    page = ask(site.sign_in("claire"), "undo", ("conf.renater.fr",))
    assert f"It is in push #{waiting.pk}." in text(page)
    assert do(site.sign_in("claire"), page).status_code == 409
    assert RoutingObject.objects.filter(key="conf.renater.fr").exists()


def test_a_key_that_another_object_took_is_not_taken_back(site: Site) -> None:
    client, by = site.sign_in("claire"), site.people["claire"]
    gone = RoutingObject.objects.get(key="jres.org")
    delete_object(identity=gone.pk, version=gone.version, by=by)
    world.add_domain(site.host, "jres.org", by)
    answer = do(client, ask(client, "undo", all="yes", state="removed"))
    assert [item.why for item in answer.context["left"]] == ["Another object has this key."]


def test_many_routes_get_another_relay_and_give_their_own_way_up(site: Site) -> None:
    world.add_relay("smtp2", site.people["claire"])
    site_routes = {"by-relay.example": "", "by-mailer.example": "esmtp", "off.example": "error"}
    relay = RelayTarget.objects.get(name="smtp1")
    for key, mailer in site_routes.items():
        save_object(
            identity=uuid4(),
            version=0,
            server=site.host,
            kind=ObjectKind.ROUTE,
            key=key,
            enabled=key != "off.example",
            relay_target=None if mailer else relay.pk,
            mailer=mailer,
            next_hop="5.1.1:gone" if mailer == "error" else "[mx.example]" if mailer else "",
            note="kept",
            by=site.people["claire"],
        )
    client = site.sign_in("claire")
    asked = client.get("/routes/~act/", {"act": "send", "all": "yes", "q": ".example"})
    page = text(asked)
    assert "Choose the relay of 3 routes" in page and "until a push with it is live" in page
    refused = do(client, asked, relay="smtp9")
    assert refused.status_code == 422
    assert "smtp9 is not one of the available choices" in text(refused)
    assert "Choose the relay that they go by." in text(do(client, asked))
    assert do(client, asked, relay="smtp2").status_code == 302
    rows = RoutingObject.objects.filter(key__in=site_routes)
    said = {(row.relay_target and row.relay_target.name, row.mailer, row.next_hop) for row in rows}
    assert said == {("smtp2", "", "")}
    assert {row.note for row in rows} == {"kept"}
    assert [row.key for row in rows if not row.enabled] == ["off.example"]
    assert 'value="send"' in text(client.get("/routes/"))
    assert 'value="send"' not in text(client.get("/domains/"))


def test_a_domain_is_sent_by_no_relay_and_a_relay_that_goes_meanwhile_is_told(site: Site) -> None:
    row, by = RoutingObject.objects.get(key="."), site.people["claire"]
    domain = RoutingObject.objects.get(key="jres.org")
    chosen = {row.pk: row.version, domain.pk: domain.version}
    plan = do_act(act=Act.SEND, chosen=chosen, token=uuid4(), text="smtp9", by=by)
    assert {item.key: item.why for item in plan.left} == {
        ".": "There is no relay target smtp9 any more.",
        "jres.org": "Only a route names a relay target.",
    }


def test_deleted_rows_are_searched_too_and_only_those_shown_are_undone(site: Site) -> None:
    client, by = site.sign_in("claire"), site.people["claire"]
    for key in LIVE:
        row = RoutingObject.objects.get(key=key)
        delete_object(identity=row.pk, version=row.version, by=by)
    address = "/domains/?state=removed&q=RE"
    names = [row.name for row in client.get(address).context["list"].rows]
    assert names == ["jres.org", "renater.fr"]
    assert not client.get("/domains/?state=removed&tag=x").context["list"].rows
    assert not client.get("/domains/?state=removed&server=forums").context["list"].rows
    do(client, ask(client, "undo", all="yes", state="removed", q="RE"))
    assert sorted(enabled()) == names


@pytest.mark.parametrize(
    "sent", [{}, {"act": "disable"}, {"act": "x"}, {"act": "note", "pick": "7"}]
)
def test_nothing_ticked_or_chosen_is_said(site: Site, sent: dict[str, str]) -> None:
    assert site.sign_in("claire").get("/domains/~act/", sent).status_code == 422


def test_who_may_not_edit_has_no_ticks(site: Site) -> None:
    assert ask(site.sign_in("paul"), "delete", LIVE).status_code == 403
    assert 'name="pick"' not in text(site.sign_in("paul").get("/domains/"))
    assert 'name="pick"' in text(site.sign_in("claire").get("/domains/"))
