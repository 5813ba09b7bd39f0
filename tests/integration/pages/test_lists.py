"""What every list has: search, states with counts, sort, keyset pages; here of relays and hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailadmin.audit.services import SETUP
from mailadmin.wire.models import Agent
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.services.hosts import save_mail_host
from routing.services.objects import save_object
from tests.fixtures.audited import unaudited
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text


def shown(client: Client, address: str) -> Any:
    """The list of an address."""
    return client.get(address).context["list"]


def relays(page: Any) -> list[str]:
    return [line.row.name for line in page.rows]


def hosts(page: Any) -> list[str]:
    return [line.host.name for line in page.rows]


def chips(page: Any) -> dict[str, int | None]:
    return {view.label: view.count for view in page.views}


def test_relays_are_searched_by_name_host_and_note(site: Site) -> None:
    world.add_relay("backup", site.people["claire"])
    client = site.sign_in("vera")

    assert relays(shown(client, "/relays/?q=BACK")) == ["backup"]
    assert relays(shown(client, "/relays/?q=smtp1.renater")) == ["smtp1"]
    assert shown(client, "/relays/?q=back").count_words == "1 of 2"
    assert "Nothing matches nowhere" in text(client.get("/relays/?q=nowhere"))
    assert relays(shown(client, "/relays/?q=%25")) == []


def test_relays_have_states_with_counts(site: Site) -> None:
    world.add_relay("spare", site.people["claire"])
    used = world.add_relay("second", site.people["claire"])
    save_object(
        identity=uuid4(),
        version=0,
        server=site.host,
        kind=ObjectKind.ROUTE,
        key="by-second.example",
        relay_target=used.pk,
        by=site.people["claire"],
    )
    client = site.sign_in("vera")

    page = shown(client, "/relays/")
    assert chips(page) == {"All": None, "Live": 1, "Edited": 1, "Not used": 1}
    assert relays(shown(client, "/relays/?state=live")) == ["smtp1"]
    assert relays(shown(client, "/relays/?state=edited")) == ["second"]
    assert relays(shown(client, "/relays/?state=unused")) == ["spare"]
    assert {line.row.name: line.state for line in page.rows} == {
        "second": "new",
        "smtp1": "live",
        "spare": "unused",
    }


@pytest.mark.parametrize("sort", ["key", "-key", "routes", "-routes", "changed", "-changed"])
def test_pages_of_relays_skip_and_repeat_none_in_any_order(site: Site, sort: str) -> None:
    now = timezone.now()
    with unaudited():
        RelayTarget.objects.bulk_create(
            RelayTarget(
                name=f"relay{n:03}",
                hosts=[f"relay{n:03}.example"],
                changed_at=now - timedelta(seconds=n % 7),
                changed_by="import",
            )
            for n in range(120)
        )
    client, seen, address = site.sign_in("vera"), list[str](), f"/relays/?q=relay&sort={sort}"
    while address:
        page = shown(client, address)
        seen += relays(page)
        address = page.pager.older_href
    assert len(seen) == len(set(seen)) == 120
    back = shown(client, page.pager.newer_href)
    assert relays(back) == seen[50:100]
    assert back.pager.summary == "51 to 100 of 120"


def test_mail_hosts_are_searched_sorted_and_narrowed(site: Site) -> None:
    world.list_server("forums", 2)
    save_mail_host(identity=None, name="relais", kind=HostKind.OUTGOING_RELAY, position=1, by=SETUP)
    client = site.sign_in("vera")

    assert hosts(shown(client, "/mail-hosts/")) == ["listes", "relais", "forums"]
    assert hosts(shown(client, "/mail-hosts/?sort=key")) == ["forums", "listes", "relais"]
    assert hosts(shown(client, "/mail-hosts/?sort=-order")) == ["forums", "relais", "listes"]
    assert hosts(shown(client, "/mail-hosts/?q=foru")) == ["forums"]
    assert hosts(shown(client, "/mail-hosts/?state=relays")) == ["relais"]
    page = shown(client, "/mail-hosts/?state=list_servers&q=l")
    assert (hosts(page), page.count_words) == (["listes"], "1 of 3")
    assert chips(page) == {"In service": None, "List servers": 2, "Outgoing relays": 1}


def test_a_silent_host_is_a_state_and_its_row_says_that_it_is_old(site: Site) -> None:
    world.list_server("forums", 1)
    client = site.sign_in("vera")
    assert "ma-stale" not in text(client.get("/mail-hosts/"))

    Agent.objects.filter(host_name="forums").update(
        last_seen_at=timezone.now() - timedelta(hours=2)
    )

    page = shown(client, "/mail-hosts/?state=silent")
    assert hosts(page) == ["forums"]
    assert chips(page)["Silent"] == 1
    assert "ma-stale" in text(client.get("/mail-hosts/?state=silent"))


def test_a_retired_host_is_in_the_view_of_its_own_alone(site: Site) -> None:
    world.list_server("forums", 1)
    with unaudited():
        MailHost.objects.filter(name="forums").update(retired_at=timezone.now())
    client = site.sign_in("vera")

    assert hosts(shown(client, "/mail-hosts/")) == ["listes"]
    page = shown(client, "/mail-hosts/?state=retired")
    assert (hosts(page), chips(page)["Retired"]) == (["forums"], 1)
    assert [head.label for head in page.heads][-1] == "Retired"


@pytest.mark.parametrize("place", ["/relays/", "/mail-hosts/", "/domains/", "/pushes/"])
@pytest.mark.parametrize("query", ["page=x", "page=W10", "sort=zzz", "state=nothing", "q=%25%5f"])
def test_an_address_that_nobody_wrote_is_a_list_all_the_same(
    site: Site, place: str, query: str
) -> None:
    assert site.sign_in("vera").get(f"{place}?{query}").status_code == 200


def test_the_list_of_relays_asks_the_database_no_more_for_more_rows(site: Site) -> None:
    client = site.sign_in("vera")
    world.add_relay("one", site.people["claire"])
    client.get("/relays/")
    with CaptureQueriesContext(connection) as few:
        client.get("/relays/")
    for n in range(20):
        world.add_relay(f"more{n}", site.people["claire"])
    client.get("/relays/")
    with CaptureQueriesContext(connection) as many:
        client.get("/relays/")
    assert len(many) == len(few)


def test_a_server_of_the_list_narrows_it_and_the_chip_takes_that_back(site: Site) -> None:
    other = world.list_server("forums", 1)
    world.add_domain(other, "forums.example", site.people["claire"])
    client = site.sign_in("vera")

    row = next(row for row in shown(client, "/domains/").rows if row.server == "forums")
    page = shown(client, row.server_href)
    assert [item.name for item in page.rows] == ["forums.example"]
    assert [(chip.label, chip.remove_href) for chip in page.chips] == [
        ("Server: forums", "/domains/")
    ]


def test_the_page_of_a_relay_names_the_first_routes_of_many(site: Site) -> None:
    relay = RelayTarget.objects.get(name="smtp1")
    with unaudited():
        RoutingObject.objects.bulk_create(
            RoutingObject(
                server=site.host,
                kind="route",
                key=f"r{n:04}.example",
                relay_target=relay,
                changed_at=timezone.now(),
                changed_by="import",
            )
            for n in range(149)
        )
    page = text(site.sign_in("claire").get("/relays/smtp1/"))

    assert page.count("/routes/r0") == 99
    assert "150 routes by it" in page
    assert "and 50 more, among" in page
    assert "150 routes name it" in page
