"""Reading what `sendmail -bv` printed; the lines are from sendmail 8.17.1."""

from __future__ import annotations

from routing.core.bv import parse_bv

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
