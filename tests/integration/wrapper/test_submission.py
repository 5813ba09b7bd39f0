"""A submission reaches the relay as the caller meant it, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import MESSAGE, SYMPA, ListServer
from tests.integration.wrapper.staged import stage_for


def assert_nothing_left(server: ListServer) -> None:
    assert (server.kept_files(), server.queued()) == ([], [])


def test_a_message_is_delivered_and_its_copy_removed(live: ListServer, relay: Sink) -> None:
    done = live.submit("a@example.net")
    (message,) = relay.messages()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert message["sender"] == "list-owner@lists.renater.fr"
    assert message["recipients"] == ["a@example.net"]
    assert message["message_id"] == "<1@lists.renater.fr>"
    assert_nothing_left(live)


def test_the_null_sender_stays_empty(live: ListServer, relay: Sink) -> None:
    done = live.submit("a@example.net", sender="")
    assert (done.returncode, relay.messages()[0]["sender"]) == (0, "")
    assert relay.recipients() == ["a@example.net"]


def test_delivery_notices_and_envelope_id_are_passed_on(live: ListServer, relay: Sink) -> None:
    dsn = ("-N", "success,delay,failure", "-V00000abc")
    done = live.call(*SYMPA, *dsn, "-f", "list-owner@lists.renater.fr", "--", "a@example.net")
    (message,) = relay.messages()
    assert done.returncode == 0
    assert message["mail_params"] == "ENVID=00000abc"
    assert message["rcpt_params"] == ["NOTIFY=SUCCESS,FAILURE,DELAY"]


def test_a_recipient_that_looks_like_an_option_stays_a_recipient(
    live: ListServer, relay: Sink
) -> None:
    done = live.submit("-b@example.net", "a@example.net")
    assert done.returncode == 0
    assert relay.recipients() == ["-b@example.net", "a@example.net"]


@pytest.mark.parametrize("size", [0, 65_536, 3_000_000])
def test_the_body_arrives_whole_at_every_size(live: ListServer, relay: Sink, size: int) -> None:
    line = b"0123456789" * 7 + b"\n"
    body = (line * (size // len(line) + 1))[:size].removesuffix(b"\n")
    done = live.submit("a@example.net", message=MESSAGE + body)
    (arrived,) = relay.kept.iterdir()
    received = arrived.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    assert done.returncode == 0
    assert received.rstrip(b"\n") == (b"Hello.\n" + body).rstrip(b"\n")


def test_a_line_with_a_dot_alone_does_not_end_the_message(live: ListServer, relay: Sink) -> None:
    live.submit("a@example.net", message=MESSAGE + b".\nafter the dot\n")
    (arrived,) = relay.kept.iterdir()
    assert b"after the dot" in arrived.read_bytes()


def test_a_message_that_ends_at_a_dot_is_taken_though_more_follows(
    live: ListServer, relay: Sink
) -> None:
    """Without -oi sendmail stops reading there; the caller's pipe must not break."""
    arguments = [word for word in SYMPA if word != "-oi"]
    done = live.call(*arguments, "--", "a@example.net", message=MESSAGE + b".\n" + b"x\n" * 90_000)
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])


def test_a_deferred_message_waits_in_the_spool_and_not_in_the_kept_area(
    server: ListServer, silent_port: int
) -> None:
    server.make_release("a", silent_port)
    server.activate("a")
    options = ("-OTimeout.initial=1s", "-OTimeout.iconnect=1s")
    done = server.call(*SYMPA, *options, "--", "a@example.net")
    assert (done.returncode, server.kept_files()) == (0, [])
    assert [name[:2] for name in server.queued()] == ["df", "qf"]


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("list-owner@lists.renater.fr", "list-owner@lists.renater.fr"),
        ("", "postmaster@listes.renater.fr"),
    ],
)
def test_what_the_relay_refuses_for_good_is_told_to_the_sender_and_not_kept(
    server: ListServer, sink: Callable[..., Sink], sender: str, told: str
) -> None:
    relay, mta = sink("relay", RCPT="550 5.7.1 not from you"), sink("mta")
    staged = stage_for(server, relay_port=relay.port, mta_port=mta.port)
    server.activate(staged["release"])
    done = server.submit("a@example.net", sender=sender)
    assert (done.returncode, done.stderr) == (67, b"")
    assert [(m["sender"], m["recipients"]) for m in mta.messages()] == [("", [told])]
    assert_nothing_left(server)


def test_closed_output_does_not_break_a_submission(live: ListServer, relay: Sink) -> None:
    command = live.command(*SYMPA, "--", "a@example.net")
    shell = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command]
    done = subprocess.run(shell, input=MESSAGE, timeout=300, check=False)
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])


def test_an_ignored_sigpipe_and_sigchld_are_no_harm(live: ListServer, relay: Sink) -> None:
    """Perl's and Python's callers leave such signals ignored in the programs that they start."""
    program: list[str | Path] = [
        "env",
        "--ignore-signal=PIPE,CHLD",
        live.paths.out,
        *SYMPA,
        "--",
        "a@example.net",
    ]
    command = live.tree.command(live.tree.users.spool, program)
    done = subprocess.run(command, input=MESSAGE, timeout=300, check=False)
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])
    assert_nothing_left(live)


def test_a_writer_that_dies_looks_like_the_end_of_the_message(
    live: ListServer, relay: Sink
) -> None:
    process = subprocess.Popen(live.command(*SYMPA, "--", "a@example.net"), stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(MESSAGE.removesuffix(b"lo.\n"))
    process.stdin.close()
    assert process.wait(timeout=300) == 0
    (arrived,) = relay.kept.iterdir()
    assert arrived.read_bytes().endswith(b"Hel\r\n")


def test_no_message_is_submitted_from_a_directory_as_standard_input(
    live: ListServer, relay: Sink, tmp_path: Path
) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    command = live.command(*SYMPA, "--", "a@example.net")
    done = subprocess.run(command, stdin=directory, capture_output=True, timeout=300, check=False)
    os.close(directory)
    assert (done.returncode, relay.messages()) == (74, [])
    assert b"cannot be read from standard input" in done.stderr
