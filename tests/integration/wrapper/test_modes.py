"""Everything but a submission is sendmail itself, in the wrapper's place."""

from __future__ import annotations

import subprocess

import pytest

from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import SYMPA, ListServer

MODES = (
    *("-q", "-qf", "-q5m", "-qp1m", "-qIabc", "-qRexample.net", "-qSexample.net", "-qQ", "-qL"),
    *("-bp", "-bP", "-bv", "-bt", "-bi", "-bd", "-bD", "-bs", "-bC", "-bh", "-bH", "-bz"),
)


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_runs_in_the_same_process_with_the_live_configuration(
    other: ListServer, mode: str
) -> None:
    """The process that the caller started is sendmail, and its standard input was not touched."""
    other.write_program('echo $$; echo "$@"; cat; exit 3')
    process = subprocess.Popen(
        other.command("-L", "sm-sympa", "-C", "/nowhere/caller.cf", mode),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    output, _ = process.communicate(b"input\n", timeout=300)
    cf = other.releases / "a/sympa.cf"
    assert output.decode() == f"{process.pid}\n-C {cf} -L sm-sympa {mode}\ninput\n"
    assert (process.returncode, other.kept_files()) == (3, [])


@pytest.mark.parametrize("words", [["-b", "p"], ["-vbp"], ["-bm", "-bp"], ["-q", "-oi"]])
def test_a_mode_is_found_however_it_is_written(other: ListServer, words: list[str]) -> None:
    other.write_program("exit 75")
    assert (other.call(*words).returncode, other.kept_files()) == (75, [])


@pytest.mark.parametrize("words", [[], ["-bm"], ["-ba"], ["-bp", "-bm"], ["-f", "-q"], ["-t"]])
def test_a_submission_is_found_however_it_is_written(other: ListServer, words: list[str]) -> None:
    other.write_program("exit 75")
    assert other.call(*words).returncode == 75
    assert len(other.kept()) == 1


def test_the_spool_is_listed(live: ListServer) -> None:
    done = live.call("-bp")
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"{live.tree.spool} is empty".encode() in done.stdout


def test_addresses_are_verified(live: ListServer) -> None:
    done = live.call("-bv", "a@example.net")
    route = b"a@example.net... deliverable: mailer to_relay, host [smtp1.renater.fr]"
    assert (done.returncode, route in done.stdout) == (0, True)


def test_a_queue_run_delivers_what_waits(server: ListServer, relay: Sink, silent_port: int) -> None:
    server.make_release("down", silent_port)
    server.activate("down")
    server.call(*SYMPA, "-OTimeout.initial=1s", "-OTimeout.iconnect=1s", "--", "a@example.net")
    waiting = server.queued()
    server.make_release("up", relay.port)
    server.activate("up")
    done = server.call("-qf", "-OMinQueueAge=0")
    assert (len(waiting), server.queued(), done.returncode) == (2, [], 0)
    assert relay.recipients() == ["a@example.net"]


def test_sendmail_speaks_smtp_on_standard_input_before_it_is_given_anything(
    live: ListServer,
) -> None:
    process = subprocess.Popen(
        live.command("-bs"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdout is not None
    greeting = process.stdout.readline()
    goodbye, _ = process.communicate(b"QUIT\r\n", timeout=300)
    assert greeting.startswith(b"220 listes.renater.fr ESMTP Sendmail")
    assert goodbye.startswith(b"221 ")


def test_a_missing_sendmail_is_said(other: ListServer) -> None:
    done = other.call("-bp")
    assert done.returncode == 72
    assert f"cannot start {other.paths.sendmail}".encode() in done.stderr
