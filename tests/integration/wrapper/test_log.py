"""What the wrapper says, and where: syslog always, standard error when somebody must act."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.wrapper.list_server import MESSAGE, ListServer

MAIL_FACILITY = 2 << 3
CRITICAL, ERROR, NOTICE = 2, 3, 5


class Syslog:
    """A log socket in a directory that a mount puts in the place of /dev."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / "log"))
        (directory / "log").chmod(0o666)
        (directory / "null").touch()

    @property
    def mounts(self) -> str:
        null = f"mount --bind /dev/null {self.directory}/null"
        return f"{null}\nmount --rbind {self.directory} /dev"

    def lines(self) -> list[tuple[int, str]]:
        """Severity and text of what was logged to the mail facility."""
        self.socket.setblocking(False)
        found: list[tuple[int, str]] = []
        while True:
            try:
                line = self.socket.recv(4096).decode()
            except BlockingIOError:
                return found
            priority, _, rest = line.removeprefix("<").partition(">")
            program, _, text = rest.partition("]: ")
            assert "mailadmin-wrapper[" in program
            found.append((int(priority) - MAIL_FACILITY, text))


@pytest.fixture
def syslog(scratch: Path) -> Iterator[Syslog]:
    log = Syslog(scratch)
    yield log
    log.socket.close()


def call(server: ListServer, log: Syslog, *arguments: str) -> bytes:
    """Call the wrapper where `log` is the system's; what it wrote on standard error."""
    command = server.command_in_mounts(log.mounts, *arguments)
    done = subprocess.run(command, input=MESSAGE, capture_output=True, check=False)
    return done.stderr


def test_an_ordinary_submission_says_nothing(other: ListServer, syslog: Syslog) -> None:
    other.write_program("exit 0")
    assert (call(other, syslog, "-bm"), syslog.lines()) == (b"", [])


def test_a_dropped_configuration_is_noted_in_the_log_alone(
    other: ListServer, syslog: Syslog
) -> None:
    """A site that keeps -C in its sympa.conf would else have a line per message in Sympa's log."""
    other.write_program("exit 0")
    said = call(other, syslog, "-C", "/etc/mail/sympa.cf", "-bm")
    text = (
        "the caller's -C /etc/mail/sympa.cf is not used: the live release names the configuration"
    )
    assert (said, syslog.lines()) == (b"", [(NOTICE, text)])


def test_a_kept_message_is_an_error_in_both(other: ListServer, syslog: Syslog) -> None:
    other.write_program("exit 75")
    said = call(other, syslog, "-bm")
    (message,) = other.kept()
    place = other.tree.kept / message.id
    text = f"sendmail ended with exit 75: the message is kept as {place}"
    assert syslog.lines() == [(ERROR, text)]
    assert said.decode() == f"mailadmin-wrapper: {text}\n"


def test_going_down_to_the_install_is_critical(other: ListServer, syslog: Syslog) -> None:
    other.write_program("exit 0")
    (other.tree.routing / "current").unlink()
    call(other, syslog, "-bm")
    assert [severity for severity, _ in syslog.lines()] == [ERROR, CRITICAL]


def test_an_argument_cannot_write_a_line_of_the_log(other: ListServer, syslog: Syslog) -> None:
    other.write_program("exit 0")
    call(other, syslog, "-C", "/x\nforged\x1b[2J\x7f", "-bm")
    ((_, text),) = syslog.lines()
    assert text.startswith("the caller's -C /x?forged?[2J? is not used")
