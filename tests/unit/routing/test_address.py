"""What is read as one address, what is refused, and what a value means."""

from __future__ import annotations

import pytest

from routing.core.address import BadAddress, Mailbox, read_address
from routing.core.mailers import SMTP_MAILERS
from routing.core.resolve import Resolver, Table, Why
from routing.core.value import Meaning, Triple, is_usable, read_value

OWN = frozenset({"listes", "listes.renater.fr", "localhost"})


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("u@A.org", Mailbox("u", "a.org")),
        (" <u@a.org> ", Mailbox("u", "a.org")),
        ("Uli Example <u@a.org>", Mailbox("u", "a.org")),
        ("u@a.org..", Mailbox("u", "a.org", absolute=True)),
        ("u@café.fr", Mailbox("u", "xn--caf-dma.fr")),
        ("u@[192.0.2.1]", Mailbox("u", "[192.0.2.1]")),
        ("u@[IPv6:2001:DB8::1]", Mailbox("u", "[ipv6:2001:db8::1]")),
        ('"u v@x"@a.org', Mailbox('"u v@x"', "a.org")),
        ("postmaster", Mailbox("postmaster", "")),
        ("u@LISTES", Mailbox("u", "listes")),
        ("u%a.org@listes", Mailbox("u", "a.org")),
        ("u%x%a.org", Mailbox("u%x", "a.org")),
        ("u%v@a.org", Mailbox("u%v", "a.org")),
        ("u!v@a.org", Mailbox("u!v", "a.org")),
    ],
)
def test_one_address_is_read_as_sendmail_reads_it(text: str, mailbox: Mailbox) -> None:
    assert read_address(text, own_names=OWN) == mailbox


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no address"),
        ("@a.org", "names no user"),
        ("u@", "no domain"),
        ("u@.a.org", "empty label"),
        ("u@a..org", "empty label"),
        ("u@a@b.org", "more than one @"),
        ("u v@a.org", "a blank"),
        ("u,v@a.org", "holds ,"),
        ("u(x)@a.org", "another address"),
        ("é@a.org", "SMTPUTF8"),
        ("u@a_é!.org", "no domain name"),
        ("u@[a.org]", "not an address literal"),
        ("u@a.uucp", "UUCP"),
        ("a!u", "old form"),
        ("a!u@listes", "old form"),
        ("u%@listes", "one side"),
        ("|prog", "a file, a program"),
        ("/file@localhost", "a file, a program"),
        ("u\x01@a.org", "control character"),
    ],
)
def test_what_is_not_one_address_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why):
        read_address(text, own_names=OWN)


@pytest.mark.parametrize(
    ("value", "triple"),
    [
        ("esmtp:[A.Example]", Triple(Meaning.HOP, "esmtp", "[a.example]")),
        (" ESMTP : [a.example]", Triple(Meaning.HOP, "esmtp", "[a.example]")),
        ("esmtp:u@hub.example", Triple(Meaning.HOP, "esmtp", "hub.example")),
        ("relay:a b", Triple(Meaning.HOP, "relay", "a.b")),
        ("relay:[a], [b]", Triple(Meaning.HOP, "relay", "[a],[b]")),
        ("error:5.7.1:550 go away", Triple(Meaning.ERROR, "error", "go away")),
        ("error:D.S.N:go away", Triple(Meaning.ERROR, "error", "go away")),
        ("local:joe", Triple(Meaning.LOCAL, "local")),
        ("local:", Triple(Meaning.LOCAL, "local")),
        ("nosuch:x", Triple(Meaning.UNKNOWN_MAILER, "nosuch")),
        ("esmtp:", Triple(Meaning.OPAQUE, "esmtp")),
        ("esmtp:<a.example>", Triple(Meaning.OPAQUE, "esmtp")),
    ],
)
def test_the_right_side_of_a_line(value: str, triple: Triple) -> None:
    assert is_usable(value)
    assert read_value(value, mailers=SMTP_MAILERS) == triple


@pytest.mark.parametrize("value", ["10.0.0.1", "[10.0.0.1]", ":x", "[esmtp]:x", "es.mtp:x", ""])
def test_a_value_that_names_no_mailer_is_passed_over(value: str) -> None:
    assert not is_usable(value)


def test_a_line_that_names_no_mailer_sends_the_search_to_the_dot_past_its_parent() -> None:
    table = Table({"bad.a.org": "10.0.0.1", ".a.org": "esmtp:[parent]", ".": "esmtp:[dot]"})

    assert resolver(table).resolve("u@bad.a.org").host == "[dot]"
    assert table.deciding_key("bad.a.org") == "."


def test_a_suffix_gives_its_value_what_stands_before_it() -> None:
    table = Table({".p.org": "esmtp:%1.hub.example", "p.org": "esmtp:x%0"})

    assert resolver(table).resolve("u@a.b.p.org").host == "a.b.hub.example"
    assert resolver(table).resolve("u@p.org").host == "xp.org"


def test_a_name_with_more_labels_than_sendmail_follows_is_not_answered() -> None:
    table = Table({".": "esmtp:[dot]"})

    assert resolver(table).resolve(f"u@{'a.' * 47}org").why is Why.DEFAULT
    assert resolver(table).resolve(f"u@{'a.' * 48}org").why is Why.TOO_DEEP


def resolver(table: Table) -> Resolver:
    return Resolver(table, own_names=OWN, local_mta=("esmtp", "[127.0.0.1]"))
