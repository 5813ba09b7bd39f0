"""Keys, hosts, next hops, ports, and what may reach a `.mc`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.findings import Severity
from routing.core.mc_text import mc_safe
from routing.core.names import (
    check_host,
    check_key,
    check_port,
    check_relay_name,
    display_name,
    is_loopback,
    normalise_key,
)
from routing.core.next_hop import bracket, check_next_hop, split_next_hop
from tests.unit.routing.values import KEYS, ROUGH_TEXT


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (" JRES.org. ", "jres.org"),
        (".", "."),
        (" . ", "."),
        (".Renater.FR.", ".renater.fr"),
        ("café.example", "xn--caf-dma.example"),
        ("CAFÉ.example.", "xn--caf-dma.example"),
        (".école.example", ".xn--cole-9oa.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("a。example", "a.example"),
        ("a_b.café.example", "a_b.xn--caf-dma.example"),
    ],
)
def test_a_key_is_stored_in_one_spelling(typed: str, key: str) -> None:
    assert normalise_key(typed) == key
    assert check_key(typed) == ()


@given(st.one_of(KEYS, ROUGH_TEXT))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise_key(text)

    assert normalise_key(once) == once


@given(ROUGH_TEXT)
def test_a_key_without_findings_is_plain(text: str) -> None:
    if not check_key(text):
        assert re.fullmatch(r"\.|\.?[a-z0-9_.-]+", normalise_key(text))


@given(ROUGH_TEXT)
def test_any_text_gives_findings_and_no_accident(text: str) -> None:
    found = (*check_key(text), *check_host(text), *check_next_hop(text), *check_port(text))

    assert all(finding.text and finding.advice for finding in found)


@given(KEYS)
def test_a_key_in_its_spelling_stays_and_is_shown(key: str) -> None:
    assert normalise_key(key) == key
    assert normalise_key(display_name(key)) == key


def test_an_a_label_is_shown_as_people_write_it() -> None:
    assert display_name(".xn--caf-dma.example") == ".café.example"
    assert display_name("xn--zzzz.example") == "xn--zzzz.example"
    assert display_name(".") == "."


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("jres.org:25", "Write jres.org."),
        ("[jres.org]", "Write jres.org."),
        ("list@jres.org", "Write jres.org."),
        ("*.jres.org", "Write .jres.org."),
        (".*.jres.org", "Write .jres.org."),
        ("https://jres.org/lists", "Write jres.org."),
        ("jres org", "Write a full name"),
        ("-jres.org", "Write a full name"),
        ("jres-.org", "Write a full name"),
        ("jres..org", "Write a full name"),
        ("..", "Write a full name"),
        ("", "Write a full name"),
        ("...", "Write a full name"),
        ("☃.example", "Write a full name"),
        ("a" * 64 + ".org", "Write a full name"),
        (".".join(["abcdefgh"] * 32), "Write a full name"),
        ("192.0.2.1", "Write a full name"),
        ("[192.0.2.1]", "Write a full name"),
        ("jres.org\nevil.org", "Write a full name"),
        ("jres.org\0", "Write a full name"),
        ("jres.org`", "Write a full name"),
        ("a+b.org", "Write a full name"),
    ],
)
def test_a_wrong_key_says_what_to_write(typed: str, advice: str) -> None:
    (finding,) = check_key(typed, field="key")

    assert finding.severity is Severity.ERROR
    assert finding.field == "key"
    assert finding.advice.startswith(advice)


@pytest.mark.parametrize(("dot", "limit"), [("", 249), (".", 243)])
def test_a_key_is_no_longer_than_sendmail_can_be_asked(dot: str, limit: int) -> None:
    longest = ".".join(["a" * 60] * 5)[: limit - 4] + ".org"

    assert check_key(dot + longest) == ()
    (finding,) = check_key(f"{dot}a{longest}")
    assert f"is longer than {limit} characters" in finding.text
    assert "the 255 that sendmail takes" in finding.text
    assert len(f"probe@{'probe.' if dot else ''}{longest}") == 255


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("*.jres.org", "Write jres.org."),
        ("jres.org:25", "Write jres.org."),
        ("jres/org", "Write a full name, for example jres.org."),
        ("[192.0.2.1]", "Write a full name, for example jres.org."),
    ],
)
def test_where_only_a_full_name_will_do_nothing_else_is_offered(typed: str, advice: str) -> None:
    (finding,) = check_key(typed, full_name=True)

    assert finding.advice == advice


def test_a_key_of_one_label_is_only_a_warning() -> None:
    (finding,) = check_key("jres")

    assert finding.severity is Severity.WARNING
    assert check_key(".fr") == ()


@pytest.mark.parametrize(
    "host",
    ["smtp1.renater.fr", "SMTP1.renater.fr", "smtp1", "192.0.2.1", "[IPv6:2001:db8::1]", "::1"],
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert check_host(host, field="hosts") == ()


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        ("[smtp1.renater.fr]", "Write smtp1.renater.fr;"),
        ("smtp1.renater.fr:2526", "Write smtp1.renater.fr;"),
        ("smtp1 renater.fr", "Write a name,"),
        ("", "Write a name,"),
        ("[IPv6:zz]", "Write a name,"),
        ("smtp1',esyscmd(`id')", "Write a name,"),
    ],
)
def test_a_wrong_host_says_what_to_write(host: str, advice: str) -> None:
    (finding,) = check_host(host, field="hosts")

    assert finding.field == "hosts"
    assert finding.advice.startswith(advice)


@pytest.mark.parametrize(
    ("next_hop", "hosts"),
    [
        ("[a.example]", ("[a.example]",)),
        ("hub.example.org", ("hub.example.org",)),
        ("[a.example]:[b.example]", ("[a.example]", "[b.example]")),
        ("[a.example],b.example", ("[a.example]", "b.example")),
        ("[IPv6:2001:db8::1]:[192.0.2.1]", ("[IPv6:2001:db8::1]", "[192.0.2.1]")),
    ],
)
def test_a_next_hop_is_a_list_of_hosts(next_hop: str, hosts: tuple[str, ...]) -> None:
    assert split_next_hop(next_hop) == hosts
    assert check_next_hop(next_hop) == ()


@pytest.mark.parametrize(
    ("next_hop", "code"),
    [
        ("[a.example]:2526", "next_hop_port"),
        ("joe@hub.example", "next_hop_user"),
        ("", "next_hop_empty"),
        ("[a.example]:", "next_hop_empty"),
        ("[a.example", "host_invalid"),
        ("[a example]", "host_invalid"),
        ("bücher.example", "next_hop_letters"),
    ],
)
def test_a_wrong_next_hop_is_named(next_hop: str, code: str) -> None:
    findings = check_next_hop(next_hop)

    assert [finding.code for finding in findings] == [code]


@pytest.mark.parametrize(
    ("host", "plain"),
    [("bücher.example", "xn--bcher-kva.example"), ("[bücher.example]", "[xn--bcher-kva.example]")],
)
def test_a_next_hop_outside_ascii_says_how_to_write_it(host: str, plain: str) -> None:
    """sendmail has no SMTPUTF8: it would look the letters up as they are, and find nothing."""
    (finding,) = check_next_hop(f"[a.example]:{host}")

    assert finding.advice == f"Write {plain}."
    assert check_next_hop(f"[a.example]:{plain}") == ()


def test_all_wrong_hosts_of_a_next_hop_are_named() -> None:
    findings = check_next_hop("[a b]:2526:joe@c")

    assert [finding.code for finding in findings] == [
        "host_invalid",
        "next_hop_port",
        "next_hop_user",
    ]


@pytest.mark.parametrize("name", ["smtp1", "relay-paris", "a", "2"])
def test_a_short_name_names_a_relay(name: str) -> None:
    assert check_relay_name(name) == ()


@pytest.mark.parametrize("name", ["", "Smtp1", "a_b", "-a", "a-", "a.b", "x" * 25, "é", "a b"])
def test_other_names_are_refused_for_a_relay(name: str) -> None:
    (finding,) = check_relay_name(name)

    assert finding.code == "relay_name_invalid"


@pytest.mark.parametrize("port", ["1", "25", " 2526 ", "65535"])
def test_a_port_is_a_number_in_range(port: str) -> None:
    assert check_port(port) == ()


@pytest.mark.parametrize("port", ["0", "65536", "", "-1", "25.0", "smtp", "²", "9" * 5000])
def test_anything_else_is_no_port(port: str) -> None:
    (finding,) = check_port(port)

    assert finding.code == "port_invalid"


@pytest.mark.parametrize(
    ("host", "hop"),
    [
        ("127.0.0.1", "[127.0.0.1]"),
        ("smtp1", "[smtp1]"),
        ("::1", "[IPv6:::1]"),
        ("[IPv6:2001:db8:0:0::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_brackets_mean_no_mx_look_up(host: str, hop: str) -> None:
    assert bracket(host) == hop


def test_loopback_has_many_spellings() -> None:
    own = ["127.0.0.1", "127.9.9.9", "::1", "[IPv6:::1]", "localhost", "::ffff:127.0.0.1"]

    assert [host for host in own if not is_loopback(host)] == []
    assert [host for host in ["128.0.0.1", "smtp1", "2001:db8::1"] if is_loopback(host)] == []


@pytest.mark.parametrize(
    "text",
    [
        "/var/spool/sendmailsympa",
        "sympa",
        "[IPv6:2001:db8::1]",
        "/var/lib/mailadmin/run-1/x",
        "",
        "/srv/DEV/x",
    ],
)
def test_plain_text_may_reach_a_configuration(text: str) -> None:
    assert mc_safe(text)


@pytest.mark.parametrize(
    "text",
    [
        "a`b",
        "a'b",
        'a"b',
        "a(b",
        "a)b",
        "a,b",
        "a\nb",
        "a\rb",
        "a\0b",
        "a$b",
        "a;b",
        "a#b",
        "é",
        "/var/dnl/x",
        "/var/include",
        "/x/_RELEASE_/y",
        "/var/QUEUE_DIR",
        "/confCW_FILE",
        "/srv/DOMAIN/x",
        "__file__",
        "esyscmd",
    ],
)
def test_nothing_that_m4_would_read_may_reach_a_configuration(text: str) -> None:
    assert not mc_safe(text)
