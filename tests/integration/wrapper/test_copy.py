"""A message stays in the kept area until sendmail has taken it or refused it for good."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import MESSAGE, SYMPA, ListServer, hide

SETTLED = (0, 64, 65, 66, 67, 68, 69)
UNSETTLED = (1, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 126, 127, 255)


@pytest.mark.parametrize("code", [*SETTLED, *UNSETTLED])
def test_the_exit_code_is_sendmails_and_decides_about_the_copy(
    other: ListServer, code: int
) -> None:
    other.write_program(f"cat >/dev/null; exit {code}")
    done = other.submit("a@example.net", sender="")
    ended = [message.ended for message in other.kept()]
    assert done.returncode == code
    assert ended == ([] if code in SETTLED else [f"exit {code}"])
    assert bool(other.kept_files()) == (code in UNSETTLED)


def test_a_kept_message_holds_all_that_a_submission_needs(other: ListServer) -> None:
    other.write_program("cat >/dev/null; exit 75")
    done = other.submit("a@example.net", "b@example.net", sender="")
    (message,) = other.kept()
    place = other.tree.kept / message.id
    assert (place / "message").read_bytes() == MESSAGE
    assert other.kept_arguments() == [*SYMPA, "-f", "", "--", "a@example.net", "b@example.net"]
    assert (message.sender, message.recipients) == ("", ("a@example.net", "b@example.net"))
    assert (message.message_id, message.size_bytes) == ("<1@lists.renater.fr>", len(MESSAGE))
    assert (message.ended, message.release, message.running) == ("exit 75", "a", False)
    assert message.problem == ""
    assert f"sendmail ended with exit 75: the message is kept as {place}".encode() in done.stderr


def test_only_the_spools_owner_can_read_a_kept_message(other: ListServer) -> None:
    other.write_program("exit 75")
    other.submit("a@example.net")
    modes = [oct(path.stat().st_mode & 0o777) for path in sorted(other.tree.kept.rglob("*"))]
    owners = {path.owner() for path in other.tree.kept.rglob("*")}
    assert modes == ["0o700", "0o600", "0o600", "0o600"]
    assert owners == {other.tree.users.spool}


def test_the_callers_umask_reaches_sendmail_and_not_the_copy(other: ListServer) -> None:
    other.write_program("umask; exit 75")
    command = ["sh", "-c", 'umask 0027; exec "$@"', "sh", *other.command("-bm")]
    done = subprocess.run(command, input=MESSAGE, capture_output=True, timeout=300, check=False)
    (found,) = other.tree.kept.glob("*/message")
    assert done.stdout == b"0027\n"
    assert found.stat().st_mode & 0o777 == 0o600


def test_sendmail_gets_standard_descriptors_and_no_other(other: ListServer) -> None:
    other.write_program("ls /proc/self/fd | tr '\\n' ' '")
    done = other.call("-bm")
    # The last one is the directory that ls itself reads.
    assert done.stdout == b"0 1 2 3 "


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 64), (("-Z", "--", "a@example.net"), 64), (("--", "@"), 67)]
)
def test_what_sendmail_refuses_for_good_is_not_kept(
    live: ListServer, arguments: tuple[str, ...], code: int
) -> None:
    done = live.call(*SYMPA, *arguments)
    assert (done.returncode, live.kept_files()) == (code, [])


def test_a_missing_sendmail_keeps_the_message(other: ListServer) -> None:
    done = other.submit("a@example.net")
    assert (done.returncode, [message.ended for message in other.kept()]) == (72, ["exit 72"])
    assert f"cannot start {other.paths.sendmail}".encode() in done.stderr


@pytest.fixture
def no_area(live: ListServer) -> ListServer:
    """A list server whose kept area is missing."""
    live.tree.kept.rmdir()
    return live


def test_without_the_kept_area_the_message_is_submitted_and_it_is_said(
    no_area: ListServer, relay: Sink
) -> None:
    done = no_area.submit("a@example.net", message=MESSAGE + b"x" * 300_000)
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])
    assert relay.messages()[0]["size"] > 300_000
    assert f"no copy of this message in {no_area.tree.kept} (No such file".encode() in done.stderr


def test_an_area_that_cannot_be_written_is_no_reason_to_refuse(
    live: ListServer, relay: Sink
) -> None:
    hide(live.tree.kept)
    done = live.submit("a@example.net")
    live.tree.kept.chmod(0o700)
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])
    assert b"no copy of this message" in done.stderr


@pytest.mark.parametrize("size_kb", [4, 64, 200])
def test_a_kept_area_that_fills_up_in_mid_message_loses_no_byte(
    other: ListServer, size_kb: int
) -> None:
    other.write_program(f"cat; ls -A {other.tree.kept} >&2")
    options = f"size={size_kb}k,mode=700,uid=$OWNER"
    mounts = f"mount -t tmpfs -o {options} tmpfs {other.tree.kept}"
    body = MESSAGE + os.urandom(500_000)
    done = subprocess.run(
        other.command_in_mounts(mounts, "-bm"), input=body, capture_output=True, check=False
    )
    (said,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout == body) == (0, True)
    assert b"no copy of this message" in said
    assert b"No space left on device" in said
