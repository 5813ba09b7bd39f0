"""The first page: what needs a person, the panels, the picture, the set-up of a new site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from mailadmin.audit.services import CONTROL
from mailadmin.people.services import actor
from mailadmin.ui.overview import Overview, Part
from mailadmin.wire.models import Agent
from routing.core.states import PushState
from routing.models import ConfigPush, HostState, RoutingObject
from routing.services.objects import delete_object
from routing.services.propose import restore
from routing.services.retiring import retire_mail_host
from routing.services.transitions import move_push
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

HTMX = {"HX-Request": "true"}


def _seen(site: Site, username: str = "vera") -> Overview:
    found = site.sign_in(username).get("/").context["overview"]
    assert isinstance(found, Overview)
    assert not found.failed
    return found


def _words(found: Overview) -> dict[str, str]:
    return {p.label: p.badge.word if p.badge else p.value for p in found.panels}


def test_a_site_in_order_needs_nobody(site: Site) -> None:
    answer = site.sign_in("vera").get("/")
    found = answer.context["overview"]
    assert (found.needs, found.steps, found.failed) == ((), (), False)
    assert "Nothing needs you. Last check" in text(answer)
    assert _words(found) == {
        "Live files": "In sync",
        "Agents": "Heard",
        "Open pushes": "0",
        "Edits not proposed": "0",
        "Kept messages": "0",
        "Orders overdue": "0",
    }


def test_a_waiting_push_needs_an_approver_and_nobody_else(site: Site, waiting: ConfigPush) -> None:
    mine = _seen(site, "paul").needs
    assert [(n.id, n.href) for n in mine] == [(f"push-{waiting.pk}", f"/pushes/{waiting.pk}/")]
    assert _seen(site, "vera").needs == ()
    assert _words(_seen(site, "vera"))["Open pushes"] == "1"


def test_a_stopped_push_needs_everybody(site: Site, waiting: ConfigPush) -> None:
    world.approved(waiting, site.people["paul"], at_once=False)
    with transaction.atomic():
        for state in (PushState.DEPLOYING, PushState.STOPPED):
            move_push(push=waiting, to=state, by=CONTROL)
    assert [need.kind for need in _seen(site, "vera").needs] == ["bad"]


@transaction.atomic
def _fail(push: ConfigPush) -> ConfigPush:
    push.refresh_from_db()
    if push.state == PushState.PROPOSED:
        move_push(push=push, to=PushState.STAGING, by=CONTROL)
    move_push(push=push, to=PushState.FAILED, by=CONTROL)
    return push


def _failed(site: Site) -> list[str]:
    return [n.id for n in _seen(site).needs if n.id.startswith("push-")]


def test_a_failed_push_needs_everybody_until_another_takes_its_place(site: Site) -> None:
    claire = site.people["claire"]
    row = world.add_domain(site.host, "conf.renater.fr", claire)
    push = _fail(world.proposed([row.pk], claire))
    found = _seen(site).needs[0]
    assert (found.id, found.kind, found.href) == (f"push-{push.pk}", "bad", f"/pushes/{push.pk}/")
    assert "Nothing was switched" in found.text
    assert "propose again" in found.text
    again = world.proposed([row.pk], claire)
    assert _failed(site) == []
    # The new one failed as well: that one alone is to be looked at.
    _fail(again)
    assert _failed(site) == [f"push-{again.pk}"]


def test_a_failed_push_with_nothing_left_to_propose_needs_nobody(site: Site) -> None:
    claire = site.people["claire"]
    row = world.add_domain(site.host, "conf.renater.fr", claire)
    _fail(world.proposed([row.pk], claire))
    delete_object(identity=row.pk, version=row.version, by=claire)
    assert _seen(site).needs == ()


def test_a_failed_push_waits_for_each_of_its_hosts(site: Site) -> None:
    claire, other = site.people["claire"], world.list_server("other", 1)
    world.imported(other, "events.org\tesmtp:[127.0.0.1]\n")
    rows = [world.add_domain(host, "conf.renater.fr", claire) for host in (site.host, other)]
    push = _fail(world.proposed([row.pk for row in rows], claire))
    world.proposed([rows[0].pk], claire)
    assert _failed(site) == [f"push-{push.pk}"]
    world.proposed([rows[1].pk], claire)
    assert _failed(site) == []


def test_a_failed_restore_stays_until_another_push_though_no_edit_waits(site: Site) -> None:
    claire = site.people["claire"]
    first = site.first.targets.get().revision
    row = world.add_domain(site.host, "conf.renater.fr", claire)
    world.deploy_now(world.prove(world.proposed([row.pk], claire)))
    push = _fail(restore(revision=first, note="it was wrong", by=claire))
    assert _failed(site) == [f"push-{push.pk}"]


def test_a_host_that_a_push_switches_does_not_differ(site: Site, waiting: ConfigPush) -> None:
    """Its record moves with the confirmation: until then the release of the push is no drift."""
    world.approved(waiting, site.people["paul"])
    waiting.refresh_from_db()
    with transaction.atomic():
        move_push(push=waiting, to=PushState.DEPLOYING, by=CONTROL)
    HostState.objects.update(live=waiting.targets.get().revision.digest)
    assert _seen(site).needs == ()
    with transaction.atomic():
        move_push(push=waiting, to=PushState.STOPPED, by=CONTROL)
    assert [need.id for need in _seen(site).needs] == [f"push-{waiting.pk}"]
    HostState.objects.update(live="f" * 64)
    assert [n.id for n in _seen(site).needs] == ["drift-listes", f"push-{waiting.pk}"]


def test_a_retired_host_is_not_on_the_page(site: Site) -> None:
    other = world.list_server("other", 1)
    world.imported(other, "events.org\tesmtp:[127.0.0.1]\n")
    HostState.objects.filter(host=other).update(kept_total=2)
    assert [need.id for need in _seen(site).needs] == ["kept-other"]
    by = actor(site.people["anne"])
    retire_mail_host(identity=other.pk, version=other.version, reason="it is old", by=by)
    found = _seen(site)
    assert found.needs == ()
    assert found.picture is not None
    assert [ways.source.name for ways in found.picture.words] == ["listes"]


def test_rows_stand_in_the_order_that_the_documents_tell(site: Site, waiting: ConfigPush) -> None:
    """One of each, made in another order."""
    claire, now = site.people["claire"], timezone.now()
    hosts = {
        name: world.list_server(name, at) for at, name in enumerate(("b", "c", "d", "e", "f"), 1)
    }
    for name, host in hosts.items():
        world.imported(host, f"{name}.org\tesmtp:[127.0.0.1]\n")
    state = HostState.objects.filter
    state(host=hosts["b"]).update(kept_total=2)
    state(host=hosts["d"]).update(live="f" * 64)
    state(host=hosts["e"]).update(drift=[{"file": "mailertable", "kind": "changed"}])
    Agent.objects.filter(host_name="c").update(last_seen_at=now - timedelta(hours=3))
    late = now - timedelta(seconds=settings.OBSERVE_SECONDS * 6)
    Agent.objects.filter(host_name="b").update(last_seen_at=late)
    failed = _fail(world.proposed([world.add_domain(hosts["f"], "x.org", claire).pk], claire))
    world.list_server("never", 9)
    Agent.objects.filter(host_name="never").update(last_seen_at=None)
    HostState.objects.filter(host__name="never").delete()
    found = _seen(site, "paul")
    assert [need.id for need in (*found.needs, *found.more)] == [
        "drift-d",
        "drift-e",
        "silent-c",
        f"push-{failed.pk}",
        "kept-b",
        "silent-b",
        f"push-{waiting.pk}",
        "edits",
        "unheard-never",
    ]


def test_who_never_spoke_is_not_silent_since_now(site: Site) -> None:
    world.list_server("new", 1)
    Agent.objects.filter(host_name="new").update(last_seen_at=None)
    HostState.objects.filter(host__name="new").delete()
    found = _seen(site)
    files, agents = found.panels[:2]
    assert files.badge and (files.badge.word, files.at) == ("No news", None)
    assert files.empty == "no agent has spoken yet"
    assert agents.badge and (agents.badge.word, agents.at) == ("Never seen", None)
    assert agents.empty == "the others have not spoken yet"
    assert [(n.id, n.kind) for n in found.needs] == [("unheard-new", "unk")]
    # One that fell silent is told by its last word, whoever else speaks now.
    long_ago = timezone.now() - timedelta(hours=2)
    HostState.objects.filter(host=site.host).update(deploy_at=long_ago)
    Agent.objects.filter(host_name="listes").update(last_seen_at=long_ago)
    files, agents = _seen(site).panels[:2]
    assert (files.at, files.lead, files.lines[1]) == (long_ago, "last word", "1 has never spoken")
    assert (agents.at, agents.lead) == (long_ago, "last word")


def test_drift_is_said_by_row_panel_and_picture(site: Site) -> None:
    HostState.objects.update(drift=[{"file": "mailertable", "kind": "changed"}])
    found = _seen(site)
    assert [need.id for need in found.needs] == ["drift-listes"]
    assert "1 file differs" in found.needs[0].text
    assert _words(found)["Live files"] == "Differ"
    assert found.picture is not None
    assert {arrow.edge.kind for arrow in found.picture.arrows} == {"bad"}


def test_another_release_than_ours_is_a_difference(site: Site) -> None:
    HostState.objects.update(live="f" * 64)
    assert [need.id for need in _seen(site).needs] == ["drift-listes"]


def test_a_silent_agent_makes_the_files_unknown_since_its_last_word(site: Site) -> None:
    long_ago = timezone.now() - timedelta(hours=2)
    Agent.objects.update(last_seen_at=long_ago)
    HostState.objects.update(deploy_at=long_ago)
    answer = site.sign_in("vera").get("/")
    found = answer.context["overview"]
    files = found.panels[0]
    assert (files.badge.kind, files.badge.word, files.lead) == ("unk", "No news", "last word")
    assert files.at == long_ago
    assert [(need.id, need.kind, need.at) for need in found.needs] == [
        ("silent-listes", "bad", long_ago)
    ]
    # The row says it: the strip to the same place would say it twice.
    assert text(answer).count("No figures from") == 0


def test_kept_messages_and_edits_stand_after_what_is_worse(site: Site) -> None:
    HostState.objects.update(kept_total=3, drift=[{"file": "mailertable", "kind": "changed"}])
    world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    found = _seen(site, "claire")
    assert [n.id for n in found.needs] == ["drift-listes", "kept-listes", "edits"]
    assert [n.reason for n in found.needs] == ["", "", ""]
    assert _words(found)["Kept messages"] == "3"
    assert "Claire Martin" in _seen(site, "vera").needs[-1].reason


def test_a_figure_that_nobody_has_is_a_dash_with_the_reason(site: Site) -> None:
    HostState.objects.update(kept_total=None)
    panel = next(p for p in _seen(site).panels if p.label == "Kept messages")
    assert (panel.value, panel.empty) == ("", "not counted on 1 of 1")


def test_what_one_server_keeps_is_not_hidden_by_another_that_has_not_counted(site: Site) -> None:
    world.imported(world.list_server("other", 1), "events.org\tesmtp:[127.0.0.1]\n")
    HostState.objects.filter(host__name="other").update(kept_total=None)
    HostState.objects.filter(host__name="listes").update(kept_total=3)
    panel = next(p for p in _seen(site).panels if p.label == "Kept messages")
    assert panel.badge is not None
    assert (panel.badge.kind, panel.badge.word) == ("unk", "3")
    assert panel.lines == ("not settled by sendmail", "not counted on 1 of 2")

    HostState.objects.filter(host__name="listes").update(kept_total=0)
    panel = next(p for p in _seen(site).panels if p.label == "Kept messages")
    assert (panel.badge, panel.value, panel.empty) == (None, "", "not counted on 1 of 2")


def test_a_silent_spool_agent_dates_the_figure_by_its_own_last_count(site: Site) -> None:
    world.imported(world.list_server("other", 1), "events.org\tesmtp:[127.0.0.1]\n")
    long_ago = timezone.now() - timedelta(hours=2)
    Agent.objects.filter(host_name="other", role="spool").update(last_seen_at=long_ago)
    HostState.objects.filter(host__name="other").update(spool_at=long_ago)
    earlier = long_ago - timedelta(hours=1)
    HostState.objects.filter(host__name="listes").update(spool_at=earlier)
    panel = next(p for p in _seen(site).panels if p.label == "Kept messages")
    assert panel.badge is not None
    assert (panel.badge.kind, panel.at, panel.lead) == ("unk", long_ago, "last word")


def test_the_picture_counts_the_keys_of_each_way(site: Site) -> None:
    picture = _seen(site).picture
    assert picture is not None
    assert {arrow.target.name: arrow.edge.label for arrow in picture.arrows} == {
        "Local MTA": "3 virtual domains",
        "Local hosts": "1 local host",
        "smtp1": "1 route",
    }
    world.imported(world.list_server("other", 1), "events.org\tesmtp:[127.0.0.1]\n")
    picture = _seen(site).picture
    assert picture is not None
    other = [a for a in picture.arrows if a.source.name == "other"]
    assert {arrow.target.name: arrow.edge.label for arrow in other} == {
        "Local MTA": "1 virtual domain",
        "sendmail itself": "everything else",
    }


def test_servers_that_go_the_same_ways_are_one_box(site: Site) -> None:
    for at in range(1, 20):
        host = world.list_server(f"lists{at:02}", at)
        world.imported(
            host, f"d{at}.example\tesmtp:[127.0.0.1]\ne{at}.example\tesmtp:[127.0.0.1]\n"
        )
    HostState.objects.filter(host__name="lists07").update(live="f" * 64)
    picture = _seen(site).picture
    assert picture is not None
    said = {
        ways.source.name: {arrow.target.name: arrow.edge.label for arrow in ways.arrows}
        for ways in picture.words
    }
    assert said == {
        "listes": {
            "Local MTA": "3 virtual domains",
            "Local hosts": "1 local host",
            "smtp1": "1 route",
        },
        "18 list servers": {
            "Local MTA": "36 virtual domains",
            "sendmail itself": "everything else",
        },
        "lists07": {"Local MTA": "2 virtual domains", "sendmail itself": "everything else"},
    }
    assert {a.edge.kind for a in picture.arrows if a.source.name == "lists07"} == {"bad"}
    (group,) = picture.groups
    assert [link.name for link in group.members] == [
        f"lists{at:02}" for at in range(1, 20) if at != 7
    ]
    assert text(site.sign_in("vera").get("/")).count('href="/mail-hosts/lists07/"') >= 2


def test_many_different_servers_and_relays_share_the_last_boxes_and_none_is_left_out(
    site: Site,
) -> None:
    kinds = ["a{0}.x\tesmtp:[127.0.0.1]", "b{0}.x\tesmtp:[b{0}.x]", "c{0}.x\terror:5.1.2 gone"]
    for at in range(1, 9):
        host = world.list_server(f"lists{at}", at)
        lines = [line.format(at) for bit, line in enumerate(kinds) if at & 1 << bit]
        lines.append(f".\tesmtp:[smtp{at + 1}.renater.fr]")
        world.imported(host, "\n".join(lines) + "\n")
    picture = _seen(site).picture
    assert picture is not None
    assert len(picture.words) == 6
    names = [link.name for node in picture.groups for link in node.members]
    alone = [ways.source.name for ways in picture.words if not ways.source.members]
    assert sorted(names + alone) == ["listes", *(f"lists{at}" for at in range(1, 9))]
    relays = [b.node.name for b in picture.boxes if b.node.id.startswith("relay")]
    assert relays == ["smtp1", "smtp2", "smtp3", "smtp4", "5 other relay targets"]
    routes = [a.edge.label for a in picture.arrows if a.target.id.startswith("relay")]
    assert sum(int(label.split()[0]) for label in routes) == 9
    rest = next(ways for ways in picture.words if ways.source.members)
    assert "2 virtual domains, from 2" in {arrow.edge.label for arrow in rest.arrows}


def test_keys_of_one_kind_with_two_mailers_are_one_count(site: Site) -> None:
    host = world.list_server("other", 1)
    world.imported(host, "a.x\terror:5.1.2 gone\nb.x\tsmtp:[mx.b.x]\nc.x\tprocmail:x\n")
    picture = _seen(site).picture
    assert picture is not None
    labels = [a.edge.label for a in picture.arrows if a.source.name == "other"]
    assert all("," not in label for label in labels), labels


def test_the_poll_is_silent_until_something_is_new(site: Site) -> None:
    client = site.sign_in("vera")
    found = client.get("/").context["overview"]
    asked = {"seen": found.version, "moments": found.moments}
    assert client.get("/live/", asked, headers=HTMX).status_code == 204
    HostState.objects.update(kept_total=1)
    answer = client.get("/live/", asked, headers=HTMX)
    assert answer.status_code == 200
    assert "HX-Reswap" not in answer.headers
    assert "1 message waits" in text(answer)
    assert "<!doctype html>" not in text(answer)


def test_a_look_that_finds_the_same_puts_ages_and_nothing_else(site: Site) -> None:
    client = site.sign_in("vera")
    found = client.get("/").context["overview"]
    later = timezone.now() + timedelta(seconds=15)
    Agent.objects.update(last_seen_at=later)
    HostState.objects.update(deploy_at=later, spool_at=later)
    asked = {"seen": found.version, "moments": found.moments}
    answer = client.get("/live/", asked, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Reswap"]) == (200, "none")
    assert "ma-panel" not in text(answer)
    assert text(answer).count(f'datetime="{later.isoformat()}"') == 4
    for place in ("age-checked", "age-live-files", "age-agents", "age-kept-messages"):
        assert text(answer).count(f'<span id="{place}" hx-swap-oob="true">') == 1
    # The page that shows them has each of these places once, and sends the moments along.
    page = text(client.get("/"))
    assert all(page.count(f'id="{place}"') == 1 for place in ("age-checked", "age-live-files"))
    assert 'hx-include="#overview-moments"' in page
    asked["moments"] = client.get("/").context["overview"].moments
    assert client.get("/live/", asked, headers=HTMX).status_code == 204


def test_ages_of_rows_move_with_the_look(site: Site) -> None:
    HostState.objects.update(drift=[{"file": "mailertable", "kind": "changed"}])
    client = site.sign_in("vera")
    found = client.get("/").context["overview"]
    HostState.objects.update(deploy_at=timezone.now() + timedelta(seconds=15))
    answer = client.get("/live/", {"seen": found.version, "moments": found.moments}, headers=HTMX)
    assert '<span id="age-need-drift-listes" hx-swap-oob="true">' in text(answer)


def test_back_never_shows_a_fragment(site: Site) -> None:
    client = site.sign_in("vera")
    for headers in (HTMX, HTMX | {"HX-History-Restore-Request": "true"}):
        assert "<!doctype html>" in text(client.get("/", headers=headers))


@pytest.mark.django_db
def test_a_new_site_is_led_through_its_set_up() -> None:
    people = world.people()
    site: Any = Site(people, None, None)  # type: ignore[arg-type]  # nothing is there yet
    found = _seen(site, "anne")
    assert [step.status for step in found.steps] == ["waits"] * 4
    assert "Nothing needs you" not in text(site.sign_in("anne").get("/"))
    assert (found.panels, found.picture, found.steps[0].reason) == ((), None, "")
    assert "Anne Roy" in _seen(site).steps[0].reason
    host = world.list_server()
    Agent.objects.update(last_seen_at=None)
    assert [step.status for step in _seen(site).steps] == ["met", "works", "waits", "waits"]
    Agent.objects.update(last_seen_at=timezone.now())
    assert [step.status for step in _seen(site).steps] == ["met", "met", "waits", "waits"]
    world.imported(host)
    assert _seen(site).steps == ()


def _broken(request: HttpRequest) -> Part:
    raise RuntimeError(request.path)


def test_one_that_fails_is_named_and_the_rest_stays(site: Site, settings: Settings) -> None:
    settings.UI_OVERVIEW = [f"{__name__}._broken", *settings.UI_OVERVIEW]
    answer = site.sign_in("vera").get("/")
    assert answer.status_code == 200
    assert "A part of this page has no answer." in text(answer)
    assert "In sync" in text(answer)
    assert "Nothing needs you" not in text(answer)


def test_queries_do_not_grow_with_hosts_or_keys(site: Site) -> None:
    client = site.sign_in("claire")
    client.get("/")
    few = _queries(client)
    for at in range(2, 7):
        host = world.list_server(f"listes{at}", at)
        world.imported(host, "".join(f"d{n}.example\tesmtp:[127.0.0.1]\n" for n in range(200)))
    client.get("/")
    assert RoutingObject.objects.count() > 1000
    assert _queries(client) == few


def _queries(client: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get("/").status_code == 200
    return len(seen)
