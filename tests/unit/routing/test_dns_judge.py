"""What is wrong with the MX, SPF and PTR of a split set-up: list server here, relay there."""

from __future__ import annotations

import pytest

from routing.core.dns.answers import (
    HostAnswer,
    MxAnswer,
    Outcome,
    PtrAnswer,
    mx_from_json,
    mx_to_json,
)
from routing.core.dns.judge import Mark, Trouble, judge_mx, judge_ptr, judge_spf
from routing.core.dns.places import Place, Site, is_public
from routing.core.dns.spf import look_at_spf
from tests.unit.routing.test_spf import Table, asking

LISTES = Place("listes", ("listes.example.org",), ("192.0.2.10",))
RELAY = Place("smtp1", ("smtp1.example.org",), ("192.0.2.20", "2001:db8::20"))
FILTER = Place("filter.example.org", ("filter.example.org",), ("192.0.2.30",))
SITE = Site(LISTES, (LISTES, FILTER), (RELAY,), fallback=False)
ARMED = Site(LISTES, (LISTES, FILTER), (RELAY,), fallback=True)
FOUND, NONE = Outcome.FOUND, Outcome.NONE


def host(name: str, *addresses: str, alias: str = "", outcome: Outcome | None = None) -> HostAnswer:
    return HostAnswer(name, outcome or (FOUND if addresses else NONE), addresses, alias)


def mx(*hosts: HostAnswer) -> MxAnswer:
    exchanges = tuple((10 * at, item.name) for at, item in enumerate(hosts, 1))
    return MxAnswer(FOUND, exchanges, hosts)


HERE = host("listes.example.org", "192.0.2.10")
OTHER = host("mx.other.example", "203.0.113.1")


@pytest.mark.parametrize(
    ("answer", "mark", "kind"),
    [
        (mx(HERE), Mark.GOOD, None),
        (mx(host("mail.example.org", "192.0.2.10")), Mark.GOOD, None),
        (mx(host("filter.example.org", "192.0.2.30")), Mark.GOOD, None),
        (mx(HERE, OTHER), Mark.GOOD, None),
        (mx(OTHER, HERE), Mark.BAD, Trouble.MX_ELSEWHERE),
        (mx(host("filter.example.org", "192.0.2.30"), OTHER), Mark.GOOD, None),
        (mx(OTHER), Mark.BAD, Trouble.MX_ELSEWHERE),
        (mx(host("gone.example")), Mark.BAD, Trouble.MX_NO_ADDRESS),
        (mx(host("gone.example"), HERE), Mark.GOOD, None),
        (
            mx(host("mx.example.org", "192.0.2.10", alias="listes.example.org")),
            Mark.GOOD,
            Trouble.MX_ALIAS,
        ),
        (MxAnswer(NONE, (), (host("a.example"),)), Mark.BAD, Trouble.MX_NONE),
        (MxAnswer(NONE, (), (host("a.example", "192.0.2.10"),)), Mark.BAD, Trouble.MX_NONE),
        (MxAnswer(FOUND, ((0, "."),)), Mark.BAD, Trouble.MX_NONE),
        (mx(host("mx.other.example", outcome=Outcome.TIMED_OUT)), Mark.UNKNOWN, None),
        (MxAnswer(Outcome.SERVFAIL), Mark.UNKNOWN, None),
        (MxAnswer(Outcome.TIMED_OUT), Mark.UNKNOWN, None),
        (None, Mark.UNKNOWN, None),
    ],
)
def test_the_mx_leads_to_who_takes_the_mail(
    answer: MxAnswer | None, mark: Mark, kind: Trouble | None
) -> None:
    found = judge_mx("a.example", answer, (SITE,))

    assert (found.mark, found.kind) == (mark, kind)
    assert (found.finding is None) == (kind is None)


def test_elsewhere_is_not_said_while_the_own_address_is_not_known() -> None:
    silent = Place("listes", ("listes.example.org",))
    site = Site(silent, (silent,), (RELAY,))

    assert judge_mx("a.example", mx(OTHER), (site,)).mark is Mark.UNKNOWN
    assert judge_mx("a.example", mx(host("listes.example.org")), (site,)).mark is Mark.BAD
    assert judge_mx("a.example", mx(HERE), (site,)).mark is Mark.GOOD
    assert judge_mx("a.example", mx(OTHER, HERE), (site,)).mark is Mark.GOOD


def test_a_domain_of_two_list_servers_may_lead_to_either() -> None:
    other = Place("forums", ("forums.example.org",), ("192.0.2.11",))
    second = Site(other, (other,), (RELAY,))

    found = judge_mx("a.example", mx(host("forums.example.org", "192.0.2.11")), (SITE, second))
    assert found.mark is Mark.GOOD


def test_the_record_to_publish_names_the_list_server() -> None:
    found = judge_mx("a.example", mx(OTHER), (SITE,))

    assert found.record == "a.example. IN MX 10 listes.example.org."
    assert found.finding is not None
    assert "mx.other.example" in found.finding.text


BOTH = "ip4:192.0.2.20 ip6:2001:db8::20"


@pytest.mark.parametrize(
    ("texts", "site", "mark", "kind"),
    [
        ([f"v=spf1 {BOTH} -all"], SITE, Mark.GOOD, None),
        ([f"v=spf1 {BOTH} -all"], ARMED, Mark.BAD, Trouble.SPF_NO_SERVER),
        ([f"v=spf1 {BOTH} ip4:192.0.2.10 -all"], ARMED, Mark.GOOD, None),
        (["v=spf1 ip4:192.0.2.20 -all"], SITE, Mark.BAD, Trouble.SPF_NO_RELAY),
        (["v=spf1 ip4:192.0.2.10 -all"], ARMED, Mark.BAD, Trouble.SPF_NO_RELAY),
        ([f"v=spf1 {BOTH}"], SITE, Mark.GOOD, None),
        ([], SITE, Mark.BAD, Trouble.SPF_NONE),
        (["google-site-verification=x"], SITE, Mark.BAD, Trouble.SPF_NONE),
        (["v=spf1 -all", "v=spf1 +all"], SITE, Mark.BAD, Trouble.SPF_SEVERAL),
        (["v=spf1 moo -all"], SITE, Mark.BAD, Trouble.SPF_BROKEN),
        (["v=spf1 exists:%{i}.x -all"], SITE, Mark.UNKNOWN, None),
        (["v=spf1 include:away.example -all"], SITE, Mark.UNKNOWN, None),
    ],
)
def test_spf_holds_whoever_sends(
    texts: list[str], site: Site, mark: Mark, kind: Trouble | None
) -> None:
    zone: Table = {("a.example", "TXT"): texts, ("away.example", "TXT"): Outcome.SERVFAIL}
    spf = look_at_spf("a.example", asking(zone))
    found = judge_spf("a.example", spf, (site,))

    assert (found.mark, found.kind) == (mark, kind)


def test_without_a_relay_the_server_itself_is_held_or_not() -> None:
    alone = Site(LISTES, (LISTES,), (), fallback=False)
    spf = look_at_spf("a.example", asking({("a.example", "TXT"): ["v=spf1 -all"]}))

    assert judge_spf("a.example", spf, (alone,)).kind is Trouble.SPF_NO_RELAY


def test_the_record_to_publish_has_the_missing_addresses_added() -> None:
    spf = look_at_spf("a.example", asking({("a.example", "TXT"): ["v=spf1 mx ~all"]}))
    found = judge_spf("a.example", spf, (ARMED,))

    assert found.record == (
        'a.example. IN TXT "v=spf1 mx ip4:192.0.2.20 ip6:2001:db8::20 ip4:192.0.2.10 ~all"'
    )


def test_an_unknown_relay_is_never_called_held() -> None:
    blind = Site(LISTES, (LISTES,), (Place("smtp1", missing="Name it."),), fallback=False)
    spf = look_at_spf("a.example", asking({("a.example", "TXT"): ["v=spf1 +all"]}))

    assert judge_spf("a.example", spf, (blind,)).mark is Mark.UNKNOWN


@pytest.mark.parametrize(
    ("hosts", "mark", "kind"),
    [
        ((host("smtp1.example.org", "192.0.2.20"),), Mark.GOOD, None),
        ((OTHER, host("smtp1.example.org", "192.0.2.20")), Mark.GOOD, None),
        ((), Mark.BAD, Trouble.PTR_MISSING),
        ((OTHER,), Mark.BAD, Trouble.PTR_UNCONFIRMED),
        ((host("gone.example"),), Mark.BAD, Trouble.PTR_UNCONFIRMED),
        ((host("away.example", outcome=Outcome.SERVFAIL),), Mark.UNKNOWN, None),
    ],
)
def test_a_sender_has_a_name_that_leads_back(
    hosts: tuple[HostAnswer, ...], mark: Mark, kind: Trouble | None
) -> None:
    answer = PtrAnswer(FOUND if hosts else NONE, hosts)
    found = judge_ptr("192.0.2.20", RELAY, answer)

    assert (found.mark, found.kind) == (mark, kind)


PTR = "20.2.0.192.in-addr.arpa. IN PTR smtp1.example.org."


@pytest.mark.parametrize(
    ("names", "hosts", "record"),
    [
        (("smtp1.example.org",), (), PTR),
        (("smtp1.example.org", "smtp2.example.org"), (), ""),
        (("smtp1.example.org",), (OTHER,), PTR),
        (
            ("smtp1.example.org",),
            (host("smtp1.example.org"),),
            "smtp1.example.org. IN A 192.0.2.20",
        ),
        ((), (OTHER,), "mx.other.example. IN A 192.0.2.20"),
    ],
)
def test_the_record_of_a_sender_is_one_that_is_known(
    names: tuple[str, ...], hosts: tuple[HostAnswer, ...], record: str
) -> None:
    answer = PtrAnswer(FOUND if hosts else NONE, hosts)
    assert judge_ptr("192.0.2.20", Place("smtp1", names), answer).record == record


def test_what_was_not_answered_is_not_judged() -> None:
    assert judge_ptr("192.0.2.20", RELAY, PtrAnswer(Outcome.TIMED_OUT)).mark is Mark.UNKNOWN
    assert judge_ptr("192.0.2.20", RELAY, None).mark is Mark.UNKNOWN
    assert judge_spf("a.example", None, (SITE,)).mark is Mark.UNKNOWN


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.31.0.1", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
    ],
)
def test_only_addresses_that_receivers_see_are_compared(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_what_is_stored_is_what_was_found() -> None:
    answer = mx(OTHER, host("mx.example.org", "192.0.2.10", alias="listes.example.org"))
    assert mx_from_json(mx_to_json(answer)) == answer
