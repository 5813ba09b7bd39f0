"""No signal throws a message away: not while it is read, and not while sendmail has it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.sandbox.tools import find_program
from tests.fixtures.sandbox import Sink, wait_until
from tests.integration.wrapper.gate import Gate
from tests.integration.wrapper.list_server import MESSAGE, SYMPA, ListServer

HELD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# An answer that does not come ends sendmail's try after a second.
IMPATIENT = ("-OTimeout.initial=1s", "-OTimeout.iconnect=1s")
PRINT_BLOCKED = "import signal; print(*map(int, signal.pthread_sigmask(signal.SIG_BLOCK, [])))"


def start(server: ListServer, *arguments: str) -> subprocess.Popen[bytes]:
    """Begin a submission in a process group of its own and give it the whole message."""
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


def unignored(server: ListServer, *arguments: str) -> list[str]:
    """The wrapper's command where no signal is ignored, however the tests were started: nohup and
    a shell's background leave some so."""
    words = ["env", "--default-signal=TERM,INT,HUP", str(server.paths.out), *arguments]
    return server.tree.command(server.tree.users.spool, words)


def child_of(process: subprocess.Popen[bytes]) -> int:
    """The sendmail that a wrapper has started."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


def signal_wrapper(process: subprocess.Popen[bytes], number: int) -> None:
    os.kill(process.pid, number)


def signal_sendmail(process: subprocess.Popen[bytes], number: int) -> None:
    os.kill(child_of(process), number)


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """As a terminal does, and systemd to all processes of a service."""
    os.killpg(process.pid, number)


TARGETS = pytest.mark.parametrize("send", [signal_wrapper, signal_sendmail, signal_group])
Send = Callable[[subprocess.Popen[bytes], int], None]


@TARGETS
def test_a_submission_in_work_ends_in_the_spool_whatever_signals_come(
    server: ListServer, silent_port: int, send: Send
) -> None:
    """Plain sendmail would remove what it had queued, and exit 0. Its own time limit still works:
    nothing else ends this submission."""
    server.make_release("a", silent_port)
    server.activate("a")
    process = start(server, *IMPATIENT)
    wait_until(lambda: len(server.queued()) == 2, "sendmail has queued the message")
    for number in HELD:
        send(process, number)
    _, said = process.communicate(timeout=300)
    assert (process.returncode, said, server.kept_files()) == (0, b"", [])
    assert [name[:2] for name in server.queued()] == ["df", "qf"]


@TARGETS
def test_a_submission_in_work_is_finished_whatever_signals_come(
    server: ListServer, relay: Sink, gate: Gate, send: Send
) -> None:
    server.make_release("a", gate.port)
    server.activate("a")
    process = start(server)
    wait_until(lambda: len(server.queued()) == 2, "sendmail has queued the message")
    for number in HELD:
        send(process, number)
    gate.open_to(relay.port)
    process.communicate(timeout=300)
    assert (process.returncode, relay.recipients()) == (0, ["a@example.net"])
    assert (server.queued(), server.kept_files()) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-bm", "a@example.net"), {*HELD, signal.SIGUSR1}),
        (("-qf",), {signal.SIGUSR1}),
        (("-bs",), {signal.SIGUSR1}),
    ],
)
def test_sendmail_gets_what_the_caller_blocks_and_in_a_submission_three_more(
    other: ListServer, arguments: tuple[str, ...], expected: set[int]
) -> None:
    # A shell would unblock everything first.
    other.write_program(PRINT_BLOCKED, interpreter=find_program("python3"))
    program = ["env", "--block-signal=USR1", str(other.paths.out), *arguments]
    command = other.tree.command(other.tree.users.spool, program)
    done = subprocess.run(command, input=MESSAGE, capture_output=True, timeout=300, check=True)
    assert {int(word) for word in done.stdout.split()} == expected


def write_waiting_program(server: ListServer) -> None:
    """A program in sendmail's place that reads the message and waits for its end."""
    mark = server.tree.run / "started"
    server.write_program(f"cat >/dev/null; echo $$ >{mark}; while :; do sleep 0.05; done")


def wait_for_program(server: ListServer) -> int:
    """The process id that the program in sendmail's place wrote."""
    mark = server.tree.run / "started"
    wait_until(lambda: mark.exists() and mark.read_text().endswith("\n"), "the program started")
    found = int(mark.read_text())
    mark.unlink()
    return found


@pytest.mark.parametrize("number", HELD)
def test_a_mode_of_sendmails_own_is_ended_by_a_signal(other: ListServer, number: int) -> None:
    write_waiting_program(other)
    process = subprocess.Popen(unignored(other, "-qf"), stdin=subprocess.DEVNULL)
    assert wait_for_program(other) == process.pid
    process.send_signal(number)
    assert process.wait(timeout=300) == -number


def test_a_killed_sendmail_keeps_the_message(other: ListServer) -> None:
    write_waiting_program(other)
    process = start(other)
    os.kill(wait_for_program(other), signal.SIGKILL)
    _, said = process.communicate(timeout=300)
    (message,) = other.kept()
    assert (process.returncode, message.ended) == (137, "signal 9")
    assert b"sendmail ended with signal 9: the message is kept" in said


def test_a_killed_wrapper_leaves_the_message_for_a_person(other: ListServer) -> None:
    write_waiting_program(other)
    process = start(other)
    program = wait_for_program(other)
    running = other.kept()
    process.kill()
    process.wait(timeout=300)
    orphaned = other.kept()
    os.kill(program, signal.SIGKILL)
    process.communicate(timeout=300)
    wait_until(lambda: not any(message.running for message in other.kept()), "sendmail is gone")
    assert [(message.running, message.ended) for message in running] == [(True, "")]
    assert [(message.running, message.ended) for message in orphaned] == [(True, "")]
    assert [(message.running, message.ended) for message in other.kept()] == [(False, "")]


@pytest.mark.parametrize("number", HELD)
def test_a_wrapper_that_is_ended_while_it_reads_leaves_what_it_had(
    other: ListServer, number: int
) -> None:
    other.write_program("exit 0")
    process = subprocess.Popen(unignored(other, *SYMPA, "--", "a@x.org"), stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(MESSAGE)
    process.stdin.flush()
    wait_until(lambda: stored_bytes(other) == len(MESSAGE), "the message is being copied")
    reading = other.kept()
    process.send_signal(number)
    process.wait(timeout=300)
    process.stdin.close()
    assert [message.running for message in reading] == [True]
    assert process.returncode == -number
    assert stored_bytes(other) == len(MESSAGE)


def stored_bytes(server: ListServer) -> int:
    return sum(path.stat().st_size for path in server.tree.kept.glob(".*.partial/message"))
