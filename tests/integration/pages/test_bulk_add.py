"""A pasted list: what each line would do, then all of it at once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailadmin.audit.chain import chained
from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import last_number
from routing.core.intent import ObjectKind
from routing.core.listed import read_list
from routing.models import RoutingObject
from routing.services.bulk import Ask, plan_bulk, save_bulk
from routing.services.list_plan import Existing
from routing.services.objects import save_object
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

PASTED = """\
# ours, from 2026
conf.renater.fr

Été.example.org   # a comment
jres.org
lists.example.org\tesmtp:[127.0.0.1]
far.example.org   esmtp:[mx.example.org]
"""


def paste(client: Client, pasted: str, place: str = "domains", **more: str) -> Any:
    """The dry run of a list."""
    sent = {"server": "listes", "text": pasted, "existing": "skip"} | more
    return client.post(f"/{place}/bulk-add/", sent)


def save(client: Client, answer: Any, place: str = "domains") -> Any:
    """Press the button of a dry run."""
    return client.post(f"/{place}/bulk-add/", pressed(answer))


def pressed(answer: Any) -> dict[str, str]:
    """What the button sends."""
    shown = answer.context
    assert shown["button"], text(answer)
    return {
        **shown["sent"],
        "step": "save",
        "text": shown["text"],
        "token": str(shown["token"]),
        "shown": shown["plan"].digest,
    }


def test_a_dry_run_says_what_each_line_does_and_writes_nothing(site: Site) -> None:
    before = last_number()
    answer = paste(site.sign_in("claire"), PASTED)
    outcomes = {line.key: str(line.outcome) for line in answer.context["plan"].lines}
    assert outcomes == {
        "conf.renater.fr": "add",
        "xn--t-9fab.example.org": "add",
        "jres.org": "same",
        "lists.example.org": "add",
        "far.example.org": "add",
    }
    assert "Add 4 virtual domains" in text(answer)
    assert last_number() == before


def test_the_button_saves_all_lines_with_one_event_for_each(site: Site) -> None:
    client, before = site.sign_in("claire"), last_number()
    answer = save(client, paste(client, PASTED))
    assert answer.status_code == 302
    kinds = dict(RoutingObject.objects.filter(version=1).values_list("key", "kind"))
    assert kinds["conf.renater.fr"] == kinds["lists.example.org"] == "virtual_domain"
    assert kinds["far.example.org"] == "route"
    events = AuditEvent.objects.filter(number__gt=before).order_by("number")
    assert [event.action for event in events] == [
        "bulk.saved",
        "virtual_domain.created",
        "virtual_domain.created",
        "virtual_domain.created",
        "route.created",
    ]
    assert {event.actor for event in events} == {"claire"}


def test_an_event_is_the_one_that_saving_alone_writes(site: Site) -> None:
    client = site.sign_in("claire")
    save(client, paste(client, "many.example.org"))
    world.add_domain(site.host, "one.example.org", site.people["claire"])
    many, one = (
        AuditEvent.objects.get(subject=f"{name}.example.org", action="virtual_domain.created")
        for name in ("many", "one")
    )
    assert many.new is not None and one.new is not None
    assert many.new | {"key": ""} == one.new | {"key": ""}
    assert (many.old, many.host, many.actor_name) == (one.old, one.host, one.actor_name)


def test_the_chain_of_the_audit_holds_over_many_events(site: Site) -> None:
    client = site.sign_in("claire")
    save(client, paste(client, "\n".join(f"d{n}.example.org" for n in range(1200))))
    before, names = "", ("action", "subject", "object_id", "host", "push", "old", "new", "digest")
    for event in AuditEvent.objects.order_by("number"):
        content = {name: getattr(event, name) for name in (*names, "note")}
        actor = {"username": event.actor, "name": event.actor_name}
        before = chained(before, event.number, event.at, actor, content)
        assert event.hash == before, event


def test_pressed_twice_it_saves_once(site: Site) -> None:
    client = site.sign_in("claire")
    sent = pressed(paste(client, PASTED))
    answers = [client.post("/domains/bulk-add/", sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert AuditEvent.objects.filter(action="bulk.saved").count() == 1
    assert RoutingObject.objects.filter(key="conf.renater.fr").count() == 1


def test_every_wrong_line_is_told_at_once_with_what_to_write_instead(site: Site) -> None:
    before = last_number()
    wrong = (
        "http://jres.org:25/\nok.example.org\nok.example.org\n*.example.org\na..b\nx.org nonsense"
    )
    answer = paste(site.sign_in("claire"), wrong)
    shown = [(finding.line, finding.advice) for finding in answer.context["plan"].errors]
    assert [line for line, _ in shown] == [1, 3, 4, 5, 6]
    assert "5 lines are wrong" in text(answer)
    assert dict(shown)[1] == "Write jres.org."
    assert dict(shown)[4] == "Write example.org."
    assert dict(shown)[6] == "Write esmtp:nonsense."
    assert not answer.context["button"]
    sent = {"server": "listes", "existing": "skip", "text": wrong, "step": "save"}
    sent |= {"token": str(uuid4()), "shown": answer.context["plan"].digest}
    assert site.sign_in("claire").post("/domains/bulk-add/", sent).status_code == 422
    assert last_number() == before


@pytest.mark.parametrize(
    ("existing", "kind"),
    [("skip", "local_host"), ("merge", "virtual_domain"), ("replace", "virtual_domain")],
)
def test_a_key_that_is_there_and_differs_is_skipped_or_replaced(
    site: Site, existing: str, kind: str
) -> None:
    client = site.sign_in("claire")
    answer = paste(client, "host.renater.fr\nnew.example.org", existing=existing)
    save(client, answer)
    row = RoutingObject.objects.get(key="host.renater.fr")
    assert (row.kind, row.version) == (kind, 1 if existing == "skip" else 2)
    assert RoutingObject.objects.filter(key="new.example.org").exists()


def test_a_list_of_names_leaves_notes_and_what_is_disabled(site: Site) -> None:
    row, client = RoutingObject.objects.get(key="jres.org"), site.sign_in("claire")
    save_object(
        identity=row.pk,
        version=1,
        server=site.host,
        kind=ObjectKind.VIRTUAL_DOMAIN,
        key="jres.org",
        enabled=False,
        note="until March",
        by=site.people["luc"],
    )
    answer = paste(client, "jres.org", existing="replace")
    assert [line.outcome for line in answer.context["plan"].lines] == ["same"]
    assert not answer.context["button"]


def test_what_somebody_saved_meanwhile_is_shown_and_not_overwritten(site: Site) -> None:
    client = site.sign_in("claire")
    answer = paste(client, "host.renater.fr\nnew.example.org", existing="replace")
    row = RoutingObject.objects.get(key="host.renater.fr")
    save_object(
        identity=row.pk,
        version=1,
        server=site.host,
        kind=ObjectKind.LOCAL_HOST,
        key="host.renater.fr",
        note="mind this",
        by=site.people["luc"],
    )
    again = save(client, answer)
    assert again.status_code == 409
    assert "Nothing was saved" in text(again) and "mind this" in text(again)
    row.refresh_from_db()
    assert (row.kind, row.note) == ("local_host", "mind this")
    assert not RoutingObject.objects.filter(key="new.example.org").exists()


def test_routes_that_stand_alone_go_by_the_chosen_relay(site: Site) -> None:
    client = site.sign_in("claire")
    pasted = ".example.net\nfar.example.org\tesmtp:[smtp1.renater.fr]\n"
    answer = paste(client, pasted, "routes", relay="smtp1")
    assert save(client, answer, "routes").status_code == 302
    rows = RoutingObject.objects.filter(key__in=[".example.net", "far.example.org"])
    assert {row.relay_target and row.relay_target.name for row in rows} == {"smtp1"}
    answer = paste(client, "other.example.net", "routes")
    assert [finding.code for finding in answer.context["plan"].errors] == ["route_empty"]


def test_nobody_but_an_editor_adds_from_a_list(site: Site) -> None:
    assert paste(site.sign_in("paul"), "new.example.org").status_code == 403
    assert "Add from a list" not in text(site.sign_in("paul").get("/domains/"))
    assert "/domains/bulk-add/" in text(site.sign_in("claire").get("/domains/"))


@pytest.mark.parametrize("count", [2000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_names_need_few_statements(site: Site, count: int) -> None:
    few = statements(site, 100)
    many = statements(site, count)
    assert RoutingObject.objects.filter(key__contains=f"of{count}.").count() == count
    assert many < few + count // 25


def statements(site: Site, count: int) -> int:
    """How many a plan and its saving need."""
    pasted = "\n".join(f"d{n}.of{count}.example.org" for n in range(count))
    listed = read_list(pasted, server="listes")
    ask = Ask(listed, ObjectKind.VIRTUAL_DOMAIN, Existing.SKIP)
    with CaptureQueriesContext(connection) as queries:
        token = uuid4()
        plan = plan_bulk(ask, token=token)
        save_bulk(ask, token=token, shown=plan.digest, by=site.people["claire"])
    return len(queries)
