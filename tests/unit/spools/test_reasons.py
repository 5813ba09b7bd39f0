"""What is individual in an answer makes no reason of its own, and what helps a person stays."""

from __future__ import annotations

import pytest

from spools.core.reasons import LONGEST, fold, is_put_off

FOLDED = [
    ("Deferred: Connection refused by smtp1.example.org.", None),
    ("Deferred: Connection timed out with mx1.free.example.", None),
    ("Deferred: [10.66.0.99]: No route to host", None),
    ("Deferred: 450 4.2.0 mailbox busy", None),
    ("451 4.4.1 reply: read error from mx7.free.example.", None),
    ("Held: held by postmaster: spam?", None),
    ('hash map "mailertable": missing map file /var/lib/x/mailertable.db', None),
    ("", None),
    ("host map: lookup (dept7.example): deferred", "host map: lookup (<domain>): deferred"),
    (
        "Deferred: Name server: mx.dead.example.: host name lookup failure",
        "Deferred: Name server: <domain>.: host name lookup failure",
    ),
    (
        "Deferred: 451 4.7.1 <jean.dupont@orange.example>: Recipient address rejected: Greylisted"
        " for 300 seconds (see https://postgrey.example/help.html?r=orange.example)",
        "Deferred: 451 4.7.1 <address>: Recipient address rejected: Greylisted"
        " for N seconds (see https://postgrey.example/help.html",
    ),
    (
        "Deferred: 421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to"
        " unexpected volume or user complaints - 4.16.55.1; see https://postmaster.example/codes",
        "Deferred: 421 4.7.0 [TSS04] Messages from <ip> temporarily deferred due to"
        " unexpected volume or user complaints - <ip>; see https://postmaster.example/codes",
    ),
    (
        "Deferred: 421-4.7.28 [192.0.2.7      15] Our system has detected an unusual rate of"
        " mail a1-20020a05600c0a0100b0036fd1ws12345wmp.3 - gsmtp",
        "Deferred: 421-4.7.28 [<ip> N] Our system has detected an unusual rate of"
        " mail <id> - gsmtp",
    ),
    (
        "Deferred: 421 mwinf5c07 ME Trop de connexions, veuillez verifier. OFR004_104 [104]",
        "Deferred: 421 <id> ME Trop de connexions, veuillez verifier. OFR004_104 [N]",
    ),
    (
        "Deferred: 452 4.3.1 Insufficient system storage (queue id 4XyZ1k2Jz3p9)",
        "Deferred: 452 4.3.1 Insufficient system storage (queue id <id>)",
    ),
    (
        "Deferred: 421 mx3.provider.example Service not available, closing channel",
        "Deferred: 421 <host> Service not available, closing channel",
    ),
    (
        'Deferred: 450 4.1.8 "list owner": Sender domain not found 6AMKG9tq013790',
        "Deferred: 450 4.1.8 <text>: Sender domain not found <id>",
    ),
    (
        "Deferred: 450 4.7.1 cannot find your hostname, [2001:db8:0:1::5]",
        "Deferred: 450 4.7.1 cannot find your hostname, [<ip>]",
    ),
]


@pytest.mark.parametrize(("answer", "reason"), FOLDED)
def test_an_answer_has_this_reason(answer: str, reason: str | None) -> None:
    """None: all of it says something."""
    assert fold(answer) == (answer if reason is None else reason)


@pytest.mark.parametrize("answer", [answer for answer, _ in FOLDED])
def test_a_reason_is_its_own_reason(answer: str) -> None:
    assert fold(fold(answer)) == fold(answer)


def test_a_reason_is_no_longer_than_a_line() -> None:
    assert len(fold("Deferred: 450 " + "word " * 500)) <= LONGEST


@pytest.mark.parametrize(
    ("answer", "put_off"),
    [
        ("Deferred: 451 4.7.1 Try again later", True),
        ("Deferred: 421-4.7.28 [192.0.2.7      15] Our system has detected", True),
        ("Deferred: 550 5.7.1 Service refused", False),
        ("Deferred: Connection refused by smtp1.example.org.", False),
        ("451 4.4.1 reply: read error from mx7.free.example.", False),
        ("Deferred", False),
        ("", False),
    ],
)
def test_later_is_said_by_a_server_on_a_connection_that_it_took(answer: str, put_off: bool) -> None:
    assert is_put_off(answer) is put_off
