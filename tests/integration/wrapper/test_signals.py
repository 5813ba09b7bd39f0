"""Signals reach sendmail, and the message is never lost by one."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.fixtures.sandbox import wait_until
from tests.integration.wrapper.list_server import MESSAGE, SYMPA, ListServer


def start(server: ListServer, *arguments: str) -> subprocess.Popen[bytes]:
    """Begin a submission and give it the whole message."""
    process = subprocess.Popen(
        server.command(*SYMPA, *arguments, "--", "a@example.net"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(MESSAGE)
    process.stdin.close()
    process.stdin = None
    return process


def wait_for_program(server: ListServer) -> int:
    """The process id that the program in sendmail's place wrote."""
    mark = server.tree.run / "started"
    wait_until(lambda: mark.exists() and mark.read_text().endswith("\n"), "the program started")
    found = int(mark.read_text())
    mark.unlink()
    return found


def write_waiting_program(server: ListServer, trap: str) -> None:
    mark = server.tree.run / "started"
    server.write_program(
        f"cat >/dev/null; trap '{trap}' TERM INT HUP\necho $$ >{mark}; while :; do sleep 0.05; done"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_passed_on_and_sendmails_answer_counts(
    other: ListServer, number: signal.Signals
) -> None:
    write_waiting_program(other, "exit 75")
    process = start(other)
    wait_for_program(other)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert (process.returncode, [message.ended for message in other.kept()]) == (
        75,
        [f"exit 75 after signal {number}"],
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_sendmail_that_dies_of_it_gives_128_and_the_signal(
    other: ListServer, number: signal.Signals
) -> None:
    write_waiting_program(other, "-")
    process = start(other)
    wait_for_program(other)
    process.send_signal(number)
    process.communicate(timeout=30)
    (message,) = other.kept()
    assert process.returncode == 128 + number
    assert message.ended == f"signal {number} after signal {number}"


def test_a_killed_sendmail_keeps_the_message(other: ListServer) -> None:
    write_waiting_program(other, "-")
    process = start(other)
    subprocess.run(["kill", "-KILL", str(wait_for_program(other))], check=True)
    _, said = process.communicate(timeout=30)
    (message,) = other.kept()
    assert (process.returncode, message.ended) == (137, "signal 9")
    assert b"sendmail ended with signal 9: the message is kept" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_sendmail_throws_away_at_a_signal_is_kept(
    server: ListServer, silent_port: int, number: signal.Signals
) -> None:
    """It removes what it had queued and exits 0, as if all were well."""
    server.make_release("a", silent_port)
    server.activate("a")
    process = start(server)
    wait_until(lambda: len(server.queued()) == 2, "sendmail has queued the message")
    process.send_signal(number)
    process.communicate(timeout=30)
    (message,) = server.kept()
    assert (process.returncode, message.ended) == (0, f"exit 0 after signal {number}")
    assert server.queued() == []


def test_a_signal_to_the_whole_group_is_noticed(server: ListServer, silent_port: int) -> None:
    """As a terminal sends it, and systemd to all processes of a service: to sendmail as well."""
    server.make_release("a", silent_port)
    server.activate("a")
    process = start(server)
    wait_until(lambda: len(server.queued()) == 2, "sendmail has queued the message")
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=30)
    assert [message.ended for message in server.kept()] == ["exit 0 after signal 15"]


def test_a_killed_wrapper_leaves_the_message_for_a_person(other: ListServer) -> None:
    write_waiting_program(other, "exit 0")
    process = start(other)
    program = wait_for_program(other)
    running = other.kept()
    process.kill()
    process.wait(timeout=30)
    orphaned = other.kept()
    subprocess.run(["kill", "-TERM", str(program)], check=True)
    process.communicate(timeout=30)
    assert [(message.running, message.ended) for message in running] == [(True, "")]
    assert [(message.running, message.ended) for message in orphaned] == [(True, "")]
    assert [(message.running, message.ended) for message in other.kept()] == [(False, "")]


def test_a_wrapper_killed_while_it_reads_leaves_what_it_had(other: ListServer) -> None:
    other.write_program("exit 0")
    process = subprocess.Popen(other.command(*SYMPA, "--", "a@x.org"), stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(MESSAGE)
    process.stdin.flush()
    wait_until(lambda: stored_bytes(other) == len(MESSAGE), "the message is being copied")
    reading = other.kept()
    process.terminate()
    process.wait(timeout=30)
    process.stdin.close()
    assert [message.running for message in reading] == [True]
    assert process.returncode == -signal.SIGTERM
    assert stored_bytes(other) == len(MESSAGE)


def stored_bytes(server: ListServer) -> int:
    return sum(path.stat().st_size for path in server.tree.kept.glob(".*.partial/message"))


def test_an_ignored_hangup_stays_ignored(other: ListServer) -> None:
    write_waiting_program(other, "exit 75")
    other.write_program(other.paths.sendmail.read_text().replace("TERM INT HUP", "TERM"))
    nohup = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]
    process = subprocess.Popen([*nohup, *other.command("-bm")], stdin=subprocess.DEVNULL)
    wait_for_program(other)
    process.send_signal(signal.SIGHUP)
    process.terminate()
    assert process.wait(timeout=30) == 75
