"""Reading what `sendmail -bv` printed; the lines are from sendmail 8.17.1."""

from __future__ import annotations

from routing.core.bv import as_printed, parse_bv

OUTPUT = """\
Notice: -bv may give misleading output for non-privileged user
a@err1.org... go away now
a@later.org... later
a@later.org... deliverable: mailer *error*, host 4.7.1, user 450 later
postmaster... deliverable: mailer esmtp, host [127.0.0.1], user postmaster@listes.renater.fr
"q q"@plain.org... deliverable: mailer esmtp, host [127.0.0.1], user "q q"@plain.org
a@list.org... deliverable: mailer esmtp, host [a.x]:[b.x], user a@list.org
a@comma.org... deliverable: mailer esmtp, host [a.x],[b.x], user a@comma.org
a@mx.org... deliverable: mailer relay_smtp1, host hub.example.org., user a@mx.org
joe... deliverable: mailer local, user joe
buildaddr: unknown mailer foo
"""

SAID = {
    "a@err1.org": ("error", "go away now"),
    "a@later.org": ("error", "later"),
    "postmaster": ("esmtp", "[127.0.0.1]"),
    '"q q"@plain.org': ("esmtp", "[127.0.0.1]"),
    "a@list.org": ("esmtp", "[a.x]:[b.x]"),
    "a@comma.org": ("esmtp", "[a.x],[b.x]"),
    "a@mx.org": ("relay_smtp1", "hub.example.org."),
    "joe": ("local", ""),
}


def test_every_kind_of_line_is_read() -> None:
    assert parse_bv(OUTPUT, SAID) == SAID


def test_only_what_was_asked_is_an_answer() -> None:
    assert parse_bv(OUTPUT, ["postmaster", "silent@x.org"]) == {
        "postmaster": ("esmtp", "[127.0.0.1]")
    }


def long_address(middle: str) -> str:
    """255 characters; those with different middles are printed alike."""
    label = "a" * 60
    return f"probe@{label}.{label}.{middle * 20}.{label}.{'b' * 41}.org"


def test_a_long_address_is_recognised_in_its_shortened_form() -> None:
    address = long_address("x")
    printed = as_printed(address)
    line = f"{printed}... deliverable: mailer esmtp, host [127.0.0.1], user {address}\n"

    assert (len(address), len(printed)) == (255, 203)
    assert parse_bv(line, [address]) == {address: ("esmtp", "[127.0.0.1]")}
    assert parse_bv(f"{printed}... no such user\n", [address]) == {
        address: ("error", "no such user")
    }


def test_long_addresses_that_are_printed_alike_are_told_apart_or_not_answered() -> None:
    one, other = long_address("x"), long_address("y")
    printed = as_printed(one)
    line = f"{printed}... deliverable: mailer esmtp, host [127.0.0.1], user {other}\n"

    assert as_printed(other) == printed
    assert parse_bv(line, [one, other]) == {other: ("esmtp", "[127.0.0.1]")}
    assert parse_bv(f"{printed}... go away\n", [one, other]) == {}


def test_an_address_is_shortened_from_203_characters_on() -> None:
    assert [len(as_printed("a" * length)) for length in (201, 202, 203, 204)] == [
        201,
        202,
        203,
        203,
    ]
    assert "..." not in as_printed("a" * 202)
    assert "..." in as_printed("a" * 203)
