"""Many domains are retired at once, step by step: asked first, each told, and what moved left."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import last_number
from routing.core.retirement import RetireStep
from routing.models import Retirement, RoutingObject
from routing.queries.pending import standing
from routing.services.objects import set_enabled
from routing.services.retirement import Wanted, take_step
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text
from tests.integration.pages.test_bulk_acts import do
from tests.integration.pages.test_bulk_add import paste, save
from tests.integration.pages.test_export import exported, noted

LIVE = ("demo.sympa.org", "jres.org", "renater.fr")
TOLD = {"status": "5.1.6", "words": "This domain has moved to example.org"}
PLACE = "/domains/~retiring/"


def ask_domains(client: Client, act: str, **more: str) -> Any:
    """The page that asks, from the list of virtual domains."""
    return client.get("/domains/~act/", {"act": act, "all": "yes", **more})


def ask(client: Client, act: str, keys: tuple[str, ...] = (), **more: str) -> Any:
    """The page that asks, from the list of those that are being retired."""
    rows = RoutingObject.objects.filter(key__in=keys)
    picks = [f"{row.pk.hex}.{row.version}" for row in rows]
    return client.get(f"{PLACE}act/", {"act": act, "pick": picks, **more})


def steps() -> dict[str, str]:
    """Where each retirement stands."""
    rows = {row.pk: row for row in RoutingObject.objects.all()}
    marks = Retirement.objects.all()
    kinds = {m.key: rows[m.object_id].kind if m.object_id in rows else "gone" for m in marks}
    return dict(sorted(kinds.items()))


def live(site: Site) -> None:
    """Everything that is saved goes live."""
    push = world.prove(world.proposed(standing().edits, site.people["claire"], "Retire"))
    world.deploy_now(world.approved(push, site.people["paul"], at_once=False))


def whys(answer: Any) -> dict[str, str]:
    """What was left alone, and why."""
    return {item.key: item.why for item in answer.context["left"]}


def test_all_that_match_go_through_every_step(site: Site) -> None:
    client, before = site.sign_in("claire"), last_number()
    page = ask_domains(client, "drain", q="re")
    shown = text(page)
    assert "Begin to retire 2 virtual domains" in shown
    assert "Mail for them goes as before." in shown and "until a push" not in shown
    assert last_number() == before
    answer = do(client, page, next_on="2027-01-31", note="moves in spring")
    assert answer["Location"] == PLACE
    assert steps() == {"jres.org": "virtual_domain", "renater.fr": "virtual_domain"}
    assert set(Retirement.objects.values_list("next_on", "note")) == {
        (date(2027, 1, 31), "moves in spring")
    }
    events = AuditEvent.objects.filter(number__gt=before).order_by("number")
    assert [event.action for event in events] == ["bulk.saved"] + ["retirement.began"] * 2
    assert standing().edits == {}

    page = ask(client, "reject", all="yes", state="draining")
    assert "Reject mail for 2 domains" in text(page)
    assert do(client, page, words="5.1.1 no").status_code == 422
    assert do(client, page, **TOLD)["Location"] == PLACE
    assert set(RoutingObject.objects.filter(mailer="error").values_list("key", "next_hop")) == {
        (key, "5.1.6:550 This domain has moved to example.org") for key in steps()
    }
    assert set(Retirement.objects.values_list("next_on", "note", "version")) == {
        (None, "moves in spring", 2)
    }
    page = ask(client, "gone", all="yes")
    assert "2 of them are not live as rejecting yet" in text(page)
    live(site)
    page = ask(client, "gone", keys=("jres.org", "renater.fr"))
    shown = text(page)
    assert "not live as rejecting" not in shown
    assert "Mail for 2 of them on listes then goes to smtp1 by the . key." in shown
    do(client, page)
    assert steps() == {"jres.org": "gone", "renater.fr": "gone"}
    assert "Gone, still live" in text(client.get(PLACE))
    live(site)
    assert not client.get(PLACE).context["list"].rows


def test_the_events_are_those_of_one_domain_alone(site: Site) -> None:
    client = site.sign_in("claire")
    do(client, ask_domains(client, "drain", q="re"), next_on="2027-01-31", note="both")
    do(client, ask(client, "reject", keys=("jres.org",)), **TOLD)
    alone = RoutingObject.objects.get(key="demo.sympa.org")
    text_of = "5.1.6:550 This domain has moved to example.org"
    for number, wanted in enumerate(
        (
            Wanted(to=RetireStep.DRAINING, version=1, seen=0, next_on=date(2027, 1, 31)),
            Wanted(to=RetireStep.REJECTING, version=1, seen=1, text=text_of),
        )
    ):
        note = {"note": "both"}
        given = {name: getattr(wanted, name) for name in wanted.__slots__} | note
        take_step(identity=alone.pk, wanted=Wanted(**given), by=site.people["claire"])
        del number
    for action in ("retirement.began", "retirement.moved", "route.changed"):
        many, one = (
            AuditEvent.objects.get(subject=key, action=action)
            for key in ("jres.org", "demo.sympa.org")
        )
        assert (many.actor, many.host, many.note) == (one.actor, one.host, one.note)
        for ours, theirs in ((many.old, one.old), (many.new, one.new)):
            assert (ours or {}) | {"key": ""} == (theirs or {}) | {"key": ""}


def test_a_step_back_is_taken_by_many_too(site: Site) -> None:
    client = site.sign_in("claire")
    do(client, ask_domains(client, "drain"))
    do(client, ask(client, "reject", keys=LIVE), **TOLD)
    assert do(client, ask(client, "readmit", all="yes")).status_code == 302
    assert set(steps().values()) == {"virtual_domain"} and standing().edits == {}
    do(client, ask(client, "keep", all="yes"), note="kept after all")
    assert not Retirement.objects.exists()
    ended = AuditEvent.objects.filter(action="retirement.ended")
    assert {(event.note, event.actor) for event in ended} == {("kept after all", "claire")}


def test_what_cannot_take_the_step_is_left_alone_and_told(site: Site) -> None:
    client, by = site.sign_in("claire"), site.people["claire"]
    off = RoutingObject.objects.get(key="demo.sympa.org")
    set_enabled(identity=off.pk, version=1, enabled=False, by=by)
    page = ask_domains(client, "drain")
    assert "Begin to retire 2 virtual domains" in text(page)
    assert whys(page) == {"demo.sympa.org": "It is disabled. Enable it first, or delete it."}
    do(client, page)
    do(client, ask(client, "reject", keys=("jres.org",)), **TOLD)
    page = ask(client, "gone", all="yes")
    assert whys(page) == {"renater.fr": "It is draining, not rejecting."}
    assert whys(ask_domains(client, "drain")) == {
        "demo.sympa.org": "It is disabled. Enable it first, or delete it.",
        "renater.fr": "It is draining, not managed.",
    }
    do(client, page)
    assert whys(ask(client, "reject", all="yes"))["jres.org"] == "It is gone already."


def test_what_somebody_moved_or_planned_meanwhile_is_left_alone(site: Site) -> None:
    client = site.sign_in("claire")
    do(client, ask_domains(client, "drain"))
    pages = [ask(client, "reject", keys=LIVE), ask(client, "reject", all="yes")]
    noted(RoutingObject.objects.get(key="jres.org"), site, "mind this")
    planned = RoutingObject.objects.get(key="renater.fr")
    wait = Wanted(to=RetireStep.DRAINING, version=1, seen=1, note="wait")
    take_step(identity=planned.pk, wanted=wait, by=site.people["luc"])
    for page in pages:
        left = whys(do(client, page, **TOLD))
        for key in ("jres.org", "renater.fr"):
            assert left[key] == "Luc Petit changed it after this page was opened."
    assert steps() == {
        "demo.sympa.org": "route",
        "jres.org": "virtual_domain",
        "renater.fr": "virtual_domain",
    }


def test_pressed_twice_a_step_is_taken_once(site: Site) -> None:
    client = site.sign_in("claire")
    page = ask_domains(client, "drain")
    assert [do(client, page).status_code for _ in range(2)] == [302, 302]
    assert AuditEvent.objects.filter(action="retirement.began").count() == 3


def test_the_list_is_searched_narrowed_turned_and_a_file(site: Site) -> None:
    client = site.sign_in("claire")
    do(client, ask_domains(client, "drain", q="re"), next_on="2026-01-31", note="old")
    do(client, ask_domains(client, "drain", q="demo"), next_on="2031-01-31")
    do(client, ask(client, "reject", keys=("jres.org",)), **TOLD)

    def names(query: str) -> list[str]:
        return [row.mark.key for row in client.get(f"{PLACE}{query}").context["list"].rows]

    assert names("") == ["renater.fr", "demo.sympa.org", "jres.org"]
    assert names("?sort=-day") == ["jres.org", "demo.sympa.org", "renater.fr"]
    assert names("?sort=-key") == ["renater.fr", "jres.org", "demo.sympa.org"]
    assert names("?state=rejecting") == ["jres.org"]
    assert names("?state=due") == ["renater.fr"]
    assert names("?q=old") == ["renater.fr", "jres.org"]
    assert names("?server=forums") == []
    file = exported(client, f"{PLACE}?format=csv&state=due").splitlines()
    assert [line.split(",")[:5] for line in file[1:]] == [
        ["renater.fr", "listes", "draining", "draining", "2026-01-31"]
    ]


def test_only_editors_retire(site: Site) -> None:
    viewer = site.sign_in("vera")
    assert ask_domains(viewer, "drain").status_code == 403
    assert ask(viewer, "reject", all="yes").status_code == 403
    client = site.sign_in("claire")
    assert 'value="drain"' in text(client.get("/domains/"))
    assert 'value="drain"' not in text(client.get("/routes/"))
    assert client.get("/routes/~act/?act=drain&all=yes").status_code == 422


@pytest.mark.parametrize(
    "act", ["drain", *(pytest.param(act, marks=pytest.mark.long) for act in ("reject", "gone"))]
)
def test_thousands_take_a_step_in_few_statements(site: Site, act: str) -> None:
    client = site.sign_in("claire")
    save(client, paste(client, "\n".join(f"d{n:04}.many.example" for n in range(2000))))
    told = TOLD if act == "reject" else {}
    if act != "drain":
        do(client, ask_domains(client, "drain", q="many.example"))
    if act == "gone":
        do(client, ask(client, "reject", all="yes"), **TOLD)
    page = (
        ask_domains(client, act, q="many.example")
        if act == "drain"
        else ask(client, act, all="yes", q="many.example")
    )
    with CaptureQueriesContext(connection) as queries:
        assert do(client, page, **told).status_code == 302
    assert len(queries) < 120
    kind = {"drain": "virtual_domain", "reject": "route", "gone": "gone"}[act]
    assert set(steps().values()) == {kind} and len(steps()) == 2000
