"""What a kept message's files say, read without trust."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spools.core.kept import (
    Envelope,
    KeptMessage,
    Outcome,
    parse_arguments,
    parse_message_id,
    parse_outcome,
    read_envelope,
    show,
    time_of,
)


def envelope(*words: str) -> Envelope:
    return read_envelope([word.encode() for word in words])


def test_the_arguments_of_sympa_give_sender_and_recipients() -> None:
    found = envelope(
        *("-L", "sm-sympa", "-oi", "-odi", "-oem", "-Am", "-N", "success,delay,failure"),
        *("-V00000abc", "-f", "list-owner@lists.renater.fr", "--", "a@example.net", "-b@example"),
    )
    assert found == Envelope("list-owner@lists.renater.fr", ("a@example.net", "-b@example"), False)


@pytest.mark.parametrize(
    ("words", "sender", "recipients"),
    [
        (["-f", "", "--", "a@x"], "", ("a@x",)),
        (["-f", "", "a@x"], "", ("a@x",)),
        (["a@x", "-f", "b@x"], None, ("a@x", "-f", "b@x")),
        (["-fb@x", "a@x"], "b@x", ("a@x",)),
        (["-vif", "b@x", "a@x"], "b@x", ("a@x",)),
        (["-f", "-C", "a@x"], "-C", ("a@x",)),
        (["-f", "one@x", "-r", "two@x", "a@x"], "two@x", ("a@x",)),
        (["-d", "a@x"], None, ("a@x",)),
        (["-Q", "-f", "b@x", "a@x"], "b@x", ("a@x",)),
        (["-Q", "why", "a@x"], None, ("a@x",)),
        (["-V", "--", "-fb@x", "a@x"], "b@x", ("a@x",)),
        (["-", "-fb@x"], None, ("-", "-fb@x")),
        (["-f"], "", ()),
        ([], None, ()),
    ],
)
def test_arguments_are_read_as_sendmail_reads_them(
    words: list[str], sender: str | None, recipients: tuple[str, ...]
) -> None:
    assert envelope(*words) == Envelope(sender, recipients, False)


def test_recipients_may_be_in_the_header() -> None:
    assert envelope("-oi", "-t") == Envelope(None, (), True)


def test_cut_off_arguments_are_an_error() -> None:
    assert parse_arguments(b"-f\0\0--\0a@x\0") == (b"-f", b"", b"--", b"a@x")
    assert parse_arguments(b"") == ()
    with pytest.raises(ValueError, match="cut off"):
        parse_arguments(b"-f\0a@exam")


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        (b"exit 75\nrelease 0abc\nfinished 1763868812\n", Outcome("exit 75", "0abc")),
        (b"signal 15\nrelease baked\nfinished 1\n", Outcome("signal 15", "baked")),
        (b"exit 75 or so\nrelease a\n", Outcome("", "a")),
        (b"", Outcome()),
        (b"exit 75 <script>\nrelease ../../x\n", Outcome()),
        (b"\xff\xfe\0", Outcome()),
    ],
)
def test_an_outcome_is_read_or_unknown(raw: bytes, outcome: Outcome) -> None:
    assert parse_outcome(raw) == outcome


@pytest.mark.parametrize(
    ("head", "message_id"),
    [
        (b"Subject: x\nMessage-ID: <a@b>\n\nMessage-ID: <no@b>\n", "<a@b>"),
        (b"message-id:\r\n <folded@b>\r\n\r\n", "<folded@b>"),
        (b"Subject: none\n\nbody", ""),
        (b"\nMessage-ID: <in.body@b>\n", ""),
        (b"", ""),
    ],
)
def test_the_message_id_comes_from_the_header(head: bytes, message_id: str) -> None:
    assert parse_message_id(head) == message_id


@given(st.binary(max_size=600))
def test_bytes_of_anybody_become_one_bounded_printable_line(raw: bytes) -> None:
    shown = show(raw)
    assert len(shown) <= 320
    assert shown.isprintable() or shown == ""


@given(st.lists(st.binary(max_size=12).filter(lambda word: b"\0" not in word), max_size=8))
def test_any_arguments_can_be_read_and_no_recipient_is_made_up(words: list[bytes]) -> None:
    read = parse_arguments(b"".join(word + b"\0" for word in words))
    assert list(read) == words
    assert set(read_envelope(read).recipients) <= {show(word) for word in words}


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read_as_outcome_and_header(raw: bytes) -> None:
    assert len(parse_outcome(raw).release) <= 255
    assert len(parse_message_id(raw)) <= 320


def test_an_id_says_when_the_wrapper_began() -> None:
    assert time_of("1763868812.123456-4711") == 1763868812.123456
    assert time_of("1763868812.123456-4711x") is None
    assert time_of("notes.txt") is None


def test_a_kept_message_becomes_json() -> None:
    message = KeptMessage(id="1763868812.123456-1", at=1763868812.1, recipients=("a@x",))
    assert json.loads(json.dumps(message.to_json()))["recipients"] == ["a@x"]
