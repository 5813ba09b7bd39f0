"""Domains, local hosts, routes, foreign lines, relays: forms, conflicts, effects on mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

from routing.core.intent import Intent, ObjectKind, intent_from_json
from routing.models import RelayTarget, RoutingObject
from routing.queries import revisions
from routing.services.objects import save_object
from tests.fixtures.audited import unaudited
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text


def fields(key: str, **more: object) -> dict[str, object]:
    """What the add form sends."""
    return {"identity": str(uuid4()), "version": 0, "server": "listes", "key": key} | more


def test_an_editor_adds_a_domain_and_the_page_says_that_it_is_on_no_host(site: Site) -> None:
    client = site.sign_in("claire")
    answer = client.post("/domains/add/", fields("Conf.Renater.fr"), follow=True)
    assert answer.redirect_chain == [("/domains/conf.renater.fr/?server=listes#checklist", 302)]
    assert "conf.renater.fr is saved. It is on no mail host" in text(answer)
    assert "1 edit is not on any mail host." in text(answer)
    assert "not live yet" in text(answer)


@pytest.mark.parametrize("place", ["domains", "local-hosts"])
def test_the_add_form_of_the_page_needs_nothing_but_a_name(site: Site, place: str) -> None:
    client = site.sign_in("claire")
    sent = form_of(client.get(f"/{place}/add/"), f"/{place}/add/") | {"key": "conf.renater.fr"}
    assert client.post(f"/{place}/add/", sent).status_code == 302


@pytest.mark.parametrize(
    ("page", "action"),
    [
        ("/domains/jres.org/", "/domains/jres.org/edit/?server=listes"),
        ("/local-hosts/host.renater.fr/", "/local-hosts/host.renater.fr/edit/?server=listes"),
        ("/relays/smtp1/", "/relays/smtp1/edit/"),
        ("/domains/jres.org/delete/", "/domains/jres.org/delete/"),
        ("/domains/jres.org/disable/", "/domains/jres.org/disable/"),
    ],
)
def test_the_forms_of_the_pages_are_whole(site: Site, page: str, action: str) -> None:
    client = site.sign_in("claire")
    sent = form_of(client.get(page), action)
    if "hosts" not in sent and page.startswith("/relays/"):
        sent["hosts"] = "smtp1.renater.fr"
    assert client.post(action, sent).status_code == 302


def test_the_same_form_sent_twice_adds_one_domain(site: Site) -> None:
    client, sent = site.sign_in("claire"), fields("conf.renater.fr")
    answers = [client.post("/domains/add/", sent).status_code for _ in range(2)]
    assert answers == [302, 302]
    assert RoutingObject.objects.filter(key="conf.renater.fr").count() == 1


def test_a_wrong_key_is_refused_with_what_to_write_instead(site: Site) -> None:
    answer = site.sign_in("claire").post("/domains/add/", fields("http://jres.org:25/"))
    assert answer.status_code == 422
    assert "Write jres.org." in text(answer)
    assert "http://jres.org:25/" in text(answer)


def test_a_key_that_another_kind_has_is_refused(site: Site) -> None:
    answer = site.sign_in("claire").post("/domains/add/", fields("host.renater.fr"))
    assert answer.status_code == 422
    assert "is a local" in text(answer)


def test_every_error_of_a_form_is_shown_at_once(site: Site) -> None:
    sent = {
        "identity": str(uuid4()),
        "version": 0,
        "name": "Smtp 2",
        "hosts": "a b\nx..y",
        "port": "0",
    }
    answer = site.sign_in("claire").post("/relays/add/", sent)
    assert answer.status_code == 422
    shown = text(answer)
    assert "is not a short name" in shown
    assert "a b" in shown and "has an empty label" in shown
    assert "Write a whole number from 1 to 65535" in shown
    assert not RelayTarget.objects.filter(name__startswith="smtp2").exists()


def test_two_editors_meet_and_the_second_one_sees_both_values_with_names(site: Site) -> None:
    row = RoutingObject.objects.get(key="jres.org")
    sent = fields("jres.org", identity=str(row.pk), version=row.version, note="mine")
    _note(row, site, "luc", "his")
    client = site.sign_in("claire")
    answer = client.post("/domains/jres.org/edit/?server=listes", sent)
    assert answer.status_code == 409
    assert "Luc Petit" in text(answer) and "Claire Martin" in text(answer)
    assert "his" in text(answer) and "mine" in text(answer)
    row.refresh_from_db()
    assert row.note == "his"
    client.post("/domains/jres.org/edit/?server=listes", sent | {"version": row.version})
    row.refresh_from_db()
    assert row.note == "mine"


def test_deleting_a_domain_names_where_its_mail_goes_then(site: Site) -> None:
    client = site.sign_in("claire")
    page = client.get("/domains/jres.org/delete/?server=listes")
    assert "Mail for jres.org then goes to smtp1 by the . key." in text(page)
    row = RoutingObject.objects.get(key="jres.org")
    sent = {"identity": str(row.pk), "version": row.version}
    assert client.post("/domains/jres.org/delete/?server=listes", sent).status_code == 302
    assert not RoutingObject.objects.filter(key="jres.org").exists()
    removed = text(client.get("/domains/?state=removed"))
    assert "jres.org" in removed and "Removed" in removed


def test_a_stale_delete_is_a_conflict_and_deletes_nothing(site: Site) -> None:
    row = RoutingObject.objects.get(key="jres.org")
    sent = {"identity": str(row.pk), "version": row.version}
    _note(row, site, "luc", "still needed")
    answer = site.sign_in("claire").post("/domains/jres.org/delete/?server=listes", sent)
    assert answer.status_code == 409
    assert RoutingObject.objects.filter(key="jres.org").exists()


def test_a_domain_is_disabled_and_enabled_and_the_list_shows_it(site: Site) -> None:
    client, row = site.sign_in("claire"), RoutingObject.objects.get(key="jres.org")
    sent = {"identity": str(row.pk), "version": row.version}
    client.post("/domains/jres.org/disable/?server=listes", sent)
    row.refresh_from_db()
    assert not row.enabled
    assert "jres.org" in text(client.get("/domains/?state=disabled"))
    client.post("/domains/jres.org/enable/?server=listes", sent | {"version": row.version})
    row.refresh_from_db()
    assert row.enabled


def test_the_dot_key_cannot_be_disabled_and_the_page_says_what_to_do(site: Site) -> None:
    row = RoutingObject.objects.get(key=".")
    sent = {"identity": str(row.pk), "version": row.version}
    answer = site.sign_in("claire").post("/routes/~everything-else/disable/?server=listes", sent)
    assert answer.status_code == 422
    assert "all other mail would go straight to the MX" in text(answer)


def test_a_route_names_a_relay_or_a_mailer_and_not_both(site: Site) -> None:
    relay = RelayTarget.objects.get(name="smtp1")
    client = site.sign_in("claire")
    both = fields("example.org", relay_target=str(relay.pk), mailer="esmtp", next_hop="[mx]")
    assert client.post("/routes/add/", both).status_code == 422
    neither = client.post("/routes/add/", fields("example.org"))
    assert "names neither a relay target nor a next hop" in text(neither)
    one = fields("example.org", relay_target=str(relay.pk))
    assert client.post("/routes/add/", one).status_code == 302


def test_a_relay_that_routes_name_cannot_be_deleted(site: Site) -> None:
    relay = RelayTarget.objects.get(name="smtp1")
    sent = {"identity": str(relay.pk), "version": relay.version}
    answer = site.sign_in("claire").post("/relays/smtp1/delete/", sent)
    assert answer.status_code == 422
    assert ". on listes names smtp1." in text(answer)


def test_relay_hosts_are_one_a_line_in_order(site: Site) -> None:
    sent = {
        "identity": str(uuid4()),
        "version": 0,
        "name": "smtp2",
        "hosts": "b.renater.fr\r\n\r\n a.renater.fr ",
        "port": "2526",
    }
    assert site.sign_in("claire").post("/relays/add/", sent).status_code == 302
    assert RelayTarget.objects.get(name="smtp2").hosts == ["b.renater.fr", "a.renater.fr"]


def test_a_foreign_line_becomes_a_route_with_the_same_value(site: Site) -> None:
    row = save_object(
        identity=uuid4(),
        version=0,
        server=site.host,
        kind=ObjectKind.FOREIGN_LINE,
        key="old.example",
        mailer="esmtp",
        next_hop="[mx.old.example]",
        by=site.people["luc"],
    )
    client = site.sign_in("claire")
    assert "Kept as it was imported" in text(client.get("/foreign-lines/old.example/"))
    sent = {"identity": str(row.pk), "version": row.version}
    answer = client.post("/foreign-lines/old.example/convert/?server=listes", sent)
    assert answer["Location"] == "/routes/old.example/?server=listes"
    row.refresh_from_db()
    assert (row.kind, row.mailer, row.next_hop) == ("route", "esmtp", "[mx.old.example]")


def test_an_operator_reads_a_domain_and_is_told_who_could_change_it(site: Site) -> None:
    shown = text(site.sign_in("otto").get("/domains/jres.org/"))
    assert "Editors change virtual domains. Claire Martin or Luc Petit can." in shown
    assert "/delete/" not in shown


def test_the_list_searches_sorts_and_pages_without_skipping_a_row(site: Site) -> None:
    rows = [
        RoutingObject(
            server=site.host,
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key=f"d{number:03}.example",
            changed_at=site.first.state_at,
            changed_by="import",
        )
        for number in range(120)
    ]
    with unaudited():
        RoutingObject.objects.bulk_create(rows)
    client = site.sign_in("vera")
    seen, address = [], "/domains/?q=.example"
    while address:
        page = client.get(address).context["list"]
        seen += [row.name for row in page.rows]
        assert page.matched == 120
        address = page.pager.older_href
    assert seen == [row.key for row in rows]
    back = client.get(page.pager.newer_href).context["list"]
    assert [row.name for row in back.rows] == seen[50:100]
    assert back.pager.summary == "51 to 100 of 120"
    assert "Nothing matches nowhere" in text(client.get("/domains/?q=nowhere"))


@pytest.mark.parametrize("cursor", ["x", "W10", "WzAsIngiLDFd", "%00", "é"])
def test_a_damaged_cursor_is_the_first_page(site: Site, cursor: str) -> None:
    page = site.sign_in("vera").get("/domains/", {"page": cursor}).context["list"]
    assert [row.name for row in page.rows] == ["demo.sympa.org", "jres.org", "renater.fr"]


def test_the_list_asks_the_database_the_same_number_of_questions_for_any_rows(
    site: Site,
) -> None:
    client = site.sign_in("vera")
    world.add_domain(site.host, "one.example", site.people["claire"])
    client.get("/domains/")
    with CaptureQueriesContext(connection) as few:
        client.get("/domains/")
    assert len(few) <= 25
    for number in range(30):
        world.add_domain(site.host, f"more{number}.example", site.people["claire"])
    client.get("/domains/")
    with CaptureQueriesContext(connection) as many:
        client.get("/domains/")
    assert len(many) == len(few)


def test_the_first_list_after_a_write_makes_no_row_of_every_key_and_parses_nothing_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table may have thousands of keys: each is read as a tuple, the live ones once at all."""
    rows = [
        RoutingObject(
            server=site.host,
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key=f"d{number:03}.example",
            changed_at=site.first.state_at,
            changed_by="import",
        )
        for number in range(300)
    ]
    with unaudited():
        RoutingObject.objects.bulk_create(rows)
    client, made, parsed = site.sign_in("vera"), list[str](), list[str]()
    client.get("/domains/")
    world.add_domain(site.host, "new.example", site.people["claire"])

    def parse(data: Mapping[str, Any]) -> Intent:
        parsed.append(data["server"])
        return intent_from_json(data)

    monkeypatch.setattr(revisions, "intent_from_json", parse)

    def seen(sender: type, **_: object) -> None:
        if issubclass(sender, RoutingObject):
            made.append(sender.__name__)

    post_init.connect(seen, weak=False)
    try:
        page = client.get("/domains/").context["list"]
    finally:
        post_init.disconnect(seen)

    assert page.total == 304
    assert 50 <= len(made) <= 60
    assert parsed == []


def _note(row: RoutingObject, site: Site, who: str, note: str) -> None:
    save_object(
        identity=UUID(str(row.pk)),
        version=row.version,
        server=site.host,
        kind=ObjectKind(row.kind),
        key=row.key,
        note=note,
        by=site.people[who],
    )
