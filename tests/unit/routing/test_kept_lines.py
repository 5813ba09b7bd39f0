"""Kept messages in words."""

from __future__ import annotations

import pytest

from routing.views.kept import KeptLine, kept_lines
from spools.core.kept import KeptMessage

IDENTITY = "1795410000.123456-77"


def line(message: KeptMessage) -> KeptLine:
    return kept_lines([message.to_json()])[0]


@pytest.mark.parametrize(
    ("message", "why", "kind"),
    [
        (KeptMessage(IDENTITY, 1.0, running=True), "Being submitted now.", "work"),
        (
            KeptMessage(IDENTITY, 1.0, ended="exit 78"),
            "sendmail ended with exit 78: the configuration is wrong.",
            "warn",
        ),
        (KeptMessage(IDENTITY, 1.0, ended="exit 99"), "sendmail ended with exit 99.", "warn"),
        (
            KeptMessage(IDENTITY, 1.0, ended="signal 9"),
            "sendmail was ended by signal 9, the spool may have the message.",
            "warn",
        ),
        (KeptMessage(IDENTITY, 1.0), "The wrapper was ended before sendmail was.", "warn"),
        (KeptMessage(IDENTITY, 0.0, problem="it is cut"), "Damaged: it is cut.", "bad"),
    ],
)
def test_a_kept_message_says_why_it_is_kept(message: KeptMessage, why: str, kind: str) -> None:
    assert (line(message).why, line(message).kind) == (why, kind)


def test_the_null_sender_is_not_an_unknown_one() -> None:
    assert line(KeptMessage(IDENTITY, 1.0, sender="")).sender == "<>"
    assert line(KeptMessage(IDENTITY, 1.0, sender=None)).sender == "—"


def test_many_recipients_are_counted() -> None:
    few = KeptMessage(IDENTITY, 1.0, recipients=("a@x.org",), recipients_total=1)
    many = KeptMessage(IDENTITY, 1.0, recipients=("a", "b", "c", "d"), recipients_total=500)
    assert line(few).recipients == "a@x.org"
    assert line(many).recipients == "a, b, c, 497 more"
    assert line(KeptMessage(IDENTITY, 1.0)).recipients == "—"
    assert line(KeptMessage(IDENTITY, 1.0, recipients_in_header=True)).recipients == (
        "those in its header"
    )
