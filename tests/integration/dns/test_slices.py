"""The rows of the DNS checks are the queue: enrolled, due, asked of a real server, judged."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

import pytest
from django.utils import timezone
from dns.resolver import NoResolverConfiguration, Resolver
from pytest_django import Settings

from mailadmin.people.models import Person
from routing.core.dns.judge import Trouble
from routing.models import Asked, DnsCheck, DnsFinding, MailHost, RoutingObject
from routing.queries.dns_site import read_sites
from routing.services.dns.rows import (
    AT_START,
    check_now,
    claim,
    claim_due,
    enrol_keys,
    pause,
)
from routing.services.dns.slices import run_slice, start_slice
from routing.services.objects import delete_object, set_enabled
from tests.fixtures.nameserver import SERVFAIL, SILENT, Zone
from tests.integration.dns.asked import DOMAINS, GOOD_SPF, settle
from tests.integration.pages import world


def marks() -> dict[str, tuple[str, str]]:
    rows = DnsCheck.objects.filter(kind=Asked.DOMAIN)
    return {row.name: (row.mx_mark, row.spf_mark) for row in rows}


def found() -> list[tuple[str, str]]:
    rows = DnsFinding.objects.order_by("place")
    return [(row.kind, row.place[3:]) for row in rows]


def due(kind: Asked, name: str) -> DnsCheck:
    return DnsCheck.objects.get(kind=kind, name=name)


def test_a_site_that_is_as_it_should_be_has_no_finding(listes: MailHost) -> None:
    settle()

    assert marks() == dict.fromkeys(DOMAINS, ("good", "good"))
    assert found() == []
    kinds = DnsCheck.objects.values_list("kind", "name")
    assert {name for kind, name in kinds if kind == Asked.ADDRESS} == {"192.0.2.10", "192.0.2.20"}


def test_each_trouble_is_found_and_goes_when_it_is_mended(listes: MailHost, zone: Zone) -> None:
    zone.add("jres.org", "MX", "10 elsewhere.example.")
    zone.add("elsewhere.example", "A", "203.0.113.1")
    zone.add("renater.fr", "TXT", "v=spf1 ip4:192.0.2.20 -all")
    del zone.records["20.2.0.192.in-addr.arpa", "PTR"]
    now = settle()

    assert found() == [
        (Trouble.MX_ELSEWHERE, "jres.org"),
        (Trouble.PTR_MISSING, "192.0.2.20"),
        (Trouble.SPF_NO_SERVER, "renater.fr"),
    ]
    assert marks()["jres.org"] == ("bad", "good")
    zone.add("jres.org", "MX", "10 listes.renater.fr.")
    zone.add("renater.fr", "TXT", GOOD_SPF)
    zone.add("20.2.0.192.in-addr.arpa", "PTR", "smtp1.renater.fr.")
    settle(now + timedelta(hours=25))
    assert found() == []


def test_without_an_armed_fallback_the_server_need_not_be_held(
    listes: MailHost, zone: Zone, settings: Settings
) -> None:
    zone.add("renater.fr", "TXT", "v=spf1 ip4:192.0.2.20 -all")
    now = settle()
    asked = zone.asked["renater.fr", "TXT", "udp"]
    assert found() == [(Trouble.SPF_NO_SERVER, "renater.fr")]

    settings.FALLBACK_ARMED = False
    settle(now)

    assert found() == []
    assert zone.asked["renater.fr", "TXT", "udp"] == asked, "judged anew, not asked anew"


def test_a_private_address_is_not_compared_until_the_site_names_what_is_seen(
    listes: MailHost, zone: Zone, settings: Settings
) -> None:
    zone.add("smtp1.renater.fr", "A", "10.0.0.20")
    now = settle()
    assert {spf for _, spf in marks().values()} == {"unknown"}
    assert "MAILADMIN_DNS_SOURCES" in read_sites().of["listes"].relays[0].missing

    settings.DNS_SOURCES = ["smtp1=192.0.2.20"]
    settle(now)
    assert {spf for _, spf in marks().values()} == {"good"}


def test_a_failure_keeps_what_was_known_and_is_tried_again_soon(
    listes: MailHost, zone: Zone
) -> None:
    now = settle()
    before = due(Asked.DOMAIN, "jres.org").answers
    zone.troubles["jres.org", "MX"] = SERVFAIL
    run_slice(now=now + timedelta(hours=25))

    row = due(Asked.DOMAIN, "jres.org")
    assert (row.outcome, row.failures, row.mx_mark) == ("servfail", 1, "good")
    assert row.answers["mx"] == before["mx"], "with the age that it had"
    assert row.answers["spf"]["at"] > before["spf"]["at"], "the other part is new"
    assert row.due_at < timezone.now() + timedelta(minutes=2)


def test_what_was_never_answered_is_unknown_and_no_finding(
    listes: MailHost, zone: Zone, settings: Settings
) -> None:
    zone.dead, settings.DNS_SECONDS = True, 0.4
    began = monotonic()
    run_slice(now=timezone.now())

    assert marks() == dict.fromkeys(DOMAINS, ("unknown", "unknown"))
    assert found() == []
    assert {row.outcome for row in DnsCheck.objects.filter(kind=Asked.DOMAIN)} == {"timed_out"}
    assert monotonic() - began < 60


def test_one_silent_domain_does_not_stop_the_others(
    listes: MailHost, zone: Zone, settings: Settings
) -> None:
    settings.DNS_SECONDS = 2.0
    zone.troubles["demo.sympa.org"] = SILENT
    settle()

    assert marks()["demo.sympa.org"] == ("unknown", "unknown")
    assert marks()["renater.fr"] == ("good", "good")


def test_a_slice_asks_no_more_than_it_may(listes: MailHost, settings: Settings, zone: Zone) -> None:
    settings.DNS_SLICE = 2
    now = timezone.now()

    assert [run_slice(now=now) for _ in range(2)] == [2, 2]
    assert len({name for name, _, _ in zone.asked if name in DOMAINS}) <= 4


def test_a_row_is_claimed_once(listes: MailHost) -> None:
    now = timezone.now()
    settle(now)
    DnsCheck.objects.update(due_at=now)
    first = claim_due(most=3, now=now)
    second = claim_due(most=100, now=now)

    assert not {row.pk for row in first} & {row.pk for row in second}
    assert len(first) == 3
    assert claim_due(most=100, now=now + timedelta(minutes=3)), "a claim that died is due again"


def test_of_two_that_read_one_row_only_one_asks_it(listes: MailHost) -> None:
    now = timezone.now()
    settle(now)
    read, also_read = due(Asked.DOMAIN, "jres.org"), due(Asked.DOMAIN, "jres.org")

    assert claim(read, now=now)
    assert not claim(also_read, now=now)


def test_a_record_that_leads_to_many_silent_names_ends_in_time(
    listes: MailHost, zone: Zone, settings: Settings
) -> None:
    settle()
    terms = " ".join(f"a:silent{number}.example" for number in range(10))
    zone.add("jres.org", "TXT", f"v=spf1 {terms} -all")
    for number in range(10):
        zone.troubles[f"silent{number}.example"] = SILENT
    DnsCheck.objects.filter(name="jres.org").update(due_at=timezone.now())
    settings.DNS_SECONDS = 2.0
    began = monotonic()

    assert run_slice(now=timezone.now()) == 1
    # Twenty questions one after the other would be twice that.
    assert monotonic() - began < 20
    assert due(Asked.DOMAIN, "jres.org").outcome == "timed_out"


def test_a_domain_that_is_deleted_is_asked_no_more(listes: MailHost, claire: Person) -> None:
    now = settle()
    row = RoutingObject.objects.get(key="jres.org")
    delete_object(identity=row.pk, version=row.version, by=claire)
    settle(now)

    assert "jres.org" not in marks()


def test_a_domain_that_is_switched_off_is_asked_no_more(listes: MailHost, claire: Person) -> None:
    now = settle()
    row = RoutingObject.objects.get(key="jres.org")
    set_enabled(identity=row.pk, version=row.version, enabled=False, by=claire)
    settle(now)

    assert sorted(marks()) == ["demo.sympa.org", "renater.fr"]


def test_the_walk_goes_on_where_it_was_and_through_every_server(
    listes: MailHost, claire: Person
) -> None:
    other = world.list_server("forums", 2)
    for name in ("a.example", "b.example", "jres.org"):
        world.add_domain(other, name, claire)
    at, steps = AT_START, 0
    while steps == 0 or at != AT_START:
        at, steps = enrol_keys(Asked.DOMAIN, after=at, most=2, now=timezone.now()), steps + 1

    assert sorted(marks()) == ["a.example", "b.example", *DOMAINS]
    assert steps == 4, "six keys, and nothing more"


def test_a_machine_without_a_resolver_knows_nothing_and_goes_on(
    listes: MailHost, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DNS_SERVERS = []
    monkeypatch.setattr(Resolver, "read_resolv_conf", read_nothing)
    run_slice(now=timezone.now())

    assert {row.outcome for row in DnsCheck.objects.filter(kind=Asked.DOMAIN)} == {"servfail"}
    assert found() == []


def read_nothing(resolver: Resolver, file: object) -> None:
    """As dnspython reads a file that names no server."""
    raise NoResolverConfiguration


def test_check_now_makes_a_row_due_and_not_twice_in_a_moment(listes: MailHost) -> None:
    now = settle()
    later = now + timedelta(minutes=1)

    assert not check_now(name="jres.org", kind=Asked.DOMAIN, now=timezone.now())
    assert check_now(name="jres.org", kind=Asked.DOMAIN, now=later)
    assert due(Asked.DOMAIN, "jres.org").due_at == later
    assert check_now(name="new.example", kind=Asked.DOMAIN, now=later)
    assert due(Asked.DOMAIN, "new.example").due_at == later


def test_pauses_grow_up_to_the_interval(settings: Settings) -> None:
    settings.DNS_HOURS = 1
    minutes = [pause(failures).total_seconds() / 60 for failures in (0, 1, 2, 3, 6, 7, 8, 500)]
    assert minutes == [60, 1, 2, 4, 32, 60, 60, 60]


def test_switched_off_nothing_is_asked(listes: MailHost, settings: Settings, zone: Zone) -> None:
    settings.DNS_CHECKS = False

    assert start_slice() is False
    assert not zone.asked


def test_an_international_domain_is_one_name(listes: MailHost, claire: Person, zone: Zone) -> None:
    world.add_domain(listes, "Café.Example", claire)
    zone.add("xn--caf-dma.example", "MX", "10 listes.renater.fr.")
    zone.add("xn--caf-dma.example", "TXT", GOOD_SPF)
    settle()

    assert marks()["xn--caf-dma.example"] == ("good", "good")
