"""The checklist of a new domain: what is seen, with what to do, and green by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt
from routing.core.survey import Found, Subject
from routing.models import DnsCheck, RcptCheck, Source, SurveyedServer
from routing.services.objects import set_enabled
from routing.services.rcpt import record_rcpt, request_rcpt
from routing.services.surveys import keep_survey
from tests.fixtures.surveyed import accepted, robots, surveyed
from tests.integration.dns.told import told
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text

KEY = "conf.renater.fr"
PAGE = f"/domains/{KEY}/checklist/"
OK: dict[str, Any] = {"verdict": "accepted", "code": 250, "text": "2.1.5 Recipient ok"}
NO: dict[str, Any] = {"verdict": "refused", "code": 550, "text": "5.1.1 User unknown"}
CLOSED: dict[str, Any] = {"verdict": "refused", "code": 550, "text": "5.7.1 Relaying denied"}
LATER: dict[str, Any] = {"verdict": "later", "code": 451, "text": "4.7.1 greylisted"}


def added(client: Client) -> str:
    """Add the domain as a person does; where they land."""
    form = form_of(client.get("/domains/add/"), "/domains/add/")
    answer = client.post("/domains/add/", form | {"key": KEY})
    assert answer.status_code == 302, text(answer)
    return str(answer["Location"])


def said(own: dict[str, Any], other: dict[str, Any], outcome: str = "done", **body: Any) -> None:
    """The agent answers what is due."""
    RcptCheck.objects.update(due_at=timezone.now())
    request_rcpt(now=timezone.now())
    attempt = Attempt.objects.get(verb=Verb.ASK_RCPT, state="due")
    names = attempt.arguments["addresses"]
    answers = [{"address": name, **said} for name, said in zip(names, (own, other), strict=True)]
    Attempt.objects.filter(pk=attempt.pk).update(
        state="reported", outcome=outcome, body=body or {"answers": answers}
    )
    attempt.refresh_from_db()
    record_rcpt(attempt=attempt, now=timezone.now())


def states(client: Client) -> dict[str, str]:
    """Each need with its state."""
    panel = client.get(PAGE).context["panel"]
    return {item.line.need.value: item.line.state.value for item in panel.lines}


def test_who_adds_a_domain_lands_on_what_it_still_needs(site: Site) -> None:
    client = site.sign_in("claire")
    target = added(client)
    assert target == f"/domains/{KEY}/?server=listes#checklist"
    page = text(client.get(target.partition("#")[0]))
    assert 'id="checklist"' in page and "Before its lists work" in page
    assert f"ls -l /etc/sympa/{KEY}/robot.conf" in page
    assert f"echo {KEY} &gt;&gt; /etc/mail/local-host-names" in page
    assert "Saved, and on no mail host: listes goes on without it." in page
    assert "Propose it" in page
    assert states(client) == {
        "robot": "unknown",
        "mta": "unknown",
        "mx": "unknown",
        "spf": "unknown",
        "route": "missing",
        "rcpt": "unknown",
    }


@pytest.mark.parametrize(
    ("own", "other", "mta", "rcpt"),
    [
        (OK, NO, "done", "done"),
        (OK, OK, "unknown", "done"),
        (CLOSED, CLOSED, "missing", "missing"),
        (NO, NO, "done", "missing"),
        (LATER, LATER, "waiting", "waiting"),
    ],
)
def test_what_the_mta_says_is_not_taken_for_more_than_it_is(
    site: Site, own: dict[str, Any], other: dict[str, Any], mta: str, rcpt: str
) -> None:
    client = site.sign_in("claire")
    added(client)
    said(own, other)
    found = states(client)
    assert (found["mta"], found["rcpt"]) == (mta, rcpt)
    assert str(own["text"]) in text(client.get(PAGE))


def test_a_fault_says_what_it_is_and_keeps_what_was_known(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    fault = {"code": "mta_closed", "text": "Nothing takes a connection at 127.0.0.1:25."}
    said(OK, NO, outcome="failed", error=fault)
    assert states(client)["rcpt"] == "unknown"
    assert "Nothing takes a connection at 127.0.0.1:25." in text(client.get(PAGE))
    said(OK, NO)
    said(OK, NO, outcome="failed", error=fault)
    page = text(client.get(PAGE))
    assert states(client)["rcpt"] == "done"
    assert "The last try failed: Nothing takes a connection" in page and "old, " in page


def test_the_route_goes_from_saved_over_its_push_to_live(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    row = RcptCheck.objects.get()
    object_id = client.get(f"/domains/{KEY}/").context["row"].id
    assert row.domain == KEY
    push = world.prove(world.proposed([object_id], site.people["claire"], "Add it"))
    assert states(client)["route"] == "waiting"
    assert f"Open push #{push.pk}" in text(client.get(PAGE))
    world.deploy_now(world.approved(push, site.people["paul"], at_once=False))
    page = text(client.get(PAGE))
    assert states(client)["route"] == "done"
    assert f"Live on listes by push #{push.pk}, which sendmail proved." in page


def test_robot_and_class_w_follow_what_the_server_was_told_to_have(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    assert "The spool agent of listes has not told which robots there are yet." in text(
        client.get(PAGE)
    )

    def survey(subject: Subject, *names: str, later: int = 1) -> None:
        keep_survey(
            server=site.host,
            subject=subject,
            source=Source.AGENT,
            names=names,
            is_whole=True,
            now=timezone.now() + timedelta(seconds=later),
        )

    survey(Subject.ROBOTS, "jres.org")
    survey(Subject.ACCEPTED, "jres.org")
    assert (states(client)["robot"], states(client)["mta"]) == ("missing", "missing")
    assert "Make its robot.conf on the list server" in text(client.get(PAGE))
    survey(Subject.ROBOTS, KEY)
    survey(Subject.ACCEPTED, KEY)
    assert (states(client)["robot"], states(client)["mta"]) == ("done", "done")
    said(OK, OK)
    assert states(client)["mta"] == "done", "the MTA's yes to a stranger says nothing"
    said(CLOSED, CLOSED)
    assert states(client)["mta"] == "missing", "its own no weighs more"


def test_a_robot_turns_green_when_its_agent_has_seen_it(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    at = timezone.now() + timedelta(seconds=1)
    surveyed(site.host, robots("jres.org"), accepted("jres.org"), at=at)
    assert (states(client)["robot"], states(client)["mta"]) == ("missing", "missing")

    trouble = f"/etc/sympa/{KEY} cannot be read: Permission denied."
    surveyed(site.host, robots("jres.org", troubles=(trouble,)), accepted(), at=at)
    assert states(client)["robot"] == "unknown", "what was not read is not missing"
    assert trouble in text(client.get(PAGE))

    surveyed(site.host, robots("jres.org", KEY), accepted("jres.org", KEY), at=at)
    assert (states(client)["robot"], states(client)["mta"]) == ("done", "done")
    assert "It was found there by the agent." in text(client.get(PAGE))


def test_who_may_tell_but_names_nothing_is_told_what_to_write(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    surveyed(site.host, at=timezone.now())
    page = text(client.get(PAGE))
    assert "The file of the spool agent of listes does not name them" in page
    assert page.count("line for its agent") >= 2
    assert "existing_robots = &quot;/etc/sympa&quot;" in page

    found = Found(("/srv/sympa/etc",), ()), Found(("/etc/postfix/names",), ())
    surveyed(site.host, *found, at=timezone.now() + timedelta(seconds=1))
    page = text(client.get(PAGE))
    assert f"ls -l /srv/sympa/etc/{KEY}/robot.conf" in page
    assert f"echo {KEY} &gt;&gt; /etc/postfix/names" in page
    assert "line for its agent" not in page


def test_looking_now_has_the_server_surveyed(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    surveyed(site.host, robots("jres.org"), accepted("jres.org"), at=timezone.now())
    SurveyedServer.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    assert SurveyedServer.objects.get().due_at > timezone.now()
    client.post(f"/domains/{KEY}/checklist/ask/?server=listes", {"address": f"postmaster@{KEY}"})
    assert SurveyedServer.objects.get().due_at <= timezone.now()
    assert "being asked now" in text(client.get(PAGE))


def test_what_was_told_long_ago_is_old(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    surveyed(site.host, robots(KEY), accepted(KEY), at=timezone.now() - timedelta(hours=4))
    lines = client.get(PAGE).context["panel"].lines
    assert [item.line.is_old for item in lines[:2]] == [True, True]
    assert [item.line.state.value for item in lines[:2]] == ["done", "done"]


def test_mx_and_spf_follow_what_the_dns_said(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    table = {
        ("listes.renater.fr", "A"): ["192.0.2.10"],
        ("smtp1.renater.fr", "A"): ["192.0.2.20"],
        (KEY, "MX"): ["10 listes.renater.fr"],
    }
    told(table, now=timezone.now())
    found = states(client)
    assert (found["mx"], found["spf"]) == ("done", "missing")
    page = text(client.get(PAGE))
    assert "The record to publish" in page and f"{KEY}. IN TXT" in page
    DnsCheck.objects.all().delete()
    told({**table, (KEY, "TXT"): ["v=spf1 mx ip4:192.0.2.20 -all"]}, now=timezone.now())
    assert states(client)["spf"] == "done"


def test_a_disabled_domain_says_that_it_is(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    row = client.get(f"/domains/{KEY}/").context["row"]
    set_enabled(identity=row.id, version=row.version, enabled=False, by=site.people["claire"])
    assert "It is disabled: no line of the table is its own." in text(client.get(PAGE))


def test_the_card_looks_again_by_itself_and_only_swaps_what_is_new(site: Site) -> None:
    client, htmx = site.sign_in("vera"), {"HX-Request": "true"}
    added(site.sign_in("claire"))
    panel = client.get(PAGE).context["panel"]
    poll = f"{panel.poll_href}&seen={panel.version}"
    assert poll.replace("&", "&amp;") in text(client.get(PAGE))
    assert client.get(poll, headers=htmx).status_code == 204
    said(OK, NO)
    answer = client.get(poll, headers=htmx)
    assert answer.status_code == 200
    assert "<html" not in text(answer) and 'id="checklist"' in text(answer)
    assert "<html" in text(client.get(poll))


def test_looking_now_asks_about_the_chosen_address(site: Site) -> None:
    client, ask = site.sign_in("claire"), f"/domains/{KEY}/checklist/ask/?server=listes"
    added(client)
    said(OK, NO)
    assert RcptCheck.objects.get().due_at is None
    wrong = client.post(ask, {"address": "board@elsewhere.example"})
    assert wrong.status_code == 422
    assert "board@elsewhere.example" in text(wrong) and "Write one plain address of" in text(wrong)
    RcptCheck.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    answer = client.post(ask, {"address": f"board@{KEY}"})
    assert answer["Location"] == f"{PAGE}?server=listes"
    row = RcptCheck.objects.get()
    assert row.address == f"board@{KEY}" and row.due_at is not None
    assert site.sign_in("vera").post(ask).status_code == 403


def test_the_card_leaves_the_page_when_all_is_there_and_with_time(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    said(OK, NO)
    row = RcptCheck.objects.get()
    assert row.due_at is None
    assert 'id="checklist"' in text(client.get(f"/domains/{KEY}/")), "its route is not live yet"
    RcptCheck.objects.update(began_at=timezone.now() - timedelta(days=15))
    assert 'id="checklist"' not in text(client.get(f"/domains/{KEY}/"))
    assert "Before its lists work" in text(client.get(PAGE))
    assert client.get("/domains/~new/").context["rows"] == []


def test_an_imported_domain_has_a_checklist_that_nobody_was_asked_for(site: Site) -> None:
    client = site.sign_in("vera")
    page = text(client.get("/domains/jres.org/"))
    assert 'id="checklist"' not in page and "/domains/jres.org/checklist/" in page
    page = text(client.get("/domains/jres.org/checklist/"))
    assert "data-ma-poll" not in page, "nothing of it changes by itself"
    assert "The MTA was not asked about it." in page and "Editors have a domain looked at." in page
    assert client.get("/domains/nowhere.example/checklist/").status_code == 404


def test_a_list_of_domains_leads_to_the_table_of_their_gaps(site: Site) -> None:
    client, place = site.sign_in("claire"), "/domains/bulk-add/"
    given = {"text": "a.example\nb.example\njres.org\n", "server": "listes", "existing": "skip"}
    preview = client.post(place, given)
    sent = form_of(preview, place) | given
    answer = client.post(place, sent)
    assert answer["Location"] == "/domains/~new/", text(answer)
    page = text(client.get("/domains/~new/"))
    assert "a.example" in page and "b.example" in page and "jres.org" not in page
    assert len(client.get("/domains/~new/").context["rows"]) == 2


def test_the_table_asks_the_database_no_more_for_many(site: Site) -> None:
    client = site.sign_in("claire")
    added(client)
    client.get("/domains/~new/")
    with CaptureQueriesContext(connection) as few:
        client.get("/domains/~new/")
    for number in range(20):
        world.add_domain(site.host, f"n{number}.example", site.people["claire"])
    RcptCheck.objects.bulk_create(
        RcptCheck(
            server=site.host,
            domain=f"n{number}.example",
            address=f"postmaster@n{number}.example",
            began_at=timezone.now(),
            due_at=timezone.now(),
        )
        for number in range(20)
    )
    client.get("/domains/~new/")
    with CaptureQueriesContext(connection) as many:
        assert len(client.get("/domains/~new/").context["rows"]) == 21
    assert len(many) <= len(few)
