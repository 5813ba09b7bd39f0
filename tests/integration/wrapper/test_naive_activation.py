"""Controls: the ways of changing a live map that do not work, so that the test of ours means
something. Plain sendmail, one configuration at a fixed path."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import MESSAGE, SECONDS, SYMPA, ListServer
from tests.integration.wrapper.submitters import Failure, Submit, busy

LOG = logging.getLogger(__name__)
PATIENCE_S = 120.0
NO_HOST = os.EX_NOHOST
WAY_OUT = b".\tto_relay:[smtp1.renater.fr]\n"
OTHERS = b"".join(b"d%d.example\tesmtp:[127.0.0.1]\n" % number for number in range(20_000))

Change = Callable[[ListServer, int], None]


def makemap(server: ListServer, place: Path) -> list[str | Path]:
    cf = server.releases / "a/sympa.cf"
    return [server.tools.makemap, "-C", cf, "hash", place / "mailertable"]


def make_map(server: ListServer, place: Path) -> None:
    subprocess.run(makemap(server, place), input=WAY_OUT, check=True)
    (place / "mailertable.db").chmod(0o644)


def replace_file(server: ListServer, name: str, number: int) -> None:
    """One of two files that are built already, renamed over the live one."""
    fresh = server.releases / "a/fresh"
    fresh.hardlink_to(server.releases / ("built", "other")[number % 2] / name)
    fresh.rename(server.releases / "a" / name)


def rename_map(server: ListServer, number: int) -> None:
    replace_file(server, "mailertable.db", number)


def rename_configuration(server: ListServer, number: int) -> None:
    replace_file(server, "sympa.cf", number)


def swap_link(server: ListServer, number: int) -> None:
    """The live map is a link, and the link is swapped."""
    fresh = server.releases / "a/fresh.db"
    fresh.symlink_to(server.releases / ("built", "other")[number % 2] / "mailertable.db")
    fresh.rename(server.releases / "a/mailertable.db")


def copy_map(server: ListServer, number: int) -> None:
    """A map built elsewhere and copied into the live file."""
    shutil.copyfile(server.releases / "built/mailertable.db", server.releases / "a/mailertable.db")


def copy_configuration(server: ListServer, number: int) -> None:
    shutil.copyfile(server.releases / "built/sympa.cf", server.releases / "a/sympa.cf")


def makemap_killed(server: ListServer, number: int) -> None:
    """makemap in place; each second one is killed in the middle."""
    if number % 2:
        make_map(server, server.releases / "a")
    else:
        kill_makemap(server)


def kill_makemap(server: ListServer) -> None:
    """When it has read more than a pipe holds, the live map is empty, and is being filled."""
    building = subprocess.Popen(makemap(server, server.releases / "a"), stdin=subprocess.PIPE)
    assert building.stdin is not None
    building.stdin.write(OTHERS)
    building.stdin.flush()
    building.kill()
    building.wait()
    building.stdin.close()


# What each way does to a submission: exit code, and sendmail's words.
CHANGES: list[tuple[Change, int, str]] = [
    (rename_map, os.EX_SOFTWARE, "mailertable.db): file changed after open"),
    (swap_link, os.EX_SOFTWARE, "mailertable.db): file changed after open"),
    (rename_configuration, os.EX_OSFILE, "sympa.cf changed after open"),
    (copy_map, os.EX_OSERR, "mailertable.db: Invalid argument"),
    (copy_configuration, os.EX_CONFIG, "QueueDirectory (Q) option must be set"),
    (makemap_killed, NO_HOST, ""),
]


@pytest.fixture
def naive(server: ListServer, relay: Sink) -> ListServer:
    """A fixed configuration with its map beside it, and two more of both."""
    server.make_release("a", relay.port)
    for name in ("built", "other"):
        (server.releases / name).mkdir()
        make_map(server, server.releases / name)
        shutil.copy(server.releases / "a/sympa.cf", server.releases / name)
    return server


def submit_plainly(server: ListServer) -> Submit:
    """Plain sendmail, which prints what went wrong in place of mailing it."""
    cf = str(server.releases / "a/sympa.cf")
    options = [*(word for word in SYMPA if word != "-oem"), "-oep"]

    def submit(recipient: str) -> subprocess.CompletedProcess[bytes]:
        argv = ["-C", cf, *options, "-f", "", "--", recipient]
        words = [str(server.tools.sendmail), *argv]
        command = server.tree.command(server.tree.users.spool, words)
        return subprocess.run(
            command, input=MESSAGE, capture_output=True, timeout=SECONDS, check=False
        )

    return submit


@pytest.mark.parametrize(("change", "code", "words"), CHANGES)
def test_a_live_file_that_is_changed_fails_submissions(
    naive: ListServer, change: Change, code: int, words: str
) -> None:
    """Each way is gone on with until a submission fails of what is wrong with it."""

    def of_that(failure: Failure) -> bool:
        return failure.code == code and words in failure.said

    end = time.monotonic() + PATIENCE_S
    number = 0
    with busy(submit_plainly(naive)) as tally:
        while not any(map(of_that, tally.failures)) and time.monotonic() < end:
            change(naive, number)
            number += 1
            time.sleep(0.001)
    LOG.info("%s, %d times: %s", change.__name__, number, tally.describe())
    assert any(map(of_that, tally.failures)), tally.failures


def test_a_live_map_whose_building_is_killed_sends_mail_past_the_relay(
    naive: ListServer, relay: Sink
) -> None:
    """makemap in place holds off readers while it runs, and is not all or nothing: the way out is
    missing, each domain is looked up instead, and refused for good."""
    kill_makemap(naive)
    codes = [submit_plainly(naive)(f"r{number}@example.net").returncode for number in range(3)]
    assert codes == [NO_HOST] * 3
    assert relay.recipients() == []
