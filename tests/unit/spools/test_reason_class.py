"""Each answer is one kind of trouble, whole or folded."""

from __future__ import annotations

import pytest

from spools.core.reason_class import ReasonClass, class_of, deferred_by_class
from spools.core.reasons import fold
from spools.core.summary import ReasonRow, State, Summary

C = ReasonClass
CLASSES = [
    ("Deferred: Connection refused by smtp1.example.org.", C.CONNECTION),
    ("Deferred: Connection timed out with mx1.free.example.", C.CONNECTION),
    ("Deferred: [10.66.0.99]: No route to host", C.CONNECTION),
    ("451 4.4.1 reply: read error from mx7.free.example.", C.CONNECTION),
    ("host map: lookup (dept7.example): deferred", C.NAME),
    ("Deferred: Name server: mx.dead.example.: host name lookup failure", C.NAME),
    ("Deferred: 451 4.7.1 <j@orange.example>: Recipient address rejected: Greylisted", C.POLICY),
    ("Deferred: 450 4.2.0 <j@orange.example>: Greylisted, come back in 300 seconds", C.POLICY),
    ("Deferred: 421-4.7.28 [192.0.2.7      15] Our system has detected an unusual rate", C.POLICY),
    ("Deferred: 421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred", C.POLICY),
    ("Deferred: 452 4.3.1 Insufficient system storage (queue id 4XyZ1k2Jz3p9)", C.BUSY),
    ("Deferred: 421 mx3.provider.example Service not available, closing channel", C.BUSY),
    ("Deferred: 421 mwinf5c07 ME Trop de connexions, veuillez verifier. OFR004_104", C.BUSY),
    ("Deferred: 450 4.2.0 mailbox busy", C.RECIPIENT),
    ("Deferred: 450 4.1.8 Sender domain not found", C.RECIPIENT),
    ("Deferred: 451 try again later", C.OTHER),
    ("Deferred: 451 4.6.0 odd content", C.OTHER),
    ('hash map "mailertable": missing map file /var/lib/x/mailertable.db', C.OTHER),
    ("Held: held by postmaster: spam?", None),
    ("", None),
]


@pytest.mark.parametrize(("answer", "kind"), CLASSES)
def test_an_answer_is_of_one_kind(answer: str, kind: ReasonClass | None) -> None:
    assert class_of(answer) is kind
    assert class_of(fold(answer)) is kind


def row(reason: str, messages: int) -> ReasonRow:
    return ReasonRow(reason, messages, None, None, reason, "6AMKCumo010384")


def test_a_spool_has_a_count_in_each_class_and_the_rest_is_other() -> None:
    found = Summary(
        at=1,
        took_ms=1,
        read=1,
        states={State.WAITING: 30},
        queue_bytes=0,
        data_bytes=0,
        recipients=30,
        ages=(30, *[0] * 9),
        oldest=1,
        last_try=None,
        reasons=(
            row("Deferred: Connection refused by smtp1.example.org.", 7),
            row("Deferred: [<ip>]: No route to host", 4),
            row("", 9),
            row("Held: spam?", 2),
            row("Deferred: 451 try again later", 3),
        ),
        other_reasons=row("", 5),
    )
    assert {kind: count for kind, count in deferred_by_class(found).items() if count} == {
        C.CONNECTION: 11,
        C.OTHER: 8,
    }
    assert set(deferred_by_class(found)) == set(C)
