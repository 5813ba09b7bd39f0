"""The page of findings, each with its edit, and the findings on an object's own page."""

from __future__ import annotations

from uuid import UUID, uuid4

from mailadmin.asked import Asked
from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import SETUP
from mailadmin.paging import PAGE_SIZE
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.core.oddities import Oddity
from routing.models import HostState, MailHost, RelayTarget, RoutingObject
from routing.queries.findings import list_oddities
from routing.services.findings import read_small
from routing.services.hosts import save_mail_host
from routing.services.objects import delete_object, save_object, set_enabled
from tests.integration.pages.conftest import Site, form_of, text


def add_route(site: Site, key: str, way: str = "", host: MailHost | None = None) -> RoutingObject:
    """A route to a next hop, or to the relay target of the table."""
    relay: UUID | None = None if way else RelayTarget.objects.get(name="smtp1").pk
    return save_object(
        identity=uuid4(),
        version=0,
        server=host or site.host,
        kind=ObjectKind.ROUTE,
        key=key,
        relay_target=relay,
        mailer="esmtp" if way else "",
        next_hop=way,
        by=site.people["claire"],
    )


def observes_own_names(site: Site, *names: str) -> None:
    """What the agent tells of class w."""
    state = HostState.objects.get(host=site.host)
    assert state.facts is not None
    state.facts = state.facts | {"class_w": list(names)}
    state.save(update_fields=["facts"])


def test_the_usual_table_has_none(site: Site) -> None:
    page = text(site.sign_in("vera").get("/findings/"))

    assert "No findings yet" in page
    assert "Each line of the list servers does what it is there for." in page


def test_findings_are_listed_worst_first_and_counted_by_kind(site: Site) -> None:
    add_route(site, "a.example")
    add_route(site, "b.example", "[listes.renater.fr]")
    add_route(site, "c.example", "[127.0.0.1]")
    add_route(site, "d.example")
    client = site.sign_in("claire")

    page = text(client.get("/findings/"))
    places = [page.index(f"/routes/{key}.example/?server=listes") for key in "bcad"]
    assert places == sorted(places)
    assert "/findings/?state=redundant" in page
    redundant = client.get("/findings/?state=redundant").context["list"]
    assert [row.key for row in redundant.rows] == ["a.example", "d.example"]
    assert {chip.label: chip.count for chip in redundant.views} == {
        "All": None,
        "Comes back": 1,
        "No virtual domain": 1,
        "Redundant": 2,
    }
    assert [row.key for row in client.get("/findings/?q=d.EX").context["list"].rows] == [
        "d.example"
    ]
    assert client.get("/findings/?server=other").context["list"].rows == ()


def test_only_who_may_edit_gets_the_button(site: Site) -> None:
    add_route(site, "a.example")

    assert "/routes/a.example/delete/" in text(site.sign_in("claire").get("/findings/"))
    assert "/routes/a.example/delete/" not in text(site.sign_in("vera").get("/findings/"))


def test_a_redundant_route_is_deleted_after_a_question(site: Site) -> None:
    add_route(site, "a.example")
    client = site.sign_in("claire")
    (row,) = client.get("/findings/").context["list"].rows

    asked = client.get(row.mend_href)
    assert RoutingObject.objects.filter(key="a.example").exists()
    client.post(row.mend_href, form_of(asked, row.mend_href))

    assert client.get("/findings/").context["list"].rows == ()
    event = AuditEvent.objects.latest("number")
    assert (event.action, event.subject) == ("route.deleted", "a.example")


def test_a_route_to_the_local_mta_becomes_a_virtual_domain(site: Site) -> None:
    made = add_route(site, "c.example", "[127.0.0.1]")
    client = site.sign_in("claire")
    (row,) = client.get("/findings/?q=c.ex").context["list"].rows
    place = "/routes/c.example/to-domain/?server=listes"
    assert row.mend_href == f"{place}&back=%2Ffindings%2F%3Fq%3Dc.ex"

    asked = client.get(row.mend_href)
    made.refresh_from_db()
    assert made.kind == ObjectKind.ROUTE
    answer = client.post(row.mend_href, form_of(asked, row.mend_href))

    assert answer["Location"] == "/findings/?q=c.ex", "the next of the list is mended"
    made.refresh_from_db()
    assert (made.kind, made.mailer, made.next_hop) == (ObjectKind.VIRTUAL_DOMAIN, "", "")
    assert AuditEvent.objects.latest("number").action == "virtual_domain.changed"
    assert client.get("/findings/").context["list"].rows == ()


def test_an_edit_leads_back_to_findings_and_nowhere_else(site: Site) -> None:
    made = add_route(site, "a.example")
    client = site.sign_in("claire")
    (row,) = client.get("/findings/?state=redundant").context["list"].rows
    asked = client.get(row.mend_href)
    assert 'href="/findings/?state=redundant"' in text(asked)
    answer = client.post(row.mend_href, form_of(asked, row.mend_href))
    assert answer["Location"] == "/findings/?state=redundant"
    assert not RoutingObject.objects.filter(pk=made.pk).exists()

    add_route(site, "b.example")
    for back in ("https://elsewhere.example/findings/", "//elsewhere.example", "/domains/"):
        place = f"/routes/b.example/delete/?server=listes&back={back}"
        assert f'href="{back}"' not in text(client.get(place)).partition("<main")[2]


def test_a_next_hop_that_comes_back_is_chosen_on_the_page_of_the_line(site: Site) -> None:
    made = add_route(site, "b.example", "[listes.renater.fr]")
    client, back = site.sign_in("claire"), "/findings/?state=loop"
    (row,) = client.get(back).context["list"].rows
    assert row.mend_label == "Choose the next hop…"
    place, _, form = row.mend_href.partition("#")

    page = client.get(place)
    assert f'id="{form}"' in text(page)
    assert f'<a class="btn" href="{back}">Cancel</a>' in text(page)
    sent = form_of(page, place)
    refused = client.post(place, sent | {"next_hop": "no host"})
    assert refused.status_code == 422
    answer = client.post(place, form_of(refused, place) | {"next_hop": "[192.0.2.1]"})

    assert answer["Location"] == back
    made.refresh_from_db()
    assert made.next_hop == "[192.0.2.1]"
    assert client.get("/findings/").context["list"].rows == ()


def test_a_relay_target_that_comes_back_is_edited_from_its_finding(site: Site) -> None:
    observes_own_names(site, "smtp1.renater.fr")
    client, back = site.sign_in("claire"), "/findings/?state=loop"
    (row,) = client.get(back).context["list"].rows
    assert (row.key, row.mend_label) == (".", "Edit smtp1…")
    assert "Edit smtp1…" not in text(site.sign_in("vera").get(back))
    place, _, form = row.mend_href.partition("#")

    page = client.get(place)
    assert f'id="{form}"' in text(page)
    assert f'<a class="btn" href="{back}">Cancel</a>' in text(page)
    answer = client.post(place, form_of(page, place) | {"hosts": "out.renater.fr"})

    assert answer["Location"] == back
    assert RelayTarget.objects.get(name="smtp1").hosts == ["out.renater.fr"]
    assert client.get("/findings/").context["list"].rows == ()


def test_a_relay_that_a_line_no_longer_names_is_not_offered(site: Site) -> None:
    observes_own_names(site, "smtp1.renater.fr")
    read_small()
    dot = RoutingObject.objects.get(key=".")
    save_object(
        identity=dot.pk,
        version=dot.version,
        server=site.host,
        kind=ObjectKind.ROUTE,
        key=".",
        mailer="esmtp",
        next_hop="[192.0.2.1]",
        by=site.people["claire"],
    )

    (row,) = list_oddities(Asked(place="/findings/")).rows
    assert (row.odd.kind, row.odd.mend, row.odd.relay) == (Oddity.LOOP, None, "")


def test_a_disabled_domain_is_enabled_from_its_finding(site: Site) -> None:
    row = RoutingObject.objects.get(key="jres.org")
    set_enabled(identity=row.pk, version=row.version, enabled=False, by=site.people["claire"])
    client = site.sign_in("claire")
    (found,) = client.get("/findings/").context["list"].rows
    assert found.mend_label == "Enable…"

    answer = client.post(found.mend_href, form_of(client.get(found.mend_href), found.mend_href))
    assert answer["Location"] == "/findings/"
    row.refresh_from_db()
    assert row.enabled
    assert client.get("/findings/").context["list"].rows == ()


def test_domains_below_a_line_to_the_local_mta_are_added_one_after_another(site: Site) -> None:
    add_route(site, ".below.example", "[127.0.0.1]")
    client = site.sign_in("claire")
    (row,) = client.get("/findings/").context["list"].rows
    assert row.mend_label == "Add a virtual domain…"

    place = "/domains/add/?back=%2Ffindings%2F"
    page = client.get(row.mend_href)
    assert '<a class="btn" href="/findings/">Cancel</a>' in text(page)
    sent = form_of(page, place)
    assert sent["server"] == "listes"
    answer = client.post(place, sent | {"key": "lists.below.example"})
    assert answer["Location"] == "/findings/"
    assert RoutingObject.objects.filter(key="lists.below.example").exists()


def test_a_line_for_a_name_of_the_host_is_not_said_to_move_its_mail(site: Site) -> None:
    add_route(site, "listes.renater.fr", "[gone.example]")
    place = "/routes/listes.renater.fr/delete/?server=listes"
    page = text(site.sign_in("claire").get(place))
    assert "listes.renater.fr is a name of listes itself (class w)" in page
    assert "its mail either way" in page and "then goes to smtp1" not in page
    picked = RoutingObject.objects.get(key="listes.renater.fr")
    act = f"/routes/~act/?act=delete&pick={picked.pk.hex}.1"
    page = text(site.sign_in("claire").get(act))
    assert "Delete listes.renater.fr" in page
    assert "1 of them is a name of listes itself: its MTA has their mail either way." in page


def test_a_second_editor_who_comes_late_sees_both_values(site: Site) -> None:
    made = add_route(site, "c.example", "[127.0.0.1]")
    client, place = site.sign_in("claire"), "/routes/c.example/to-domain/?server=listes"
    sent = form_of(client.get(place), place)
    save_object(
        identity=made.pk,
        version=1,
        server=site.host,
        kind=ObjectKind.ROUTE,
        key="c.example",
        mailer="esmtp",
        next_hop="[192.0.2.1]",
        by=site.people["luc"],
    )

    assert client.post(place, sent).status_code == 409
    made.refresh_from_db()
    assert made.next_hop == "[192.0.2.1]"


def test_a_viewer_may_not_make_a_virtual_domain(site: Site) -> None:
    add_route(site, "c.example", "[127.0.0.1]")
    place = "/routes/c.example/to-domain/?server=listes"

    assert site.sign_in("vera").post(place, {"version": 1}).status_code == 403
    assert RoutingObject.objects.get(key="c.example").kind == ObjectKind.ROUTE


def test_the_page_of_an_object_tells_its_findings(site: Site) -> None:
    add_route(site, "a.example")
    client = site.sign_in("claire")

    page = client.get("/routes/a.example/")
    assert [row.kind for row in page.context["oddities"]] == ["Redundant"]
    assert "/routes/a.example/delete/?server=listes" in text(page)
    assert client.get("/domains/jres.org/").context["oddities"] == []


def test_pages_of_findings_go_on_where_the_last_one_ended(site: Site) -> None:
    for number in range(PAGE_SIZE + 2):
        add_route(site, f"r{number:03}.example")
    client = site.sign_in("vera")

    first = client.get("/findings/").context["list"]
    assert [len(first.rows), first.pager.summary] == [PAGE_SIZE, "1 to 50 of 52"]
    gone = RoutingObject.objects.get(key="r000.example")
    delete_object(identity=gone.pk, version=1, by=site.people["claire"])
    second = client.get(first.pager.older_href).context["list"]
    assert [row.key for row in second.rows] == ["r050.example", "r051.example"]
    back = client.get(second.pager.newer_href).context["list"]
    assert [back.rows[0].key, back.rows[-1].key] == ["r001.example", "r050.example"]


def test_findings_follow_what_the_agent_observes(site: Site) -> None:
    add_route(site, "b.example", "[elsewhere.example]")
    client = site.sign_in("vera")
    assert client.get("/findings/").context["list"].rows == ()

    observes_own_names(site, "elsewhere.example", "jres.org")

    assert [row.kind for row in client.get("/findings/").context["list"].rows] == ["Comes back"]


def test_of_a_silent_server_nothing_is_said(site: Site) -> None:
    other = save_mail_host(
        identity=None, name="listes2", kind=HostKind.LIST_SERVER, position=2, by=SETUP
    )
    add_route(site, "a.example", host=other)

    page = site.sign_in("vera").get("/findings/")
    assert page.context["list"].rows == ()
    assert "Of listes2 nothing can be said" in text(page)
