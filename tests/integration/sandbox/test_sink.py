"""The sinks record what was really delivered."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.sandbox.broker import free_port
from tests.fixtures.sandbox import LIVENESS_S, Sink, wait_until

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


def said(port: int, host: str = "127.0.0.1") -> str:
    """What a client hears: the greeting, or why there is none."""
    try:
        with socket.create_connection((host, port), timeout=0.5) as client:
            return client.recv(100).decode()[:3] or "closed"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silence"


def rcpt(port: int, *recipients: str) -> list[int]:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="x.example", timeout=300) as client:
        client.ehlo()
        client.mail("a@renater.fr")
        return [client.rcpt(recipient)[0] for recipient in recipients]


def test_it_does_what_the_file_says_while_it_runs(sink: Callable[..., Sink], scratch: Path) -> None:
    word = scratch / "word"
    port = sink("relay", behaviour=word).port

    def becomes(text: str, heard: str) -> None:
        word.write_text(f"{text}\n")
        wait_until(lambda: said(port) == heard, f"{text}: {heard}")

    assert said(port) == "220"
    becomes("refuses", "refused")
    becomes("silent", "silence")
    becomes("accepts", "220")
    becomes("refuses", "refused")
    becomes("later", "220")
    assert rcpt(port, "b@x.example") == [451]
    word.write_text("never")
    wait_until(lambda: rcpt(port, "b@x.example") == [550], "never: 550")
    word.unlink()
    wait_until(lambda: rcpt(port, "b@x.example") == [250], "no file: 250")


def test_who_was_kept_waiting_is_let_go_when_it_is_mended(
    sink: Callable[..., Sink], scratch: Path
) -> None:
    word = scratch / "word"
    word.write_text("silent")
    port = sink("relay", behaviour=word).port
    with socket.create_connection(("127.0.0.1", port), timeout=LIVENESS_S) as client:
        time.sleep(0.2)
        word.write_text("accepts")
        assert client.recv(100) == b""


def test_one_domain_is_refused_and_others_are_not(sink: Callable[..., Sink]) -> None:
    relay = sink("relay", domains={"full.example": "452 4.2.2 mailbox full"})
    assert rcpt(relay.port, "a@FULL.example", "b@other.example") == [452, 250]


def test_a_record_says_which_address_was_called(sink: Callable[..., Sink]) -> None:
    port = free_port()
    both = sink("outside", port=port, more=["127.9.9.9"])
    for host in ("127.0.0.1", "127.9.9.9"):
        with smtplib.SMTP(host, port, local_hostname="x.example") as client:
            client.sendmail("", ["a@renater.fr"], MESSAGE)
    assert [message["reached"] for message in both.messages()] == ["127.0.0.1", "127.9.9.9"]
