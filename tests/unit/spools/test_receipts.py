"""Receipts from what sendmail 8.17.1 really printed (tests/data/receipts), and from the spool."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from spools.core.facts import domain_of
from spools.core.receipts import (
    Fate,
    Receipt,
    Step,
    Tried,
    Word,
    closes,
    is_unreachable,
    read_transcript,
    settle,
)

DATA = Path(__file__).resolve().parents[2] / "data/receipts"
THREE = ("noone@a.net", "greg@a.net", "yes@a.net")
ANSWERS = {
    "mixed": {
        "noone@a.net": ("bounced", "rcpt", 550),
        "greg@a.net": ("deferred", "rcpt", 450),
        "yes@a.net": ("sent", "end", 250),
    },
    "nopipe": dict.fromkeys(THREE, ("sent", "end", 250)),
    "dotclose": dict.fromkeys(THREE, ("deferred", "none", 0)),
    "dot550": dict.fromkeys(THREE, ("bounced", "end", 550)),
    "dot451": dict.fromkeys(THREE, ("deferred", "end", 451)),
    "junk": dict.fromkeys(THREE, ("sent", "end", 250)),
    "data550": dict.fromkeys(THREE, ("bounced", "data", 550)),
    "mail421": dict.fromkeys(THREE, ("deferred", "mail", 421)),
    "mail550": dict.fromkeys(THREE, ("bounced", "mail", 550)),
    "mail451": dict.fromkeys(THREE, ("deferred", "mail", 451)),
    "greet421": dict.fromkeys(THREE, ("deferred", "greeting", 421)),
    "greet554": dict.fromkeys(THREE, ("bounced", "greeting", 554)),
    "rcptclose": dict.fromkeys(THREE, ("deferred", "none", 0)),
    "refused": dict.fromkeys(("x@a.net", "y@b.net"), ("deferred", "none", 0)),
    "unknown-host": {"x@unknown.example": ("bounced", "none", 0)},
    "dead-dns": {"x@one.test": ("deferred", "none", 0)},
    "locked": {"l1@a.net": ("untouched", "none", 0)},
}
CLOSING = {"dot550", "data550", "mail421", "mail550", "greet421", "greet554"}
UNREACHABLE = {"dotclose", "rcptclose", "refused", "dead-dns"}


def transcript(name: str) -> bytes:
    return (DATA / f"{name}.txt").read_bytes()


def ids(raw: bytes) -> list[str]:
    return re.findall(r"Running \S*/(\w+) \(", raw.decode())


def receipts(name: str) -> dict[str, Receipt]:
    """As a flush has them: what was deferred is left in the spool."""
    raw, expected = transcript(name), ANSWERS[name]
    queue_id = ids(raw)[0]
    tried = next(iter(read_transcript(raw, [queue_id])), None)
    left = [who for who, (fate, _, _) in expected.items() if fate in ("deferred", "untouched")]
    found = settle(queue_id, before=expected, after=left, tried=tried)
    return {receipt.recipient: receipt for receipt in found}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_sendmail_printed_is_read(name: str) -> None:
    found = receipts(name)
    assert {
        who: (item.fate.value, item.step.value, item.code) for who, item in found.items()
    } == ANSWERS[name]


@pytest.mark.parametrize("name", ANSWERS)
def test_which_answers_close_a_destination(name: str) -> None:
    found = receipts(name).values()
    assert any(closes(item) for item in found) is (name in CLOSING)
    assert all(is_unreachable(item) for item in found) is (name in UNREACHABLE)


def test_several_messages_of_one_sendmail_each_have_their_own() -> None:
    raw = transcript("several")
    first, second, third = read_transcript(raw, ids(raw))
    assert first.words["u1@a.net"].host == "a.net"
    assert second.words["u2@a.net"].fate is Fate.SENT
    assert second.words["u3@b.net"] == Word(
        Fate.DEFERRED, Step.MAIL, 451, "451 4.3.0 later", "b.net"
    )
    names = [f"recipient.with.a.long.name.{at}@a.net" for at in range(1, 13)]
    assert {third.words[name].fate for name in names} == {Fate.SENT}


def test_a_forged_beginning_of_a_message_is_the_receivers_text() -> None:
    raw = transcript("junk")
    known, forged = ids(raw)
    assert [item.queue_id for item in read_transcript(raw, [known])] == [known]
    assert [item.queue_id for item in read_transcript(raw, [known, forged])] == [known, forged]


def one(after: list[str], word: Word | None, **answers: str) -> Receipt:
    tried = Tried("q", {"x@a.net": word} if word else {})
    (found,) = settle("q", before=["X@a.net"], after=after, tried=tried, answers=answers)
    return found


def test_the_spool_has_the_last_word() -> None:
    sent = Word(Fate.SENT, Step.END, 250, "250 ok", "a.net")
    bounced, deferred = Word(Fate.BOUNCED, Step.RCPT, 550), Word(Fate.DEFERRED, Step.RCPT, 450)
    there = ["x@a.net"]
    assert one([], sent).fate is Fate.SENT
    assert (one(there, sent).fate, one(there, sent).again) == (Fate.SENT, True)
    assert one([], bounced).fate is Fate.BOUNCED
    assert one(there, bounced).fate is Fate.UNTOUCHED
    assert one(there, deferred).fate is Fate.DEFERRED
    assert one([], deferred).fate is Fate.UNKNOWN, "somebody else settled it since"
    assert one([], None).fate is Fate.UNKNOWN
    assert one(there, None).fate is Fate.UNTOUCHED
    assert one(there, None, **{"x@a.net": "Deferred: later"}).text == "Deferred: later"
    assert one(there, None, **{"": "Deferred: later"}).fate is Fate.DEFERRED


def test_an_answer_to_who_had_it_locked_is_none_to_us() -> None:
    raw = transcript("locked")
    (queue_id,) = ids(raw)
    assert read_transcript(raw, [queue_id]) == ()
    talked = raw.replace(b"(sequence 1 of 1)", b"(sequence 1 of 2)")
    talked = talked.replace(
        f"{queue_id}: locked".encode(),
        b"<l1@a.net>... Connecting to a.net. via esmtp...\n220-"
        + queue_id.encode()
        + b": locked\n"
        + f"{queue_id}: locked\n220 a.net ESMTP\n451 4.3.0 later".encode(),
    )
    assert [item.queue_id for item in read_transcript(talked, [queue_id])] == [queue_id]


def test_what_was_not_taken_up_is_untouched_or_gone() -> None:
    before = ("x@a.net", "y@a.net")
    found = settle("q", before=before, after=["x@a.net"], tried=None)
    assert [item.fate for item in found] == [Fate.UNTOUCHED, Fate.UNKNOWN]


@pytest.mark.parametrize(
    ("name", "domain"),
    [("x@A.example.", "a.example"), ("x", ""), ("a@b@c.net", "c.net"), ('"@"@c.net', "c.net")],
)
def test_where_a_recipient_is(name: str, domain: str) -> None:
    assert domain_of(name) == domain


def test_spoiled_transcripts_raise_nothing() -> None:
    rng = random.Random(20)
    files = [path.read_bytes() for path in sorted(DATA.glob("*.txt"))]
    for _ in range(3000):
        raw = bytearray(rng.choice(files))
        for _ in range(rng.randrange(1, 12)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randrange(4)] = rng.randbytes(rng.randrange(4))
        for tried in read_transcript(bytes(raw), ids(bytes(files[0]))):
            settle(tried.queue_id, before=THREE, after=THREE[:1], tried=tried)
