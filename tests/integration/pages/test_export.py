"""A list as a file, and that reading the file again changes nothing."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailadmin.audit.services import last_number
from routing.core.intent import ObjectKind
from routing.core.mailertable import relay_value
from routing.models import RelayTarget, RoutingObject
from routing.queries.edits import relay_value as as_value
from routing.queries.host_list import COLUMNS as HOST_COLUMNS
from routing.queries.relays import COLUMNS as RELAY_COLUMNS
from routing.services.importing import import_mailertable, read_mailertable
from routing.services.objects import delete_object, save_object
from routing.services.relays import save_relay_target
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text
from tests.integration.pages.test_bulk_add import paste, save

NOTES = ("=1+1", "'=cmd", "-2", "@x", '"quoted", with; commas', "two\nlines", "''", "'", "\u2603")


def exported(client: Any, address: str) -> str:
    """The file that a list gives."""
    answer = client.get(address)
    assert answer.streaming and "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content).decode()


def noted(row: RoutingObject, site: Site, note: str, *, enabled: bool = True) -> None:
    """Somebody writes a note."""
    save_object(
        identity=row.pk,
        version=row.version,
        server=row.server,
        kind=ObjectKind(row.kind),
        key=row.key,
        enabled=enabled,
        relay_target=row.relay_target_id,
        mailer=row.mailer,
        next_hop=row.next_hop,
        note=note,
        by=site.people["luc"],
    )


@pytest.fixture
def many(site: Site) -> Site:
    """Domains with every kind of note, some of them disabled, on two list servers."""
    for number, note in enumerate(NOTES):
        row = world.add_domain(site.host, f"d{number}.example.org", site.people["claire"])
        noted(row, site, note, enabled=bool(number % 2))
    forums = world.list_server("forums", 1)
    plan = read_mailertable(
        text="jres.org\tesmtp:[127.0.0.1]\nfax.org\tusenet:x\n.\tesmtp:[smtp1.renater.fr]\n",
        host=forums,
        source="a table",
    )
    import_mailertable(plan=plan)
    return site


@pytest.mark.parametrize("existing", ["skip", "merge", "replace"])
@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("place", ["domains", "local-hosts", "routes", "foreign-lines"])
def test_an_export_that_is_read_again_changes_nothing(
    many: Site, place: str, form: str, existing: str
) -> None:
    client, before = many.sign_in("claire"), last_number()
    file = exported(client, f"/{place}/?format={form}")
    answer = paste(client, file.replace("\r\n", "\n").replace("\n", "\r\n"), existing=existing)
    plan = answer.context["plan"]
    assert plan.lines and {str(line.outcome) for line in plan.lines} == {"same"}
    assert not plan.errors and not answer.context["button"]
    assert last_number() == before


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_brings_back_what_was_deleted(many: Site, form: str) -> None:
    client = many.sign_in("claire")
    file = exported(client, f"/domains/?format={form}&q=example.org")
    rows = RoutingObject.objects.filter(key__endswith=".example.org")
    fields = ("key", "enabled", "note", "kind")
    before = sorted(rows.values_list(*fields))
    for row in rows:
        delete_object(identity=row.pk, version=row.version, by=many.people["luc"])
    assert save(client, paste(client, file)).status_code == 302
    assert sorted(rows.all().values_list(*fields)) == before


def test_a_file_holds_what_the_list_shows_and_nothing_else(many: Site) -> None:
    client = many.sign_in("vera")
    file = exported(client, "/domains/?format=csv&q=jres&server=forums&sort=-key")
    assert [line.split(",")[:2] for line in file.splitlines()[1:]] == [["forums", "jres.org"]]
    disabled = exported(client, "/domains/?format=csv&state=disabled")
    assert len(RoutingObject.objects.filter(enabled=False)) == 5
    assert disabled.count(",no,") == 5 and ",yes," not in disabled
    shown = text(client.get("/domains/?q=jres"))
    assert "/domains/?q=jres&amp;format=csv" in shown


def test_removed_rows_that_are_still_live_are_passed_over(site: Site) -> None:
    row, client = RoutingObject.objects.get(key="jres.org"), site.sign_in("claire")
    delete_object(identity=row.pk, version=row.version, by=site.people["claire"])
    file = exported(client, "/domains/?format=csv&state=removed")
    assert "jres.org" in file
    assert not paste(client, file).context["plan"].lines


def test_merge_takes_what_is_filled_in_and_replace_takes_empty_cells_too(site: Site) -> None:
    row, client = RoutingObject.objects.get(key="jres.org"), site.sign_in("claire")
    noted(row, site, "as it was")
    table = "key,enabled,note\njres.org,no,\n"
    save(client, paste(client, table, existing="merge"))
    row.refresh_from_db()
    assert (row.enabled, row.note) == (False, "as it was")
    save(client, paste(client, table, existing="replace"))
    row.refresh_from_db()
    assert (row.enabled, row.note) == (False, "")


def test_a_server_or_relay_that_is_not_there_is_told_with_those_that_are(site: Site) -> None:
    table = "server,key,kind,relay\nmoon,a.org,,\nlistes,b.org,route,smtp9\nlistes,c.org,,\n"
    answer = paste(site.sign_in("claire"), table)
    said = [(item.line, item.code, item.advice) for item in answer.context["plan"].errors]
    assert said == [
        (2, "server_unknown", "Write one of listes."),
        (3, "relay_unknown", "Write one of smtp1."),
    ]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_relays_and_mail_hosts_are_files_too_with_every_column(site: Site, form: str) -> None:
    relay = world.add_relay("backup", site.people["claire"])
    save_relay_target(
        identity=relay.pk,
        version=relay.version,
        name="backup",
        hosts=["b1.example", "b2.example"],
        port=2525,
        note="=1+1",
        tags="spare",
        by=site.people["claire"],
    )
    client = site.sign_in("vera")
    relays = read(exported(client, f"/relays/?format={form}&sort=-key"))
    assert [row["name"] for row in relays] == ["smtp1", "backup"]
    assert list(relays[0]) == list(RELAY_COLUMNS)
    assert relays[1] | {"changed_at": "", "changed_by": ""} == {
        "name": "backup",
        "hosts": "b1.example b2.example",
        "port": "2525",
        "note": "'=1+1" if form == "csv" else "=1+1",
        "tags": "spare",
        "value": relay_value(as_value(RelayTarget.objects.get(name="backup"))),
        "routes": "0",
        "state": "unused",
        "changed_by": "",
        "changed_at": "",
    }
    assert relays[0]["routes"] == "1"
    assert [row["name"] for row in read(exported(client, f"/relays/?format={form}&tag=spare"))] == [
        "backup"
    ]
    hosts = read(exported(client, f"/mail-hosts/?format={form}"))
    assert [(row["name"], row["kind"], row["revision"]) for row in hosts] == [
        ("listes", "list_server", "1")
    ]
    assert list(hosts[0]) == list(HOST_COLUMNS)
    assert hosts[0]["agents"] == "deploy:seen spool:seen" and hosts[0]["retired_at"] == ""


def test_a_file_of_relays_is_a_few_queries_however_many_there_are(site: Site) -> None:
    client = site.sign_in("vera")
    exported(client, "/relays/?format=csv")
    with CaptureQueriesContext(connection) as few:
        exported(client, "/relays/?format=csv")
    for n in range(20):
        world.add_relay(f"more{n}", site.people["claire"])
    exported(client, "/relays/?format=csv")
    with CaptureQueriesContext(connection) as many:
        exported(client, "/relays/?format=csv")
    assert len(many) == len(few)


def read(file: str) -> list[dict[str, str]]:
    """The rows of a file, whichever kind it is."""
    if file.startswith("["):
        return list(json.loads(file))
    return list(csv.DictReader(io.StringIO(file)))
