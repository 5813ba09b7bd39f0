"""The sinks record what was really delivered."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.sandbox import Sink

MESSAGE = b"Message-ID: <1@listes.renater.fr>\r\nSubject: news\r\n\r\nhello\r\n.dot\r\n"


def test_an_accepted_message_is_recorded_with_its_envelope(sink: Callable[..., Sink]) -> None:
    relay = sink("relay")
    with smtplib.SMTP("127.0.0.1", relay.port, local_hostname="listes.renater.fr") as client:
        client.sendmail(
            "list-owner@renater.fr",
            ["a@example.org", "b@example.org"],
            MESSAGE,
            mail_options=["BODY=8BITMIME", "ENVID=abc"],
            rcpt_options=["NOTIFY=SUCCESS"],
        )
    (entry,) = relay.messages()
    assert entry["sink"] == "relay"
    assert entry["peer"] == "127.0.0.1"
    assert entry["helo"] == "listes.renater.fr"
    assert entry["sender"] == "list-owner@renater.fr"
    assert entry["recipients"] == ["a@example.org", "b@example.org"]
    assert entry["message_id"] == "<1@listes.renater.fr>"
    assert entry["subject"] == "news"
    assert entry["mail_params"] == "BODY=8BITMIME ENVID=abc"
    assert entry["rcpt_params"] == ["NOTIFY=SUCCESS", "NOTIFY=SUCCESS"]
    assert Path(entry["kept"]).read_bytes() == MESSAGE
    assert entry["size"] == len(MESSAGE)


def test_the_null_sender_is_an_empty_string(sink: Callable[..., Sink]) -> None:
    mta = sink("mta")
    with smtplib.SMTP("127.0.0.1", mta.port, local_hostname="x.example") as client:
        client.sendmail("", ["a@renater.fr"], MESSAGE)
    assert mta.messages()[0]["sender"] == ""


def test_a_refusing_sink_records_nothing(sink: Callable[..., Sink]) -> None:
    relay = sink("relay", RCPT="451 4.7.1 later")
    with (
        smtplib.SMTP("127.0.0.1", relay.port, local_hostname="x.example") as client,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        client.sendmail("a@renater.fr", ["b@example.org"], MESSAGE)
    assert relay.messages() == []


def test_a_message_that_is_refused_at_its_end_is_not_recorded(sink: Callable[..., Sink]) -> None:
    relay = sink("relay", END="452 4.3.1 disk full")
    with (
        smtplib.SMTP("127.0.0.1", relay.port, local_hostname="x.example") as client,
        pytest.raises(smtplib.SMTPDataError),
    ):
        client.sendmail("a@renater.fr", ["b@example.org"], MESSAGE)
    assert relay.messages() == []
