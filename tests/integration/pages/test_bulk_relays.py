"""Many relay targets at once: a pasted list, a file that comes back, and what is done to all."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import last_number
from routing.core.intent import ObjectKind
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.queries.edits import pending_edits
from routing.services.objects import save_object
from routing.services.relays import delete_relay_target, save_relay_target
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text
from tests.integration.pages.test_bulk_acts import do
from tests.integration.pages.test_bulk_add import pressed
from tests.integration.pages.test_export import NOTES, exported

PASTED = "smtp2 a.example, b.example 587\nsmtp3.example\nsmtp1.renater.fr\n"


def paste(client: Client, pasted: str, **more: str) -> Any:
    """The dry run of a list."""
    return client.post("/relays/bulk-add/", {"text": pasted, "existing": "skip"} | more)


def save(client: Client, answer: Any) -> Any:
    """Press its button."""
    return client.post("/relays/bulk-add/", pressed(answer))


def ask(client: Client, act: str, names: tuple[str, ...] = (), **more: str) -> Any:
    """The page that asks before an act."""
    rows = RelayTarget.objects.filter(name__in=names)
    picks = [f"{row.pk.hex}.{row.version}" for row in rows]
    return client.get("/relays/~act/", {"act": act, "pick": picks, **more})


def said(name: str) -> tuple[list[str], int, str, str]:
    """What a relay target says."""
    row = RelayTarget.objects.get(name=name)
    return list(row.hosts), row.port, row.note, row.tags


def written(site: Site, name: str, **fields: Any) -> None:
    """Somebody else writes one."""
    row = RelayTarget.objects.get(name=name)
    now = {"hosts": row.hosts, "port": row.port, "note": row.note, "tags": row.tags} | fields
    save_relay_target(identity=row.pk, version=row.version, name=name, by=site.people["luc"], **now)


def test_a_dry_run_says_what_each_line_does_and_the_button_does_it(site: Site) -> None:
    client, before = site.sign_in("claire"), last_number()
    answer = paste(client, PASTED, tags="new")
    outcomes = {line.key: str(line.outcome) for line in answer.context["plan"].lines}
    assert outcomes == {"smtp2": "add", "smtp3": "add", "smtp1": "same"}
    assert "Add 2 relays" in text(answer) and last_number() == before
    assert save(client, answer).status_code == 302
    assert said("smtp2") == (["a.example", "b.example"], 587, "", "new")
    assert said("smtp3") == (["smtp3.example"], 25, "", "new")
    assert said("smtp1")[3] == ""
    events = AuditEvent.objects.filter(number__gt=before).order_by("number")
    assert [event.action for event in events] == ["bulk.saved"] + ["relay_target.created"] * 2
    assert save(client, answer).status_code == 302
    assert RelayTarget.objects.count() == 3


def test_every_wrong_line_is_told_at_once_and_nothing_is_saved(site: Site) -> None:
    client, before = site.sign_in("claire"), last_number()
    wrong = "ok ok.example\nSMTP_9.x\nloop localhost\nempty\ntwice a.example a.example 0\n"
    answer = paste(client, wrong)
    assert [(item.line, item.code) for item in answer.context["plan"].errors] == [
        (2, "name_missing"),
        (3, "relay_loopback"),
        (4, "relay_empty"),
        (5, "port_invalid"),
    ]
    assert not answer.context["button"] and last_number() == before


@pytest.mark.parametrize(
    ("existing", "after"),
    [
        ("skip", (["smtp1.renater.fr"], 25, "as it was", "")),
        ("merge", (["b.example", "a.example"], 25, "as it was", "paris")),
        ("replace", (["b.example", "a.example"], 25, "", "paris")),
    ],
)
def test_one_that_is_there_and_differs_is_skipped_merged_or_replaced(
    site: Site, existing: str, after: tuple[list[str], int, str, str]
) -> None:
    client = site.sign_in("claire")
    written(site, "smtp1", note="as it was")
    table = "name,hosts,note,tags\nsmtp1,b.example a.example,,paris\nnew,n.example,,\n"
    save(client, paste(client, table, existing=existing))
    assert said("smtp1") == after
    assert said("new")[0] == ["n.example"]


@pytest.mark.parametrize("existing", ["skip", "merge", "replace"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_that_is_read_again_changes_nothing_and_brings_back_what_was_deleted(
    site: Site, form: str, existing: str
) -> None:
    client = site.sign_in("claire")
    for number, note in enumerate(NOTES):
        world.add_relay(f"r{number}", site.people["claire"])
        hosts = [f"b{number}.example", f"a{number}.example"]
        written(site, f"r{number}", hosts=hosts, port=25 + number, note=note, tags="x y")
    file, before = exported(client, f"/relays/?format={form}"), last_number()
    answer = paste(client, file, existing=existing)
    assert {str(line.outcome) for line in answer.context["plan"].lines} == {"same"}
    assert not answer.context["plan"].errors and last_number() == before
    names = [f"r{number}" for number in range(len(NOTES))]
    kept = {name: said(name) for name in names}
    for row in RelayTarget.objects.filter(name__in=names):
        delete_relay_target(identity=row.pk, version=row.version, by=site.people["luc"])
    assert save(client, paste(client, file, existing=existing)).status_code == 302
    assert {name: said(name) for name in names} == kept


def test_what_somebody_saved_meanwhile_is_shown_and_not_overwritten(site: Site) -> None:
    client = site.sign_in("claire")
    answer = paste(client, "smtp1 other.example\nnew n.example", existing="replace")
    written(site, "smtp1", note="mind this")
    again = save(client, answer)
    assert again.status_code == 409 and "mind this" in text(again)
    assert said("smtp1")[0] == ["smtp1.renater.fr"]
    assert not RelayTarget.objects.filter(name="new").exists()


def test_all_that_match_are_tagged_noted_and_moved_to_another_port(site: Site) -> None:
    client = site.sign_in("claire")
    for name in ("smtp2", "smtp3", "backup"):
        world.add_relay(name, site.people["claire"])
    page = ask(client, "tag", all="yes", q="smtp")
    assert "Tag 3 relays" in text(page)
    do(client, page, tags="fast")
    do(client, ask(client, "note", names=("smtp2", "backup")), note="moved")
    page = ask(client, "port", all="yes", tag="fast")
    assert "1 route names them" in text(page) and "until a push with it is live" in text(page)
    before = last_number()
    assert do(client, page, port="0").status_code == 422
    assert do(client, page, port="587").status_code == 302
    assert last_number() == before + 4
    assert {row.name: (row.port, row.tags, row.note) for row in RelayTarget.objects.all()} == {
        "smtp1": (587, "fast", ""),
        "smtp2": (587, "fast", "moved"),
        "smtp3": (587, "fast", ""),
        "backup": (25, "", "moved"),
    }
    do(client, ask(client, "untag", all="yes"), tags="fast")
    assert not RelayTarget.objects.exclude(tags="").exists()


def test_a_host_gives_its_place_to_another_wherever_it_stands(site: Site) -> None:
    client = site.sign_in("claire")
    old, other = "smtp1.renater.fr", "smtp9.renater.fr"
    for name, hosts in {"two": ["a.example", old], "both": [old, other], "none": ["a.x"]}.items():
        world.add_relay(name, site.people["claire"])
        written(site, name, hosts=hosts)
    page = ask(client, "swap", all="yes")
    assert do(client, page, host=old, to="not a host").status_code == 422
    answer = do(client, page, host=old.upper(), to=other)
    assert answer.status_code == 302 and "3 relays are changed." in text(client.get("/relays/"))
    assert said("smtp1")[0] == [other]
    assert said("two")[0] == ["a.example", other]
    assert said("both")[0] == [other]
    assert said("none")[0] == ["a.x"]
    taken_out = do(client, ask(client, "swap", all="yes"), host=other, to="")
    assert {item.key for item in taken_out.context["left"]} == {"smtp1", "both"}
    assert said("two")[0] == ["a.example"]


def test_none_is_deleted_that_a_route_names(site: Site) -> None:
    client = site.sign_in("claire")
    world.add_relay("spare", site.people["claire"])
    page = ask(client, "delete", all="yes")
    assert "Delete spare" in text(page)
    assert {item.key: item.why for item in page.context["left"]} == {
        "smtp1": "1 route names it: no mail may go by it when it is deleted."
    }
    assert do(client, page).status_code == 409
    assert [row.name for row in RelayTarget.objects.all()] == ["smtp1"]


def test_edits_of_relays_are_undone_and_one_that_was_deleted_comes_back(site: Site) -> None:
    client, by = site.sign_in("claire"), site.people["claire"]
    written(site, "smtp1", hosts=["other.example"], port=587, note="kept")
    assert pending_edits()
    do(client, ask(client, "undo", all="yes", state="edited"))
    assert pending_edits() == ()
    assert said("smtp1") == (["smtp1.renater.fr"], 25, "kept", "")
    world.add_relay("smtp2", by)
    default, relay = RoutingObject.objects.get(key="."), RelayTarget.objects.get(name="smtp2")
    route: dict[str, Any] = {"server": site.host, "kind": ObjectKind.ROUTE, "key": ".", "by": by}
    save_object(identity=default.pk, version=1, relay_target=relay.pk, **route)
    kept = do(client, ask(client, "undo", names=("smtp2",)))
    assert "Undo that first." in kept.context["left"][0].why
    gone = RelayTarget.objects.get(name="smtp1")
    delete_relay_target(identity=gone.pk, version=gone.version, by=by)
    page = text(client.get("/relays/?state=removed"))
    assert "smtp1" in page and f"{gone.pk.hex}.0" in page
    do(client, ask(client, "undo", all="yes", state="removed"))
    back = RelayTarget.objects.get(name="smtp1")
    assert (back.pk, back.note) == (gone.pk, "kept")
    assert not client.get("/relays/?state=removed").context["list"].rows


def test_a_name_that_another_one_took_is_not_taken_back(site: Site) -> None:
    client, by = site.sign_in("claire"), site.people["claire"]
    world.add_relay("smtp2", by)
    default, relay = RoutingObject.objects.get(key="."), RelayTarget.objects.get(name="smtp2")
    route: dict[str, Any] = {"server": site.host, "kind": ObjectKind.ROUTE, "key": ".", "by": by}
    save_object(identity=default.pk, version=1, relay_target=relay.pk, **route)
    gone = RelayTarget.objects.get(name="smtp1")
    delete_relay_target(identity=gone.pk, version=gone.version, by=by)
    world.add_relay("smtp1", by)
    answer = do(client, ask(client, "undo", all="yes", state="removed"))
    assert [item.why for item in answer.context["left"]] == ["Another one has this name."]


def test_what_somebody_changed_meanwhile_is_left_alone(site: Site) -> None:
    client = site.sign_in("claire")
    world.add_relay("smtp2", site.people["claire"])
    ticked = ask(client, "port", names=("smtp1", "smtp2"))
    everything = ask(client, "port", all="yes")
    written(site, "smtp1", note="mind this")
    changed = "changed it after this page was opened."
    for page, left in ((ticked, {"smtp1": "Luc Petit"}), (everything, {"smtp2": "Claire Martin"})):
        answer = do(client, page, port="2525")
        whys = {item.key: item.why for item in answer.context["left"]}
        assert whys == {
            name: f"{by} {changed}" for name, by in ({"smtp1": "Luc Petit"} | left).items()
        }
    assert said("smtp1")[1] == 25 and said("smtp2")[1] == 2525


def test_only_editors_have_ticks_and_lists(site: Site) -> None:
    page = text(site.sign_in("claire").get("/relays/"))
    assert 'name="pick"' in page and "/relays/bulk-add/" in page
    viewer = site.sign_in("vera")
    page = text(viewer.get("/relays/"))
    assert 'name="pick"' not in page and "/relays/bulk-add/" not in page
    assert paste(viewer, PASTED).status_code == 403
    assert ask(viewer, "delete", all="yes").status_code == 403
    assert ask(site.sign_in("claire"), "disable", all="yes").status_code == 422


def test_mail_hosts_are_tagged_and_noted_by_administrators(site: Site) -> None:
    world.list_server("forums", 1)
    client = site.sign_in("anne")
    page = client.get("/mail-hosts/~act/", {"act": "tag", "all": "yes", "q": "s"})
    assert "Tag 2 mail hosts" in text(page)
    before = last_number()
    assert do(client, page, tags="paris").status_code == 302
    assert last_number() == before + 3
    assert {host.tags for host in MailHost.objects.all()} == {"paris"}
    host = MailHost.objects.get(name="forums")
    pick = {"pick": f"{host.pk.hex}.{host.version}"}
    do(client, client.get("/mail-hosts/~act/", {"act": "note", **pick}), note="spare")
    do(client, client.get("/mail-hosts/~act/", {"act": "untag", "all": "yes"}), tags="paris")
    host.refresh_from_db()
    assert (host.note, host.tags, host.version) == ("spare", "", 4)
    assert 'name="pick"' in text(client.get("/mail-hosts/"))
    assert 'name="pick"' not in text(site.sign_in("claire").get("/mail-hosts/"))
    left = do(client, client.get("/mail-hosts/~act/", {"act": "note", **pick}), note="x")
    assert "changed it after this page was opened" in left.context["left"][0].why
    refused = site.sign_in("claire").get("/mail-hosts/~act/", {"act": "note", **pick})
    assert refused.status_code == 403


def test_a_token_is_used_once_for_each_kind_of_list(site: Site) -> None:
    client, token = site.sign_in("anne"), str(uuid4())
    page = client.get("/mail-hosts/~act/", {"act": "note", "all": "yes"})
    for note in ("first", "second"):
        do(client, page, note=note, token=token)
    assert MailHost.objects.get(name="listes").note == "first"
