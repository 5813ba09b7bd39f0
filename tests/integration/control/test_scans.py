"""Scans of spools: what is asked when, what is believed of an answer, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from mailadmin.wire.core.canonical import canonical
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.models import Agent, Attempt
from routing.models import MailHost
from spools.core.summary import MOST_MESSAGES, State
from spools.models import Spool, SpooledMessage, SpoolScan
from spools.services.scans import may_sign_scan, record_scan, request_scans
from tests.fixtures.audited import unaudited
from tests.fixtures.spooled import (
    NAME,
    message,
    order,
    scanned,
    spool,
    summary,
    take_in,
    take_in_raw,
)
from tests.integration.pages import world

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
CLOCK = int(NOW.timestamp())
PERIOD = timedelta(seconds=30)


def listed() -> set[str]:
    return set(SpooledMessage.objects.values_list("queue_id", flat=True))


def row(name: str = NAME) -> Spool:
    return Spool.objects.get(name=name)


def test_one_order_a_period_to_the_spool_agent(listes: MailHost) -> None:
    request_scans(NOW)
    request_scans(NOW)
    asked = order(listes)
    assert (asked.agent.role, asked.arguments) == (Role.SPOOL, {"known": {}})
    assert may_sign_scan(asked) is None

    take_in(asked, spool(summary(NOW)), at=NOW + timedelta(seconds=1))
    request_scans(NOW + PERIOD - timedelta(seconds=1))
    assert not Attempt.objects.filter(verb=Verb.SCAN, state="due").exists()
    request_scans(NOW + PERIOD)
    assert order(listes).arguments == {"known": {NAME: "t1"}}


def test_a_host_that_is_away_gets_one_order_not_many(listes: MailHost) -> None:
    for n in range(20):
        request_scans(NOW + n * PERIOD)
    assert Attempt.objects.filter(verb=Verb.SCAN).count() == 1


def test_a_clock_that_was_set_back_stops_nothing(listes: MailHost) -> None:
    scanned(listes, spool(summary(NOW)), at=NOW)
    request_scans(NOW - timedelta(hours=3))
    assert order(listes).state == "due"


@pytest.mark.parametrize("gone", ["retired", "disabled", "no agent"])
def test_nobody_asks_a_host_that_is_out_of_service(listes: MailHost, gone: str) -> None:
    with unaudited():
        if gone == "retired":
            MailHost.objects.update(retired_at=NOW)
        elif gone == "disabled":
            Agent.objects.update(disabled=True)
        else:
            Agent.objects.all().delete()
    request_scans(NOW)
    assert not Attempt.objects.exists()


def test_an_order_is_not_signed_once_its_host_is_retired_or_it_was_answered(
    listes: MailHost,
) -> None:
    request_scans(NOW)
    asked = order(listes)
    with unaudited():
        MailHost.objects.update(retired_at=NOW)
    assert may_sign_scan(asked)
    with unaudited():
        MailHost.objects.update(retired_at=None)
    SpoolScan.objects.update(attempt=None)
    assert may_sign_scan(asked)


def test_a_whole_list_takes_the_place_of_what_was_there(listes: MailHost) -> None:
    old = [message("a", created=CLOCK - 900), message("b", created=CLOCK - 60)]
    scanned(listes, spool(summary(NOW, old), old), at=NOW)
    assert listed() == {"a", "b"}
    new = [message("b", tries=4, reason="Deferred"), message("c", state=State.HELD)]
    scanned(listes, spool(summary(NOW, new), new, token="t2"), at=NOW + PERIOD)
    assert listed() == {"b", "c"}
    assert SpooledMessage.objects.get(queue_id="b").tries == 4
    assert (row().waiting, row().held, row().token) == (1, 1, "t2")


def test_a_change_is_added_to_the_list_that_it_names(listes: MailHost) -> None:
    old = [message("a"), message("b", place="q1")]
    scanned(listes, spool(summary(NOW, old), old), at=NOW)
    change = spool(summary(NOW, old), [message("a", tries=2), message("c")], base="t1", token="t2")
    scanned(listes, replace(change, gone=("q1/b", "q1/none")), at=NOW + PERIOD)
    assert listed() == {"a", "c"}
    assert SpooledMessage.objects.get(queue_id="a").tries == 2
    assert row().token == "t2"


def test_a_change_to_a_list_that_we_do_not_have_brings_a_whole_one_next(
    listes: MailHost,
) -> None:
    old = [message("a")]
    scanned(listes, spool(summary(NOW, old), old), at=NOW)
    lost = spool(summary(NOW, [*old, message("z")]), [message("z")], base="t7", token="t8")
    scanned(listes, lost, at=NOW + PERIOD)
    assert (listed(), row().token, row().waiting) == ({"a"}, "", 2)
    request_scans(NOW + 2 * PERIOD)
    assert order(listes).arguments == {"known": {}}


def test_figures_are_those_that_lists_sort_by(listes: MailHost) -> None:
    rows = [
        message("a", created=CLOCK - 4000, state=State.HELD),
        message("b", created=CLOCK - 600),
        message("c", created=CLOCK - 60),
        message("d", state=State.LOST),
        message("e", state=State.DAMAGED),
        message("f", state=State.NEW),
    ]
    scanned(listes, spool(summary(NOW, rows), rows), at=NOW)
    found = row()
    assert (found.waiting, found.held, found.lost, found.broken) == (2, 1, 1, 2)
    assert found.oldest == CLOCK - 600, "a held message is not what waits"
    assert (found.at, found.scan_at, found.seen_at) == (NOW, CLOCK, NOW)
    assert found.bytes == 6 * (700 + 2048)
    assert found.figures is not None
    assert found.figures.states[State.WAITING] == 2


def test_a_spool_with_a_problem_keeps_its_figures_and_says_since_when(listes: MailHost) -> None:
    rows = [message("a")]
    scanned(listes, spool(summary(NOW, rows), rows), at=NOW)
    for n in (1, 2):
        broken = spool(None, problem="Permission denied: /var/spool/sendmailsympa")
        scanned(listes, broken, at=NOW + n * PERIOD)
    found = row()
    assert (found.problem_at, found.at, found.waiting) == (NOW + PERIOD, NOW, 1)
    assert found.seen_at == NOW + 2 * PERIOD
    scanned(listes, spool(summary(NOW, rows), rows), at=NOW + 3 * PERIOD)
    assert (row().problem, row().problem_at) == ("", None)


def test_a_malformed_spool_is_refused_with_its_reason_and_the_others_are_kept(
    listes: MailHost,
) -> None:
    scanned(listes, spool(summary(NOW)), at=NOW)
    request_scans(NOW + PERIOD)
    bad = spool(summary(NOW)).to_json() | {"summary": {"at": "now"}}
    good = spool(summary(NOW), name="mqueue").to_json()
    del bad["messages"], bad["gone"], good["messages"], good["gone"]
    lists = canonical({"mqueue": {"messages": [], "gone": []}})
    take_in_raw(order(listes), {"spools": [bad, good]}, lists, at=NOW + PERIOD)
    assert "summary.at is not a whole number" in row().problem
    assert (row().at, row().token) == (NOW, "")
    assert row("mqueue").at == NOW + PERIOD


def test_a_report_of_another_shape_changes_no_spool(listes: MailHost) -> None:
    scanned(listes, spool(summary(NOW)), at=NOW)
    for n in (1, 2):
        request_scans(NOW + n * PERIOD)
        take_in_raw(order(listes), {"spools": None}, None, at=NOW + n * PERIOD)
    scan = SpoolScan.objects.get()
    assert "no list of spools" in scan.error
    assert scan.error_at == NOW + PERIOD
    assert (row().at, row().problem, row().listed) == (NOW, "", True)


@pytest.mark.parametrize(
    ("outcome", "state", "said"),
    [("failed", "reported", "no such directory"), ("refused", "reported", "no such directory")],
)
def test_an_agent_that_could_not_says_why(
    listes: MailHost, outcome: str, state: str, said: str
) -> None:
    request_scans(NOW)
    body = {"error": {"code": "unreadable", "text": "no such directory"}}
    take_in_raw(order(listes), body, None, at=NOW, outcome=outcome)
    scan = SpoolScan.objects.get()
    assert (scan.error, scan.error_at, scan.attempt) == (said, NOW, None)
    assert scan.answered_at is None


def test_an_order_that_ran_out_is_asked_anew_and_found_even_if_nobody_told(
    listes: MailHost,
) -> None:
    request_scans(NOW)
    error = {"error": {"code": "expired", "text": "no answer from the agent"}}
    Attempt.objects.update(state="expired", ended_at=NOW, body=error)
    request_scans(NOW + PERIOD)
    assert SpoolScan.objects.get().error == "no answer from the agent"
    assert order(listes).state == "due"


def test_an_end_that_is_told_twice_counts_once(listes: MailHost) -> None:
    request_scans(NOW)
    asked = order(listes)
    take_in(asked, spool(summary(NOW)), at=NOW)
    record_scan(asked, NOW + PERIOD)
    record_scan(asked, NOW + PERIOD)
    assert row().reports == 1
    assert row().samples.count() == 1


def test_a_spool_that_is_scanned_no_more_keeps_figures_and_no_addresses(
    listes: MailHost,
) -> None:
    rows = [message("a")]
    scanned(listes, spool(summary(NOW, rows), rows), at=NOW)
    scanned(listes, spool(summary(NOW), name="mqueue"), at=NOW + PERIOD)
    found = row()
    assert (found.listed, found.waiting, found.at) == (False, 1, NOW)
    assert listed() == set()
    scanned(listes, spool(summary(NOW, rows), rows), at=NOW + 2 * PERIOD)
    assert row().listed
    assert listed() == {"a"}


def test_hosts_have_spools_of_the_same_name(listes: MailHost) -> None:
    other = world.list_server("forums", 1)
    request_scans(NOW)
    take_in(order(listes), spool(summary(NOW, [message("a")]), [message("a")]), at=NOW)
    take_in(order(other), spool(summary(NOW)), at=NOW)
    assert Spool.objects.get(host=listes).waiting == 1
    assert Spool.objects.get(host=other).waiting == 0


def test_what_no_database_keeps_is_kept_all_the_same(listes: MailHost) -> None:
    odd = message("a", sender="x\0y", reason="\0", recipients=("a@b\0",))
    twice = replace(odd, tries=9)
    scanned(listes, spool(summary(NOW), [odd, twice]), at=NOW)
    kept = SpooledMessage.objects.get()
    assert (kept.sender, kept.tries) == ("x\ufffdy", 9)


def test_domains_of_a_message_are_found_as_words(listes: MailHost) -> None:
    to = ("a@orange.fr", "b@Orange.FR", "c@not-orange.fr", "d")
    scanned(listes, spool(summary(NOW), [message("a", recipients=to)]), at=NOW)
    assert SpooledMessage.objects.get().domains == " orange.fr not-orange.fr "


def test_a_list_as_long_as_it_gets(listes: MailHost, settings: Settings) -> None:
    rows = [message(f"q{n:04}", created=CLOCK - n) for n in range(MOST_MESSAGES)]
    scanned(listes, spool(summary(NOW, rows), rows), at=NOW)
    assert len(listed()) == MOST_MESSAGES
    scanned(listes, spool(summary(NOW), token="t2"), at=NOW + PERIOD)
    assert listed() == set()
