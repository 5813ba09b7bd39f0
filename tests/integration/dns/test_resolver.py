"""Our resolver against a real DNS server on loopback."""

from __future__ import annotations

import time

import pytest

from routing.core.dns.answers import Answer, Outcome, Record, look_at_mx, look_at_ptr
from routing.core.dns.spf import look_at_spf
from routing.services.dns.resolver import BadServer, Resolver, check_servers, reverse_name
from tests.fixtures.nameserver import SERVFAIL, SILENT, Zone

SECONDS, SHORT = 5.0, 0.6


@pytest.fixture
def resolver(zone: Zone) -> Resolver:
    return Resolver([zone.address], SECONDS)


def test_each_record_in_the_form_that_is_judged(zone: Zone, resolver: Resolver) -> None:
    zone.add("a.example", "MX", "20 MX2.example.", "10 mx1.example.")
    zone.add("a.example", "A", "192.0.2.1")
    zone.add("a.example", "AAAA", "2001:0db8::1")
    zone.add("a.example", "TXT", "v=spf1 -all")

    assert resolver.ask("a.example", Record.MX).values == ("10 mx1.example", "20 mx2.example")
    assert resolver.ask("a.example", Record.A).values == ("192.0.2.1",)
    assert resolver.ask("a.example", Record.AAAA).values == ("2001:db8::1",)
    assert resolver.ask("a.example", Record.TXT).values == ("v=spf1 -all",)


def test_a_long_text_is_joined_and_comes_by_tcp_when_truncated(
    zone: Zone, resolver: Resolver
) -> None:
    text = "v=spf1 " + " ".join(f"ip4:192.0.2.{n}" for n in range(200)) + " -all"
    zone.add("a.example", "TXT", text)
    zone.large.add("a.example")

    assert resolver.ask("a.example", Record.TXT).values == (text,)
    assert zone.asked["a.example", "TXT", "tcp"] == 1


def test_no_name_and_no_record_are_none(zone: Zone, resolver: Resolver) -> None:
    zone.add("a.example", "A", "192.0.2.1")

    assert resolver.ask("nowhere.example", Record.MX) == Answer(Outcome.NONE)
    assert resolver.ask("a.example", Record.MX) == Answer(Outcome.NONE)
    assert resolver.ask("x" * 64 + ".example", Record.MX) == Answer(Outcome.NONE)
    assert resolver.ask("a..example", Record.MX) == Answer(Outcome.NONE)


def test_a_failing_server_is_not_a_missing_name(zone: Zone, resolver: Resolver) -> None:
    zone.troubles["a.example"] = SERVFAIL

    assert resolver.ask("a.example", Record.MX) == Answer(Outcome.SERVFAIL)


def test_a_silent_server_ends_within_our_time(zone: Zone) -> None:
    """Without a time of ours the library waits for five seconds."""
    resolver = Resolver([zone.address], SHORT)
    zone.troubles["a.example"] = SILENT
    began = time.monotonic()

    assert resolver.ask("a.example", Record.MX) == Answer(Outcome.TIMED_OUT)
    assert time.monotonic() - began < 4.5
    assert zone.asked["a.example", "MX", "udp"] > 1


def test_aliases_are_followed_and_told(zone: Zone, resolver: Resolver) -> None:
    zone.add("www.example", "CNAME", "web.example.")
    zone.add("web.example", "CNAME", "host.example.")
    zone.add("host.example", "A", "192.0.2.1")
    zone.add("round.example", "CNAME", "square.example.")
    zone.add("square.example", "CNAME", "round.example.")

    found = resolver.ask("www.example", Record.A)
    assert (found.values, found.alias) == (("192.0.2.1",), "host.example")
    assert not resolver.ask("round.example", Record.A).values


def test_an_international_name_is_asked_as_it_is_written_in_the_dns(
    zone: Zone, resolver: Resolver
) -> None:
    zone.add("xn--caf-dma.example", "MX", "10 mx.example.")

    assert resolver.ask("xn--caf-dma.example", Record.MX).values == ("10 mx.example",)


def test_a_null_mx_and_an_mx_without_address(zone: Zone, resolver: Resolver) -> None:
    zone.add("null.example", "MX", "0 .")
    zone.add("a.example", "MX", "10 gone.example.")

    assert look_at_mx("null.example", resolver.ask).is_null
    (gone,) = look_at_mx("a.example", resolver.ask).hosts
    assert (gone.outcome, gone.addresses) == (Outcome.NONE, ())


def test_a_name_is_asked_forward_again(zone: Zone, resolver: Resolver) -> None:
    zone.add("20.2.0.192.in-addr.arpa", "PTR", "Smtp1.Example.ORG.")
    zone.add("smtp1.example.org", "A", "192.0.2.20")

    found = look_at_ptr("192.0.2.20", reverse_name("192.0.2.20"), resolver.ask)
    assert [(host.name, host.addresses) for host in found.hosts] == [
        ("smtp1.example.org", ("192.0.2.20",))
    ]


def test_includes_that_go_round_end_and_say_so(zone: Zone, resolver: Resolver) -> None:
    zone.add("a.example", "TXT", "v=spf1 include:b.example -all")
    zone.add("b.example", "TXT", "v=spf1 include:a.example -all")

    assert look_at_spf("a.example", resolver.ask).faults == ("a.example includes itself",)


def test_what_many_domains_include_is_asked_once(zone: Zone, resolver: Resolver) -> None:
    zone.add("shared.example", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
    for number in range(5):
        zone.add(f"d{number}.example", "TXT", "v=spf1 include:shared.example -all")
        look_at_spf(f"d{number}.example", resolver.ask)

    assert zone.asked["shared.example", "TXT", "udp"] == 1


def test_a_server_is_an_address_with_or_without_a_port() -> None:
    good = ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"]
    assert check_servers(good) == []
    assert len(check_servers(["dns.example", "192.0.2.53:x", ""])) == 3
    with pytest.raises(BadServer, match=r"dns\.example"):
        Resolver(["dns.example"], 1.0)
