"""What a page may say of a name: the records, judged, with their age, or why nothing is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from routing.core.dns.judge import Mark, Trouble
from routing.models import Asked, DnsCheck, MailHost
from routing.queries.dns import NOT_ASKED_HERE, NOT_YET, checked_names, verdicts_of
from routing.queries.dns_site import read_sites
from routing.services.dns.rows import check_now
from routing.services.dns.slices import run_slice
from tests.fixtures.nameserver import SERVFAIL, Zone
from tests.integration.dns.asked import GOOD_SPF, settle


def test_records_stand_as_they_were_found_with_their_age(listes: MailHost) -> None:
    before = timezone.now()
    settle()

    found = verdicts_of("jres.org")
    mx, spf = found.part("mx"), found.part("spf")
    assert (mx.mark, mx.records) == (Mark.GOOD, ("10 listes.renater.fr (192.0.2.10)",))
    assert (spf.mark, spf.records) == (Mark.GOOD, (GOOD_SPF,))
    assert mx.at is not None
    assert before <= mx.at <= timezone.now()
    assert not (mx.is_old or mx.why or found.is_silent or found.is_due)


def test_a_fault_says_what_to_publish(listes: MailHost, zone: Zone) -> None:
    zone.add("jres.org", "TXT", "v=spf1 ip4:192.0.2.10 -all")
    settle()

    spf = verdicts_of("jres.org").part("spf").judged
    assert spf.kind is Trouble.SPF_NO_RELAY
    assert spf.record == 'jres.org. IN TXT "v=spf1 ip4:192.0.2.10 ip4:192.0.2.20 -all"'


def test_silence_is_no_fault_of_the_name_and_what_was_known_stays(
    listes: MailHost, zone: Zone
) -> None:
    now = settle()
    zone.troubles["jres.org"] = SERVFAIL
    run_slice(now=now + timedelta(hours=25))

    found = verdicts_of("jres.org")
    assert found.is_silent
    assert found.part("mx").mark is Mark.GOOD
    assert found.part("mx").records


def test_what_was_not_asked_again_for_long_is_old(listes: MailHost, settings: Settings) -> None:
    settle()
    row = DnsCheck.objects.get(kind=Asked.DOMAIN, name="jres.org")
    old = timezone.now() - timedelta(hours=2 * settings.DNS_HOURS, minutes=1)
    row.answers["mx"]["at"] = old.isoformat()
    row.save(update_fields=["answers"])

    found = verdicts_of("jres.org")
    assert (found.part("mx").is_old, found.part("spf").is_old) == (True, False)


@pytest.mark.parametrize(("on", "why"), [(True, NOT_YET), (False, NOT_ASKED_HERE)])
def test_what_was_never_asked_says_so(
    listes: MailHost, settings: Settings, on: bool, why: str
) -> None:
    settings.DNS_CHECKS = on
    found = verdicts_of("jres.org")

    assert [(part.mark, part.why, part.at) for part in found.parts] == [
        (Mark.UNKNOWN, why, None)
    ] * 2
    assert not found.is_silent


def test_what_never_answered_says_that(listes: MailHost, zone: Zone, settings: Settings) -> None:
    zone.dead, settings.DNS_SECONDS = True, 0.4
    run_slice(now=timezone.now())

    found = verdicts_of("jres.org")
    assert found.is_silent
    assert found.part("mx").why == "The DNS did not answer: nothing came in time."


def test_an_address_that_nobody_sees_is_named_as_the_reason(listes: MailHost, zone: Zone) -> None:
    zone.add("smtp1.renater.fr", "A", "10.0.0.20")
    settle()

    spf = verdicts_of("jres.org").part("spf")
    assert spf.mark is Mark.UNKNOWN
    assert spf.why.startswith("The DNS gives smtp1 no address that others can see;")


def test_a_term_of_the_message_is_named_as_the_reason(listes: MailHost, zone: Zone) -> None:
    zone.add("jres.org", "TXT", "v=spf1 exists:%{i}.example -all")
    settle()

    assert "depends on the message" in verdicts_of("jres.org").part("spf").why


def test_hosts_and_addresses_are_read_the_same_way(listes: MailHost, zone: Zone) -> None:
    del zone.records["20.2.0.192.in-addr.arpa", "PTR"]
    settle()
    sites = read_sites()

    (host,) = checked_names(Asked.HOST, ["smtp1.renater.fr"], sites)
    assert host.part("host").records == ("192.0.2.20",)
    good, bad = checked_names(Asked.ADDRESS, ["192.0.2.10", "192.0.2.20"], sites)
    assert good.part("ptr").records == ("listes.renater.fr (192.0.2.10)",)
    assert bad.part("ptr").judged.kind is Trouble.PTR_MISSING


def test_a_name_that_is_asked_at_once_says_so(listes: MailHost) -> None:
    settle()
    DnsCheck.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    check_now(name="jres.org", kind=Asked.DOMAIN, now=timezone.now())

    assert verdicts_of("jres.org").is_due
    assert not verdicts_of("renater.fr").is_due
