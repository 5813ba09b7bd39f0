"""SPF: how a record is read, followed and judged, as RFC 7208 has it."""

from __future__ import annotations

import pytest

from routing.core.dns.answers import Answer, Ask, Outcome, Record
from routing.core.dns.spf import Verdict, from_json, look_at_spf, to_json, verdict
from routing.core.dns.spf_terms import SpfSyntax, read_terms, with_addresses

RELAY = "192.0.2.1"
SIX = "2001:db8::1"
Table = dict[tuple[str, str], list[str] | Outcome]


def asking(zone: Table) -> Ask:
    """Answers from a table; what is not in it is not there."""

    def ask(name: str, kind: Record) -> Answer:
        found = zone.get((name, kind.value), [])
        if isinstance(found, Outcome):
            return Answer(found)
        return Answer(Outcome.FOUND if found else Outcome.NONE, tuple(found))

    return ask


def judged(text: str, more: Table | None = None) -> Verdict:
    found = look_at_spf("a.example", asking({("a.example", "TXT"): [text], **(more or {})}))
    return Verdict.PERMERROR if found.faults else verdict(found, RELAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1 ip4:192.0.2.1 -all", Verdict.PASS),
        ("v=spf1 ip4:192.0.2.0/24 -all", Verdict.PASS),
        ("V=SPF1 IP4:192.0.2.1 -ALL", Verdict.PASS),
        ("v=spf1 ip4:198.51.100.1 -all", Verdict.FAIL),
        ("v=spf1 ip4:198.51.100.1 ~all", Verdict.SOFTFAIL),
        ("v=spf1 ?all", Verdict.NEUTRAL),
        ("v=spf1 ip4:198.51.100.1", Verdict.NEUTRAL),
        ("v=spf1", Verdict.NEUTRAL),
        ("v=spf1 -ip4:192.0.2.1 +all", Verdict.FAIL),
        ("v=spf1 -all ip4:192.0.2.1", Verdict.FAIL),
        ("v=spf1 ip6:2001:db8::/32 -all", Verdict.FAIL),
        ("v=spf1 exists:%{i}.x.example -all", Verdict.UNKNOWN),
        ("v=spf1 ptr -all", Verdict.UNKNOWN),
        ("v=spf1 exists:%{i}.x.example ip4:192.0.2.1 -all", Verdict.PASS),
        ("v=spf1 -exists:%{i}.x.example ip4:192.0.2.1 -all", Verdict.UNKNOWN),
        ("v=spf1 -exists:%{i}.x.example -all", Verdict.FAIL),
        ("v=spf1 include:%{d}.x.example -all", Verdict.UNKNOWN),
        ("v=spf1 moo=1 exp=x.example ip4:192.0.2.1 -all", Verdict.PASS),
        ("v=spf1 ip4:192.0.2.999 -all", Verdict.PERMERROR),
        ("v=spf1 ip4:2001:db8::1 -all", Verdict.PERMERROR),
        ("v=spf1 ip4 -all", Verdict.PERMERROR),
        ("v=spf1 ipv4:192.0.2.1 -all", Verdict.PERMERROR),
        ("v=spf1 include: -all", Verdict.PERMERROR),
        ("v=spf1 include -all", Verdict.PERMERROR),
        ("v=spf1 all:x", Verdict.PERMERROR),
        ("v=spf1 a/33 -all", Verdict.PERMERROR),
        ("v=spf1 redirect=a.x redirect=b.x", Verdict.PERMERROR),
    ],
)
def test_a_record_by_itself(text: str, expected: Verdict) -> None:
    assert judged(text) is expected


NAMES: Table = {
    ("a.example", "A"): [RELAY],
    ("a.example", "MX"): ["10 mx.example"],
    ("mx.example", "A"): ["192.0.2.7"],
    ("near.example", "A"): ["192.0.2.99"],
    ("yes.example", "TXT"): ["other", "v=spf1 ip4:192.0.2.1 -all"],
    ("no.example", "TXT"): ["v=spf1 -all"],
    ("bad.example", "TXT"): ["v=spf1 moo -all"],
    ("two.example", "TXT"): ["v=spf1 -all", "v=spf1 +all"],
    ("away.example", "TXT"): Outcome.TIMED_OUT,
    ("away.example", "A"): Outcome.SERVFAIL,
    ("away.example", "AAAA"): Outcome.SERVFAIL,
    ("loop.example", "TXT"): ["v=spf1 include:a.example -all"],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1 a -all", Verdict.PASS),
        ("v=spf1 mx -all", Verdict.FAIL),
        ("v=spf1 mx/24 -all", Verdict.PASS),
        ("v=spf1 a:near.example -all", Verdict.FAIL),
        ("v=spf1 a:near.example/24//64 -all", Verdict.PASS),
        ("v=spf1 include:yes.example -all", Verdict.PASS),
        ("v=spf1 -include:yes.example +all", Verdict.FAIL),
        ("v=spf1 include:no.example ~all", Verdict.SOFTFAIL),
        ("v=spf1 redirect=yes.example", Verdict.PASS),
        ("v=spf1 redirect=no.example", Verdict.FAIL),
        ("v=spf1 redirect=yes.example -all", Verdict.FAIL),
        ("v=spf1 include:none.example -all", Verdict.PERMERROR),
        ("v=spf1 redirect=none.example", Verdict.PERMERROR),
        ("v=spf1 include:bad.example -all", Verdict.PERMERROR),
        ("v=spf1 include:two.example -all", Verdict.PERMERROR),
        ("v=spf1 include:loop.example -all", Verdict.PERMERROR),
        ("v=spf1 include:a.example -all", Verdict.PERMERROR),
        ("v=spf1 include:away.example -all", Verdict.TEMPERROR),
        ("v=spf1 a:away.example -all", Verdict.TEMPERROR),
        ("v=spf1 ip4:192.0.2.1 include:away.example -all", Verdict.PASS),
    ],
)
def test_a_record_that_leads_elsewhere(text: str, expected: Verdict) -> None:
    assert judged(text, NAMES) is expected


def test_ten_look_ups_are_allowed_and_eleven_are_not() -> None:
    hosts: Table = {(f"h{n}.example", "A"): ["198.51.100.1"] for n in range(12)}

    def of(many: int) -> Verdict:
        terms = " ".join(f"a:h{n}.example" for n in range(many))
        return judged(f"v=spf1 {terms} ip4:{RELAY} -all", hosts)

    assert of(10) is Verdict.PASS
    assert of(11) is Verdict.PERMERROR


def test_a_chain_that_is_too_long_is_not_followed_for_ever() -> None:
    asked: list[str] = []

    def ask(name: str, kind: Record) -> Answer:
        asked.append(name)
        number = int(name.split(".")[0])
        return Answer(Outcome.FOUND, (f"v=spf1 include:{number + 1}.example -all",))

    assert look_at_spf("0.example", ask).faults == ("it needs more than 10 look-ups",)
    assert len(asked) == 11


def test_three_look_ups_that_find_nothing_are_one_too_many() -> None:
    assert judged(f"v=spf1 a:x1.example a:x2.example ip4:{RELAY} -all") is Verdict.PASS
    text = f"v=spf1 a:x1.example a:x2.example a:x3.example ip4:{RELAY} -all"
    assert judged(text) is Verdict.PERMERROR


def test_no_record_and_two_records() -> None:
    none = look_at_spf("a.example", asking({("a.example", "TXT"): ["something", "v=spf10 -all"]}))
    assert (none.texts, verdict(none, RELAY)) == ((), Verdict.NONE)
    two = look_at_spf("two.example", asking(NAMES))
    assert verdict(two, RELAY) is Verdict.PERMERROR


def test_what_is_stored_is_what_was_found() -> None:
    text = "v=spf1 mx include:yes.example a:away.example exists:%{i}.x ?all"
    found = look_at_spf("a.example", asking({**NAMES, ("a.example", "TXT"): [text]}))

    assert from_json(to_json(found)) == found
    assert found.worst is Outcome.SERVFAIL


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("v=spf1 mx -all", f"v=spf1 mx ip4:{RELAY} ip6:{SIX} -all"),
        ("v=spf1 redirect=x.example", f"v=spf1 ip4:{RELAY} ip6:{SIX} redirect=x.example"),
        ("v=spf1 mx", f"v=spf1 mx ip4:{RELAY} ip6:{SIX}"),
        ("", f"v=spf1 ip4:{RELAY} ip6:{SIX} ~all"),
    ],
)
def test_addresses_are_added_where_they_count(before: str, after: str) -> None:
    assert with_addresses(before, (RELAY, SIX)) == after
    assert read_terms(after)


def test_every_fault_of_syntax_names_its_term() -> None:
    with pytest.raises(SpfSyntax, match="ip4:nonsense"):
        read_terms("v=spf1 ip4:nonsense -all")
