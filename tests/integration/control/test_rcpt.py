"""Asking the MTA about domains: what is due, what is signed, what came of it, and when again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from mailadmin.people.models import Person
from mailadmin.tick import may_sign
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.services import cancel
from routing.core.rcpt import MOST_ADDRESSES, stranger_in
from routing.models import DnsCheck, MailHost, RcptCheck, RoutingObject
from routing.services.rcpt import MOST_TRIES, ask_now, record_rcpt, request_rcpt, watch_domains
from tests.fixtures.audited import unaudited
from tests.integration.pages import world

NOW = timezone.now()
OK: dict[str, Any] = {"verdict": "accepted", "code": 250, "text": "2.1.5 Recipient ok"}
NO: dict[str, Any] = {"verdict": "refused", "code": 550, "text": "5.1.1 User unknown"}
LATER: dict[str, Any] = {"verdict": "later", "code": 451, "text": "4.7.1 greylisted"}
SKIPPED: dict[str, Any] = {"verdict": "not_asked", "code": 0, "text": "ended the session"}


@pytest.fixture
def domain(live: MailHost, claire: Person) -> RoutingObject:
    """A new virtual domain that is watched."""
    row = world.add_domain(live, "conf.renater.fr", claire)
    watch_domains(server=live, domains=[row.key], now=NOW)
    return row


def order() -> Attempt:
    return Attempt.objects.get(verb=Verb.ASK_RCPT, state="due")


def report(attempt: Attempt, outcome: str, body: dict[str, Any], at: datetime = NOW) -> RcptCheck:
    """What the wire does with an agent's report, then what we do."""
    Attempt.objects.filter(pk=attempt.pk).update(state="reported", outcome=outcome, body=body)
    attempt.refresh_from_db()
    record_rcpt(attempt=attempt, now=at)
    return RcptCheck.objects.get(domain="conf.renater.fr")


def answers(own: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    name = "conf.renater.fr"
    return {
        "answers": [
            {"address": f"postmaster@{name}", **own},
            {"address": stranger_in(name), **other},
        ]
    }


def test_one_order_to_the_spool_agent_asks_both_addresses(domain: RoutingObject) -> None:
    request_rcpt(now=NOW)
    request_rcpt(now=NOW)

    attempt = order()
    assert (attempt.agent.role, attempt.agent.host_name) == (Role.SPOOL, "listes")
    assert attempt.arguments == {
        "addresses": ["postmaster@conf.renater.fr", "no-such-list-9f2c@conf.renater.fr"]
    }
    assert may_sign(attempt) is None


def test_an_accepted_domain_is_asked_no_more(domain: RoutingObject) -> None:
    request_rcpt(now=NOW)
    row = report(order(), "done", answers(OK, NO))

    assert (row.verdict, row.code, row.stranger, row.stranger_code) == (
        "accepted",
        250,
        "refused",
        550,
    )
    assert (row.answered_at, row.due_at, row.attempt, row.error) == (NOW, None, None, None)


@pytest.mark.parametrize("own", [NO, LATER])
def test_what_is_not_accepted_is_asked_again_with_growing_pauses(
    domain: RoutingObject, own: dict[str, Any]
) -> None:
    at, pauses = NOW, []
    for _ in range(9):
        request_rcpt(now=at)
        row = report(order(), "done", answers(own, NO), at)
        assert row.due_at is not None
        pauses.append(row.due_at - at)
        at = row.due_at
    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses[-1] == timedelta(hours=1)
    assert row.verdict == own["verdict"]
    RcptCheck.objects.update(tries=MOST_TRIES - 1)
    request_rcpt(now=at)
    assert report(order(), "done", answers(own, NO), at).due_at is None


def test_a_new_domain_is_looked_at_until_its_dns_is_good_too(
    domain: RoutingObject, settings: Settings
) -> None:
    settings.DNS_CHECKS = True
    request_rcpt(now=NOW)
    check = DnsCheck.objects.get(kind="domain", name=domain.key)
    assert check.due_at == NOW
    first = report(order(), "done", answers(OK, NO))
    assert first.due_at == NOW + timedelta(minutes=1)

    DnsCheck.objects.update(mx_mark="good", spf_mark="good", due_at=NOW + timedelta(hours=6))
    request_rcpt(now=first.due_at)
    assert DnsCheck.objects.get(pk=check.pk).due_at == NOW + timedelta(hours=6)
    assert report(order(), "done", answers(OK, NO), first.due_at).due_at is None


def test_a_greylisted_stranger_leaves_it_open(domain: RoutingObject) -> None:
    request_rcpt(now=NOW)
    assert report(order(), "done", answers(OK, LATER)).due_at == NOW + timedelta(minutes=1)


FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a closed port": (
        "failed",
        {"error": {"code": "mta_closed", "text": "Nothing takes a connection."}},
        "mta_closed",
    ),
    "an old agent": (
        "refused",
        {"error": {"code": "unknown_verb", "text": "verb must be one of stage"}},
        "unknown_verb",
    ),
    "a session that broke": ("done", answers(SKIPPED, SKIPPED), "not_asked"),
    "a report without answers": ("done", {}, ""),
    "answers of another shape": ("done", {"answers": {"a": 1}}, ""),
    "an unknown verdict": ("done", answers({**OK, "verdict": "sure"}, NO), ""),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_kept_beside_what_was_known(domain: RoutingObject, what: str) -> None:
    request_rcpt(now=NOW)
    first = report(order(), "done", answers(NO, NO))
    assert first.due_at is not None
    request_rcpt(now=first.due_at)
    outcome, body, code = FAULTS[what]
    row = report(order(), outcome, body, first.due_at)

    assert (row.verdict, row.answered_at) == ("refused", NOW)
    assert (row.error or {}).get("code", "") == code
    assert row.due_at == first.due_at + timedelta(minutes=2)


def test_an_order_that_ran_out_or_was_stopped_is_asked_again(domain: RoutingObject) -> None:
    request_rcpt(now=NOW)
    attempt = order()
    assert cancel(attempt=attempt, why="the agent is disabled", now=NOW)
    # Nobody applied it: the process died in between.
    request_rcpt(now=NOW)
    row = RcptCheck.objects.get()
    assert row.error == {"code": "cancelled", "text": "the agent is disabled"}
    assert row.due_at == NOW + timedelta(minutes=1)


def test_an_order_that_nobody_waits_for_is_not_signed(domain: RoutingObject) -> None:
    request_rcpt(now=NOW)
    attempt = order()
    RcptCheck.objects.all().delete()
    assert may_sign(attempt) == "nobody waits for this answer any more"


def test_a_retired_server_is_asked_nothing(domain: RoutingObject) -> None:
    request_rcpt(now=NOW)
    attempt = order()
    world_retires(domain.server)
    assert may_sign(attempt) == "nobody waits for this answer any more"


def world_retires(host: MailHost) -> None:
    with unaudited():
        MailHost.objects.filter(pk=host.pk).update(retired_at=NOW)


def test_a_server_without_its_agent_says_so(domain: RoutingObject) -> None:
    with unaudited():
        Agent.objects.filter(role="spool").delete()
    request_rcpt(now=NOW)
    row = RcptCheck.objects.get()
    assert (row.error or {})["text"] == "No spool agent of listes is let in."
    assert row.due_at == NOW + timedelta(hours=1)


def test_a_deleted_domain_is_forgotten(domain: RoutingObject, live: MailHost) -> None:
    watch_domains(server=live, domains=["gone.example"], now=NOW)
    request_rcpt(now=NOW)
    assert [row.domain for row in RcptCheck.objects.all()] == ["conf.renater.fr"]


def test_many_domains_go_in_orders_that_an_agent_takes(live: MailHost, claire: Person) -> None:
    names = [f"d{n:02}.example" for n in range(MOST_ADDRESSES)]
    for name in names:
        world.add_domain(live, name, claire)
    watch_domains(server=live, domains=names, now=NOW)
    request_rcpt(now=NOW)
    first = order()
    assert len(first.arguments["addresses"]) == MOST_ADDRESSES
    request_rcpt(now=NOW)
    Attempt.objects.filter(pk=first.pk).update(state="reported", outcome="done", body={})
    request_rcpt(now=NOW)
    assert len(order().arguments["addresses"]) == MOST_ADDRESSES
    assert set(order().arguments["addresses"]).isdisjoint(first.arguments["addresses"])


def test_asked_by_hand_it_is_due_at_once_but_not_all_the_time(
    domain: RoutingObject, live: MailHost
) -> None:
    request_rcpt(now=NOW)
    report(order(), "done", answers(OK, NO))
    asked: dict[str, Any] = {
        "server": live,
        "domain": domain.key,
        "address": "board@conf.renater.fr",
    }
    assert not ask_now(**asked, now=NOW + timedelta(seconds=5))
    later = NOW + timedelta(seconds=11)
    assert ask_now(**asked, now=later)
    request_rcpt(now=later)
    assert order().arguments["addresses"][0] == "board@conf.renater.fr"
    assert not ask_now(**asked, now=later + timedelta(minutes=1))
