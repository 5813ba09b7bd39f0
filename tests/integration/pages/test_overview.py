"""The first page: what needs a person, the panels, the picture, the set-up of a new site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from mailadmin.audit.services import CONTROL
from mailadmin.ui.overview import Overview, Part
from mailadmin.wire.models import Agent
from routing.core.states import PushState
from routing.models import ConfigPush, HostState, RoutingObject
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
    assert (files.badge.kind, files.badge.word, files.lead) == ("unk", "No news", "since")
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


def test_the_poll_is_silent_until_something_is_new(site: Site) -> None:
    client = site.sign_in("vera")
    seen = client.get("/").context["overview"].version
    assert client.get("/live/", {"seen": seen}, headers=HTMX).status_code == 204
    HostState.objects.update(kept_total=1)
    answer = client.get("/live/", {"seen": seen}, headers=HTMX)
    assert answer.status_code == 200
    assert "1 message waits" in text(answer)
    assert "<!doctype html>" not in text(answer)


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
