"""What people keep of lists: the columns they want to see, and filters under names of their own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import last_number
from mailadmin.saved.models import ChosenColumns, SavedFilter
from routing.models import MailHost
from tests.fixtures.audited import unaudited
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text

LISTS = ("domain", "local-host", "route", "foreign-line", "relay", "mail-host")


def heads(client: Client, address: str = "/domains/") -> list[str]:
    return [head.label for head in client.get(address).context["list"].heads]


def choose(client: Client, *names: str, place: str = "domain", **more: str) -> Any:
    return client.post(f"/lists/{place}/columns/", {"column": names, "query": "q=re", **more})


def save(client: Client, name: str, query: str = "q=jres&sort=-key", **more: str) -> Any:
    sent = {"identity": str(uuid4()), "name": name} | more
    return client.post(f"/lists/domain/filters/?{query}", sent)


def offered(client: Client, address: str = "/domains/") -> list[tuple[str, str]]:
    return [(link.name, link.owner) for link in client.get(address).context["list"].saved.links]


def address_of(name: str) -> str:
    return f"/filters/{SavedFilter.objects.get(name=name).pk}/"


def test_one_person_sees_the_columns_they_chose_and_nobody_else_does(site: Site) -> None:
    vera, claire = site.sign_in("vera"), site.sign_in("claire")
    plain = heads(claire)
    assert plain == ["Domain", "Route", "State", "Findings", "Changed by"]
    answer = choose(vera, "note", "server", "nonsense", "<b>")
    assert (answer.status_code, answer["Location"]) == (302, "/domains/?q=re")
    assert heads(vera) == ["Domain", "Server", "Note"]
    assert heads(claire) == plain and heads(vera, "/routes/")[0] == "Destination"
    page = text(vera.get("/domains/"))
    assert "listes" in page and "esmtp:[127.0.0.1]" not in page
    choose(vera, reset="yes")
    assert heads(vera) == plain and not ChosenColumns.objects.exists()
    events = AuditEvent.objects.filter(action="columns.chosen")
    assert [event.subject for event in events] == ["domain", "domain"]


def test_no_column_at_all_leaves_the_names(site: Site) -> None:
    client = site.sign_in("vera")
    choose(client)
    assert heads(client) == ["Domain"]
    assert "jres.org" in text(client.get("/domains/"))


def test_the_same_choice_twice_is_one_event(site: Site) -> None:
    client, before = site.sign_in("vera"), last_number()
    choose(client, "note")
    choose(client, "note")
    assert last_number() == before + 1


@pytest.mark.parametrize("place", LISTS)
def test_every_list_shows_any_choice_of_its_columns(site: Site, place: str) -> None:
    client = site.sign_in("claire")
    with unaudited():
        MailHost.objects.filter(name="listes").update(note="a note", tags="paris")
    path = f"/{place}s/"
    every = client.get(path).context["list"].columns.every
    for column in every:
        choose(client, column.name, place=place)
        page = client.get(path)
        assert [head.label for head in page.context["list"].heads if head.label == column.label]
        table = text(page).partition("<tbody>")[2].partition("</tbody>")[0]
        labels = {part.partition('"')[0] for part in table.split('data-label="')[1:]}
        assert len(labels) == (1 if page.context["list"].rows else 0), (column.name, labels)


def test_a_filter_is_kept_by_name_and_leads_back_to_what_it_was(site: Site) -> None:
    client = site.sign_in("vera")
    page = client.get("/domains/?sort=-key&q=jres&page=abc")
    href = page.context["list"].saved.save_href
    asks = text(client.get(href))
    assert "Save what the list shows" in asks and "jres" in asks and "-key" in asks
    answer = save(client, "Ours")
    assert (answer.status_code, answer["Location"]) == (302, "/domains/?q=jres&sort=-key")
    page = client.get("/domains/?sort=-key&q=jres").context["list"]
    assert (
        page.saved.current.name == "Ours"
        and not client.get("/domains/").context["list"].saved.current
    )
    assert (page.saved.links[0].href, page.saved.links[0].shared) == (
        "/domains/?q=jres&sort=-key",
        False,
    )
    event = AuditEvent.objects.get(action="saved_filter.created")
    assert (event.actor, event.subject, event.object_id) == (
        "vera",
        "Ours",
        SavedFilter.objects.get().pk,
    )


def test_a_filter_is_its_owners_until_it_is_offered_to_everybody(site: Site) -> None:
    claire, vera = site.sign_in("claire"), site.sign_in("vera")
    save(claire, "Mine")
    save(claire, "Everybody's", "state=edited", shared="on")
    assert offered(claire) == [("Everybody's", ""), ("Mine", "")]
    assert offered(vera) == [("Everybody's", "Claire Martin")] and offered(vera, "/routes/") == []
    assert vera.get(address_of("Mine")).status_code == 404
    assert vera.post(address_of("Mine"), {"delete": "yes"}).status_code == 404
    shown = text(vera.get(address_of("Everybody's")))
    assert "It belongs to Claire Martin." in shown and "Delete the filter" not in shown
    for sent in ({"delete": "yes"}, {"identity": str(uuid4()), "name": "Taken"}):
        assert vera.post(address_of("Everybody's"), sent).status_code == 422
    assert {row.name for row in SavedFilter.objects.all()} == {"Mine", "Everybody's"}


def test_only_editors_share(site: Site) -> None:
    vera = site.sign_in("vera")
    assert "Editors offer a filter to everybody" in text(vera.get("/lists/domain/filters/?q=a"))
    refused = save(vera, "For all", shared="on")
    assert refused.status_code == 422 and "Editors share filters." in text(refused)
    assert not SavedFilter.objects.exists()
    luc = site.sign_in("luc")
    save(luc, "Luc's")
    luc.post(address_of("Luc's"), {"identity": str(uuid4()), "name": "Luc's", "shared": "on"})
    assert ("Luc's", "Luc Petit") in offered(vera)


def test_an_administrator_looks_after_what_is_shared_and_sees_nothing_else(site: Site) -> None:
    claire, anne = site.sign_in("claire"), site.sign_in("anne")
    save(claire, "Mine")
    save(claire, "Shared", shared="on")
    assert anne.get(address_of("Mine")).status_code == 404
    assert anne.post(address_of("Shared"), {"delete": "yes"}).status_code == 302
    assert [row.name for row in SavedFilter.objects.all()] == ["Mine"]
    assert AuditEvent.objects.get(action="saved_filter.deleted").actor == "anne"


def test_a_filter_gets_another_name_and_goes(site: Site) -> None:
    client = site.sign_in("claire")
    save(client, "One")
    save(client, "Two", "q=re")
    there = address_of("One")
    taken = client.post(there, {"identity": str(uuid4()), "name": "Two"})
    assert taken.status_code == 422 and "There is a filter Two already." in text(taken)
    assert client.post(there, {"identity": str(uuid4()), "name": ""}).status_code == 422
    client.post(there, {"identity": str(uuid4()), "name": " Three "})
    assert offered(client) == [("Three", ""), ("Two", "")]
    event = AuditEvent.objects.get(action="saved_filter.changed")
    assert event.old and event.new and (event.old["name"], event.new["name"]) == ("One", "Three")
    assert client.post(address_of("Three"), {"delete": "yes"})["Location"] == "/domains/"
    assert offered(client) == [("Two", "")] and client.get(there).status_code == 404


def naming(answer: Any, there: str) -> dict[str, str]:
    """The form of the name; the other one of that address deletes."""
    return {name: sent for name, sent in form_of(answer, there).items() if name != "delete"}


def test_who_changes_a_filter_on_an_older_page_is_told_and_may_insist(site: Site) -> None:
    claire, anne = site.sign_in("claire"), site.sign_in("anne")
    save(claire, "Ours", shared="on")
    there = address_of("Ours")
    hers, theirs = naming(claire.get(there), there), naming(anne.get(there), there)
    assert anne.post(there, {**theirs, "shared": ""}).status_code == 302

    told = claire.post(there, {**hers, "name": "Mine", "shared": "on"})
    assert told.status_code == 422
    assert "it is called Ours and seen by its owner alone." in text(told)
    assert [(row.name, row.shared) for row in SavedFilter.objects.all()] == [("Ours", False)]
    again = naming(told, there)
    assert again["name"] == "Mine"
    assert claire.post(there, {**again, "shared": "on"}).status_code == 302
    assert [(row.name, row.shared) for row in SavedFilter.objects.all()] == [("Mine", True)]


def test_a_form_that_is_sent_twice_keeps_one_filter(site: Site) -> None:
    client, identity = site.sign_in("claire"), str(uuid4())
    assert [save(client, "Once", identity=identity).status_code for _ in range(2)] == [302, 302]
    assert save(client, "Once").status_code == 422
    assert SavedFilter.objects.count() == 1
    assert save(site.sign_in("luc"), "Once", identity=identity).status_code == 422


@pytest.mark.parametrize("query", ["", "page=abc&format=csv", "q=" + "x" * 2000])
def test_what_asks_for_nothing_or_too_much_is_not_kept(site: Site, query: str) -> None:
    assert save(site.sign_in("claire"), "None", query)["Location"] == "/domains/"
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("address", ["/lists/none/filters/?q=a", "/lists/audit/filters/?q=a"])
def test_a_list_that_is_none_is_not_found(site: Site, address: str) -> None:
    assert site.sign_in("claire").get(address).status_code == 404


def test_a_filter_that_names_what_is_gone_says_so(site: Site) -> None:
    world.list_server("forums", 1)
    client = site.sign_in("claire")
    assert client.get("/domains/?server=forums").context["list"].gone == ()
    save(client, "Of forums", "server=forums&tag=paris&state=lost&sort=colour")
    with unaudited():
        MailHost.objects.filter(name="forums").update(retired_at="2026-01-01T00:00:00Z")
    (link,) = client.get("/domains/").context["list"].saved.links
    page = text(client.get(link.href))
    for sentence in (
        "No list server forums is in service.",
        "Nothing here has the tag paris.",
        "No row can be lost",
        "Nothing is sorted by colour",
    ):
        assert sentence in page
    for place in ("/relays/", "/mail-hosts/"):
        assert len(client.get(f"{place}?tag=x&state=y&sort=z").context["list"].gone) == 3
        assert client.get(place).context["list"].gone == ()


def test_saved_filters_and_columns_cost_two_queries_however_many_there_are(site: Site) -> None:
    client = site.sign_in("claire")
    save(client, "first", "q=0")
    client.get("/domains/")
    with CaptureQueriesContext(connection) as few:
        client.get("/domains/")
    for n in range(20):
        save(client, f"more {n}", f"q={n + 1}", shared="on")
    choose(client, "note", "server", "route")
    client.get("/domains/")
    with CaptureQueriesContext(connection) as many:
        client.get("/domains/")
    assert len(many) == len(few)
