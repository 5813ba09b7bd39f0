"""What speaks against submitting a kept message again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spools.core.kept import Envelope, KeptMessage
from spools.core.resubmission import QueueFile, Verdict, judge, parse_queue_file

ID = "<1@lists.renater.fr>"
MESSAGE = KeptMessage(id="1763868812.123456-4711", at=1.0, message_id=ID, ended="exit 72")
ENVELOPE = Envelope("list-owner@lists.renater.fr", ("a@example.net", "B@example.net"), False)
QUEUED = QueueFile("qf6AN4jaJB014155", ID, ("b@EXAMPLE.net", "c@example.net"), 100)
# As sendmail 8.17 writes it, with the byte that stands for the return path.
RAW = (
    b"V8\nT1795409136\nMDeferred: Connection refused\nFs\n$_sympa@localhost\nS<>\n"
    b"rRFC822; a@example.net\nRPFD:a@example.net\nrRFC822; b@example.net\nRPD:<b@example.net>\n"
    b"H?P?Return-Path: <\x81g>\nH??Received: (from sympa@localhost)\n\tby listes.renater.fr\n"
    b"H?M?Message-Id: <1@lists.renater.fr>\nH??Subject: Message-ID: <2@x>\n.\n"
)


def verdict(
    message: KeptMessage = MESSAGE,
    *spool: QueueFile,
    envelope: Envelope = ENVELOPE,
    begun: str = "",
) -> Verdict:
    return judge(message, envelope, spool, body_bytes=100, begun=begun)


def test_a_queue_file_gives_message_id_and_recipients() -> None:
    found = parse_queue_file("qfx", RAW, 7)
    assert found == QueueFile("qfx", ID, ("a@example.net", "<b@example.net>"), 7)


@given(raw=st.binary(max_size=300), cut=st.integers(0, len(RAW)))
def test_any_bytes_are_read_as_a_queue_file(raw: bytes, cut: int) -> None:
    assert parse_queue_file("qfx", RAW[:cut] + raw).name == "qfx"


@pytest.mark.parametrize("ended", ["exit 72", "exit 78"])
def test_what_sendmail_did_not_accept_goes_without_a_question(ended: str) -> None:
    assert verdict(replace(MESSAGE, ended=ended)) == Verdict()


@pytest.mark.parametrize("ended", ["exit 70", "exit 71", "exit 74", "exit 75", "signal 9", ""])
def test_what_may_have_been_queued_is_a_doubt(ended: str) -> None:
    (doubt,) = verdict(replace(MESSAGE, ended=ended)).doubts
    assert doubt.endswith(f"Look for {ID} in the mail log.")


def test_a_message_that_the_spool_has_whole_for_everybody_is_of_no_use_any_more() -> None:
    whole = replace(QUEUED, recipients=ENVELOPE.recipients)
    found = verdict(MESSAGE, whole)
    assert found.in_spool
    assert found.doubts[0].endswith("Remove the kept message instead.")
    half, rest = (replace(QUEUED, name=f"qf{one}", recipients=(one,)) for one in whole.recipients)
    assert verdict(MESSAGE, half, rest).in_spool


@pytest.mark.parametrize(
    "other", [{"body_bytes": 99}, {"body_bytes": None}, {"name": "Qfx"}, {"recipients": ()}]
)
def test_a_message_that_the_spool_has_not_whole_is_of_use(other: dict[str, Any]) -> None:
    whole = replace(QUEUED, recipients=ENVELOPE.recipients)
    assert not verdict(MESSAGE, replace(whole, **other)).in_spool


def test_a_queue_file_of_the_same_message_and_a_recipient_is_a_doubt() -> None:
    (doubt,) = verdict(MESSAGE, QUEUED).doubts
    assert doubt == (
        "The spool has it as qf6AN4jaJB014155, for 1 of its 2 recipients; a queue run delivers"
        " that. Look for the others in the mail log."
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"body_bytes": 99}, "but cut off, 99 of 100 bytes of the body"),
        ({"body_bytes": None}, "without its data file"),
        ({"name": "Qf6AN4jaJB014155"}, "sendmail has given that file up"),
    ],
)
def test_a_damaged_queue_file_is_told_from_a_good_one(
    changed: dict[str, object], words: str
) -> None:
    (doubt,) = verdict(MESSAGE, replace(QUEUED, **changed)).doubts  # type: ignore[arg-type]
    assert words in doubt


def test_the_same_message_to_other_recipients_is_another_submission() -> None:
    assert verdict(MESSAGE, replace(QUEUED, recipients=("c@example.net",))) == Verdict()


def test_another_message_to_the_same_recipients_is_another_submission() -> None:
    assert verdict(MESSAGE, replace(QUEUED, message_id="<2@lists.renater.fr>")) == Verdict()


def test_recipients_of_the_header_are_known_to_sendmail_alone() -> None:
    envelope = Envelope(None, (), True)
    other = replace(QUEUED, recipients=("c@example.net",))
    assert len(verdict(MESSAGE, other, envelope=envelope).doubts) == 1


def test_without_a_message_id_nothing_can_be_compared() -> None:
    (doubt,) = verdict(replace(MESSAGE, message_id=""), replace(QUEUED, message_id="")).doubts
    assert doubt.startswith("It has no Message-ID")


def test_an_attempt_that_did_not_end_is_a_doubt() -> None:
    (doubt,) = verdict(begun="2026-11-23 05:00:00 UTC").doubts
    assert "2026-11-23 05:00:00 UTC" in doubt


def test_what_is_damaged_or_in_work_is_forbidden() -> None:
    found = verdict(replace(MESSAGE, running=True, problem="its arguments are missing")).forbidden
    assert found == (
        "Somebody is submitting it now.",
        "It is damaged: its arguments are missing.",
    )
